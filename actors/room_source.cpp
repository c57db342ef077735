#include "actors/room_source.hpp"

#include <utility>

namespace coterie::actors {

using bounds = room_source_bounds;

room_source::room_source(room_actor::pointer self, const storage::room_record& room,
                         room_files& files, const membership& members,
                         std::function<void(source_changed)> tell)
    : self_(self), room_(room), files_(files), members_(members), tell_(std::move(tell)) {}

room_source::~room_source() {
  next_written_.dispose();
  next_edits_.dispose();
}

const document_file* room_source::main() const {
  const auto& all = files_.all();
  const auto found = all.find(room_.main);
  return found == all.end() ? nullptr : &found->second;
}

room_source::moment room_source::now_there() {
  const auto* file = main();
  moment there;
  there.what.language = room_.language;
  there.what.text = std::make_shared<const std::string>(file ? files_.text_of(*file) : "");
  if (file) {
    there.file = file->id;
    there.version = file->version;
    there.what.version = file->version;
  }
  return there;
}

bool room_source::is_told() const {
  const auto* file = main();
  return !file || file->version == being_written_
         || (file->id == told_file_ && file->version == told_version_
             && room_.language == told_language_);
}

void room_source::on_writing(const moment& being_written) {
  being_written_ = being_written.version;
}

void room_source::on_written(moment written) {
  if (being_written_ == written.version)
    being_written_ = 0;
  if (!members_.has_source_readers())
    return;
  if (written_.size() == bounds::waiting_max)
    written_.pop_front();
  written_.push_back(std::move(written));
  if (std::exchange(will_tell_written_, true))
    return;
  next_written_ = self_->run_delayed(bounds::answer_first, [this] { tell_written(); });
}

void room_source::tell_written() {
  will_tell_written_ = false;
  for (const auto& source : std::exchange(written_, {}))
    tell(source);
  after_changes();
}

void room_source::after_changes() {
  // What was written will be told, and what came after it then.
  if (will_tell_edits_ || will_tell_written_ || !members_.has_source_readers() || is_told())
    return;
  will_tell_edits_ = true;
  next_edits_ = self_->run_delayed(bounds::edits_every, [this] {
    will_tell_edits_ = false;
    if (!is_told())
      tell(now_there());
  });
}

void room_source::tell(const moment& source) {
  if (const auto* file = files_.find_by_id(source.file)) {
    const auto now = self_->clock().now();
    members_.each_source_reader([&](const std::string& client) {
      files_.note_told(client, *file, source.version, source.what.text, now);
    });
  }
  told_file_ = source.file;
  told_version_ = source.version;
  told_language_ = source.what.language;
  tell_(source.what);
}

std::optional<source_changed> room_source::news_for(const std::string& client) {
  auto there = now_there();
  const auto* file = files_.find_by_id(there.file);
  if (!file)
    return std::nullopt;
  if (!members_.has_source_readers()) { // nobody was told of what is there already
    told_file_ = there.file;
    told_version_ = there.version;
    told_language_ = there.what.language;
  }
  const auto now = self_->clock().now();
  const auto known = files_.last_told(client, *file, now);
  if (!known || *known == *there.what.text)
    return std::nullopt;
  files_.note_told(client, *file, there.version, there.what.text, now);
  return there.what;
}

} // namespace coterie::actors
