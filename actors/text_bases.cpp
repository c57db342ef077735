#include "actors/text_bases.hpp"

#include <utility>

namespace coterie::actors {

namespace {

std::string key_of(std::string_view client, std::string_view file) {
  std::string key(client);
  key += '\0';
  key += file;
  return key;
}

} // namespace

void text_bases::note(std::string_view client, std::string_view file, base what, time_point now) {
  if (client.empty())
    return;
  auto key = key_of(client, file);
  if (const auto known = by_key_.find(key); known != by_key_.end())
    erase(known->second);
  if (++users_[what.text.get()] == 1)
    bytes_ += what.text->size();
  entries_.push_front({key, std::string(file), std::move(what), now});
  by_key_.emplace(std::move(key), entries_.begin());
  trim(now);
}

text_bases::base text_bases::find(std::string_view client, std::string_view file, time_point now) {
  trim(now);
  const auto known = by_key_.find(key_of(client, file));
  return known == by_key_.end() ? base{} : known->second->what;
}

std::shared_ptr<const std::string> text_bases::find_version(std::string_view file,
                                                            std::uint64_t version, time_point now) {
  trim(now);
  for (const auto& known : entries_)
    if (known.file == file && known.what.version == version && known.what.is_whole)
      return known.what.text;
  return nullptr;
}

void text_bases::erase(entry_list::iterator which) {
  const auto users = users_.find(which->what.text.get());
  if (--users->second == 0) {
    bytes_ -= which->what.text->size();
    users_.erase(users);
  }
  by_key_.erase(which->key);
  entries_.erase(which);
}

void text_bases::trim(time_point now) {
  while (!entries_.empty()
         && (entries_.size() > text_base_bounds::entries_max || bytes_ > text_base_bounds::bytes_max
             || now - entries_.back().at >= text_base_bounds::kept_for))
    erase(std::prev(entries_.end()));
}

} // namespace coterie::actors
