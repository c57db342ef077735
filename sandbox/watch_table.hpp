#pragma once

// Which watch descriptor stands for which directory. A watch keeps to its inode; this table says
// where in the tree that was last seen. Plain data: whoever reads the tree (tree_watch.cpp) tells
// it what is where, and it never asks.
//
// Programs rename while their earlier renames are still read, so what is told may contradict the
// table. The newer word counts, and what it displaces has no place (is an orphan) until it is seen
// again or dropped.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace coterie::sandbox {

/// A directory of the table.
struct watched_directory {
  int watch = -1;
  std::uint64_t inode = 0;
  watched_directory* above = nullptr; ///< none: the top, or an orphan
  std::string name;                   ///< empty for the top
  std::map<std::string, watched_directory*, std::less<>> below;
  std::uint64_t seen = 0; ///< the round in which it was last found
};

class watch_table {
public:
  /// Forgets everything.
  void start(int watch, std::uint64_t inode);

  watched_directory* top() const noexcept {
    return top_;
  }
  watched_directory* find(int watch);
  std::size_t size() const noexcept {
    return all_.size();
  }

  enum class placement : std::uint8_t { same, moved, added };

  /// The directory that `watch` stands for is `name` in `above`. Null for what cannot be: the top,
  /// or `above` itself.
  std::pair<watched_directory*, placement> place(watched_directory& above, std::string_view name,
                                                 int watch, std::uint64_t inode);

  /// It is not where it was; it keeps what is below it.
  void make_orphan(watched_directory& which);

  /// The watch is no more. What is below becomes orphans.
  void erase(int watch);

  /// Removes the orphans with all below them; gives their watches.
  std::vector<int> drop_orphans();

  /// Makes orphans of all that were last seen before `round`.
  void orphan_unseen(std::uint64_t round);

  /// From the top, empty for the top itself. Nothing for an orphan and what is below it, and where
  /// the path would be longer or deeper than those of tree_path.hpp.
  std::optional<std::string> path_of(const watched_directory& which) const;

private:
  void detach(watched_directory& which);
  bool is_within(const watched_directory& which, const watched_directory& other) const;

  std::unordered_map<int, watched_directory> all_;
  std::set<watched_directory*> orphans_;
  watched_directory* top_ = nullptr;
};

} // namespace coterie::sandbox
