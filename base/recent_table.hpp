#pragma once

// A table with a bound: what was not used for longest makes room.

#include <cassert>
#include <cstddef>
#include <functional>
#include <list>
#include <unordered_map>
#include <utility>

namespace coterie {

/// Not thread-safe.
template <class Key, class Value, class Hash = std::hash<Key>>
class recent_table {
public:
  explicit recent_table(std::size_t entries_max) : entries_max_(entries_max) {
    assert(entries_max > 0);
  }

  /// The value of `key`, which counts as used now; null when there is none.
  Value* find(const Key& key) {
    const auto found = index_.find(key);
    if (found == index_.end())
      return nullptr;
    entries_.splice(entries_.begin(), entries_, found->second);
    return &found->second->second;
  }

  /// The value of `key`, which counts as used now; `fresh` when there was none. Valid until the
  /// next call.
  Value& find_or_add(const Key& key, Value fresh) {
    if (auto* known = find(key))
      return *known;
    if (entries_.size() >= entries_max_) {
      index_.erase(entries_.back().first);
      entries_.pop_back();
    }
    entries_.emplace_front(key, std::move(fresh));
    index_.emplace(key, entries_.begin());
    return entries_.front().second;
  }

  void erase(const Key& key) {
    const auto found = index_.find(key);
    if (found == index_.end())
      return;
    entries_.erase(found->second);
    index_.erase(found);
  }

  std::size_t size() const noexcept {
    return entries_.size();
  }

private:
  using entries = std::list<std::pair<Key, Value>>;

  std::size_t entries_max_;
  entries entries_; ///< the one used last first
  std::unordered_map<Key, typename entries::iterator, Hash> index_;
};

} // namespace coterie
