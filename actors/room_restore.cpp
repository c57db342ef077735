#include "actors/room_restore.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace coterie::actors {

namespace {

/// One restoration, while the document's transaction is open: the tree that document_files shows is
/// that of before it.
class restoration {
public:
  restoration(document_files& files, const version_content& wanted, std::string_view main)
      : files_(files), wanted_(wanted), main_(main) {
    for (const auto& file : wanted.files)
      wanted_ids_.insert(file.id);
    for (const auto& file : wanted.files)
      pair(file);
  }

  restore_report report;

  result<void> run(crdt::transaction& edit) {
    for (const auto& file : wanted_.files) {
      const auto known = pairs_.find(file.id);
      auto done = known == pairs_.end() ? create(edit, file) : restore(edit, known->second, file);
      if (!done)
        return done;
    }
    remove_others(edit);
    return {};
  }

private:
  /// Finds the file that `wanted` is now. What was a directory stays one, or goes.
  void pair(const version_content::file& wanted) {
    const auto* now = files_.find_by_id(wanted.id);
    if (!now) {
      now = files_.find(wanted.path);
      if (now && wanted_ids_.contains(now->id))
        now = nullptr; // it goes back to where it was
    }
    const auto is_directory = wanted.kind == file_kind::directory;
    if (now && (now->kind == file_kind::directory) == is_directory) {
      taken_.insert(now->id);
      pairs_.emplace(wanted.id, *now);
    }
  }

  result<void> create(crdt::transaction& edit, const version_content::file& file) {
    ++report.written;
    switch (file.kind) {
    case file_kind::directory:
      return files_.create_directory(edit, file.path);
    case file_kind::binary:
      return files_.create_binary(edit, file.path, file.hash, file.bytes);
    case file_kind::text:
      break;
    }
    return files_.create_text(edit, file.path, file.text);
  }

  result<void> restore(crdt::transaction& edit, const document_file& now,
                       const version_content::file& file) {
    if (now.path != file.path) {
      ++report.moved;
      if (auto done = files_.rename(edit, now, file.path); !done)
        return done;
    }
    if (file.kind == file_kind::binary) {
      if (now.kind == file_kind::binary && now.blob == file.hash)
        return {};
      ++report.written;
      return files_.replace_with_binary(edit, now, file.hash, file.bytes);
    }
    if (file.kind != file_kind::text)
      return {};
    if (now.kind != file_kind::text) {
      ++report.written;
      return files_.replace_with_text(edit, now, file.text);
    }
    const auto text = files_.text_of(now);
    if (text == file.text)
      return {};
    ++report.written;
    return files_.merge_text(edit, now, text, file.text);
  }

  void remove_others(crdt::transaction& edit) {
    for (const auto& [path, file] : files_.all()) {
      const bool is_kept_main = wanted_.main.empty() && path == main_;
      if (taken_.contains(file.id) || is_kept_main)
        continue;
      ++report.removed;
      files_.remove(edit, file);
    }
  }

  document_files& files_;
  const version_content& wanted_;
  std::string_view main_;
  std::set<std::string, std::less<>> wanted_ids_;
  std::map<std::string, document_file, std::less<>> pairs_; ///< by the id in the version
  std::set<std::string, std::less<>> taken_;                ///< ids of now
};

} // namespace

result<restore_report> restore_files(room_document& document, room_files& files,
                                     const version_content& wanted, std::string_view main,
                                     const room_files::writer& who) {
  for (const auto& [hash, content] : wanted.blobs)
    files.keep_blob(hash, content);
  restoration work(document.files(), wanted, main);
  result<void> done;
  document.edit(who.author, [&](crdt::transaction& edit) { done = work.run(edit); });
  if (!done)
    return failure{done.why().code, "the version was restored in part: " + done.why().detail};
  if (!wanted.main.empty())
    files.set_main(wanted.main, who);
  work.report.version = wanted.version;
  return work.report;
}

} // namespace coterie::actors
