#include "actors/text_bases.hpp"

#include <algorithm>
#include <utility>

namespace coterie::actors {

namespace {

std::string key_of(std::string_view client, std::string_view file) {
  std::string key(client);
  key += '\0';
  key += file;
  return key;
}

/// Whether `wanted` is `text` with something put into one place.
bool has_put_in(std::string_view text, std::string_view wanted) {
  if (wanted.size() < text.size())
    return false;
  const auto [end, other] = std::ranges::mismatch(text, wanted);
  const auto rest = static_cast<std::size_t>(text.end() - end);
  return wanted.ends_with(text.substr(text.size() - rest));
}

/// How much has to be taken out and put in at one place to make `wanted` of `base`.
std::size_t changed_bytes(std::string_view base, std::string_view wanted) {
  const auto front = std::ranges::mismatch(base, wanted).in1 - base.begin();
  base.remove_prefix(static_cast<std::size_t>(front));
  wanted.remove_prefix(static_cast<std::size_t>(front));
  const auto back = std::mismatch(base.rbegin(), base.rend(), wanted.rbegin(), wanted.rend());
  const auto same = static_cast<std::size_t>(back.first - base.rbegin());
  return base.size() + wanted.size() - 2 * same;
}

} // namespace

void text_bases::use(const std::shared_ptr<const std::string>& text) {
  if (++users_[text.get()] == 1)
    bytes_ += text->size();
}

void text_bases::let_go(const std::shared_ptr<const std::string>& text) {
  const auto users = users_.find(text.get());
  if (--users->second > 0)
    return;
  bytes_ -= text->size();
  users_.erase(users);
}

void text_bases::note(std::string_view client, std::string_view file, base what, time_point now,
                      older before) {
  if (client.empty())
    return;
  auto key = key_of(client, file);
  entry made{key, std::string(file), std::move(what), now};
  use(made.what.text);
  if (const auto known = by_key_.find(key); known != by_key_.end()) {
    auto& last = *known->second;
    if (before == older::keep && *last.what.text == *made.what.text) {
      made.before = std::exchange(last.before, {});
    } else if (before == older::keep) {
      made.before.emplace_back(last.what, now);
      use(last.what.text);
      for (auto& one : std::exchange(last.before, {}))
        made.before.push_back(std::move(one));
      while (made.before.size() > text_base_bounds::older_max) {
        let_go(made.before.back().first.text);
        made.before.pop_back();
      }
    }
    erase(known->second);
  }
  entries_.push_front(std::move(made));
  by_key_.emplace(std::move(key), entries_.begin());
  trim(now);
}

text_bases::base text_bases::find(std::string_view client, std::string_view file, time_point now) {
  trim(now);
  const auto known = by_key_.find(key_of(client, file));
  return known == by_key_.end() ? base{} : known->second->what;
}

text_bases::base text_bases::find_for(std::string_view client, std::string_view file,
                                      std::string_view wanted, time_point now) {
  trim(now);
  const auto known = by_key_.find(key_of(client, file));
  if (known == by_key_.end())
    return {};
  const auto& newest = known->second->what;
  if (has_put_in(*newest.text, wanted))
    return newest;
  for (const auto& [before, since] : known->second->before)
    if (now - since < text_base_bounds::older_for
        && before.text->size() >= text_base_bounds::older_bytes_min
        && has_put_in(*before.text, wanted))
      return before;
  return *find_nearest(*known->second, wanted, now);
}

/// The text from which `wanted` is the smallest change in one place: people change one place
/// between two writes. What is exactly an older text was made so by somebody who knows the newest.
const text_bases::base* text_bases::find_nearest(const entry& known, std::string_view wanted,
                                                 time_point now) {
  const auto* nearest = &known.what;
  auto least = changed_bytes(*known.what.text, wanted);
  for (const auto& [before, since] : known.before) {
    if (now - since >= text_base_bounds::older_for
        || before.text->size() < text_base_bounds::older_bytes_min)
      continue;
    const auto bytes = changed_bytes(*before.text, wanted);
    if (bytes > 0 && bytes < least) {
      nearest = &before;
      least = bytes;
    }
  }
  return nearest;
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
  let_go(which->what.text);
  for (const auto& [older_one, since] : which->before)
    let_go(older_one.text);
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
