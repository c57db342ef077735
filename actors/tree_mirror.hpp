#pragma once

// Keeps the files of a container and those of its room's document one thing: the container's side.

#include "actors/text_history.hpp"
#include "actors/tree_news.hpp"
#include "sandbox/ignore_rules.hpp"
#include "sandbox/tree.hpp"
#include "sandbox/tree_changes.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace coterie::actors {

struct mirror_bounds {
  static constexpr std::uint64_t file_bytes_max = 8U << 20; ///< larger ones stay in the container
  static constexpr std::size_t volatiles_max = 1000;        ///< told of
  /// A file that is missing for shorter than this was being replaced: editors write anew and
  /// rename, version control removes and makes.
  static constexpr std::chrono::milliseconds missing_for{150};
};

/// Remembers of each file what the container has, so that neither side's own writes come back to
/// it, and what it had before: a program that read an older text and writes it back changed is
/// measured by that text, and what was typed meanwhile stays.
///
/// Blocking, like the tree; one thread at a time.
class tree_mirror {
public:
  using time_point = std::chrono::steady_clock::time_point;

  tree_mirror(std::unique_ptr<sandbox::tree> tree,
              std::shared_ptr<const sandbox::ignore_rules> ignored);

  /// Makes the container's files what the room wants. A file that a program changed meanwhile is
  /// found here, and for the room to merge.
  found_changes apply(const wanted_changes& wanted, time_point now);

  /// Looks at what may have changed.
  found_changes look(const sandbox::tree_changes& hint, time_point now);

  /// When to look again without a hint; nothing when there is no need.
  std::optional<time_point> look_again_at() const;

private:
  struct mirrored {
    file_kind kind = file_kind::text;
    shared_text content; ///< of text; null otherwise
    std::string hash;    ///< of binary
    sandbox::file_identity identity;
    text_history former;            ///< texts that it had
    std::uint64_t told = 0;         ///< number of the last found_changes that is about it
    std::optional<time_point> gone; ///< missing since
    bool is_owed = false; ///< the room has another text for it, to be written once it is found
  };
  using table = std::map<std::string, mirrored, std::less<>>;

  // from the room
  bool move(const moved_file& wanted);
  void remove(const std::string& path, std::uint64_t heard);
  void remove_empty_parents(std::string_view path);
  void write(const wanted_file& file, std::uint64_t heard, time_point now);
  void set_gone(const std::string& path, mirrored& place, time_point now);

  // from the container
  void mark_missing(const std::string& path, time_point now);
  void set_found(const std::string& path, mirrored& place);
  void look_at(const std::string& path, time_point now);
  void look_below(const std::string& directory, bool trusts_identity, time_point now);
  void look_at_file(const sandbox::tree_entry& entry, bool trusts_identity, time_point now);
  void look_at_empty_directory(const std::string& path);
  void take(const std::string& path, sandbox::file_content content, time_point now);
  void settle_missing(time_point now);

  void set_text(mirrored& place, shared_text content, time_point now);
  void note_volatile(const std::string& path, std::uint64_t bytes);
  void forget_volatile(std::string_view path);
  table::iterator find_moved(const sandbox::file_identity& identity);
  void ask_again(const std::string& path, shared_text content);
  void tell(found_change change);
  found_changes finish();

  std::unique_ptr<sandbox::tree> tree_;
  std::shared_ptr<const sandbox::ignore_rules> ignored_;
  table files_;
  std::set<std::string, std::less<>> missing_; ///< paths of files_ that are gone
  std::map<std::string, std::uint64_t, std::less<>> volatiles_;
  std::vector<found_change> found_; ///< by this call
  std::uint64_t number_ = 0;
  bool volatiles_changed_ = false;
};

} // namespace coterie::actors
