#pragma once

// The files of a room as the panels of dialects show them: a tree of items with ids.
//
// Not shown is what nobody edits there: names that begin with a dot and what is below them, files
// without an extension (programs that were compiled), what compilers and interpreters leave behind,
// and binary files. An item's id is that of the document's entry. Directories that are there only
// for what is in them have none: theirs comes from their path.

#include "actors/document_files.hpp"
#include "actors/room_event.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coterie::actors {

struct item_bounds {
  static constexpr std::size_t id_bytes_max = 64;
};

/// The id of the directory that holds everything.
inline constexpr std::string_view root_item = "root";

/// Whether panels show a file or directory of this path.
bool is_shown_item(std::string_view path, bool is_directory);

/// The tree at one moment.
class item_tree {
public:
  struct entry {
    item which;
    std::string path;
    std::uint64_t version = 0; ///< of a file
  };

  item_tree() = default;
  explicit item_tree(const document_files::table& files);

  /// Null when there is none; also for the root.
  const entry* find(std::string_view id) const;
  bool contains(std::string_view id) const {
    return by_id_.contains(id);
  }
  /// The path of the directory with this id, empty for the root; nothing when it is none.
  std::optional<std::string> directory(std::string_view id) const;
  /// Parents before what is in them.
  const std::vector<entry>& all() const noexcept {
    return entries_;
  }

private:
  std::string add_directories(std::string_view path);
  std::string implied_id(std::string_view path) const;
  void add(entry made);

  std::vector<entry> entries_;
  std::map<std::string, std::size_t, std::less<>> by_id_;       ///< places in entries_
  std::map<std::string, std::string, std::less<>> directories_; ///< ids by path
  const document_files::table* files_ = nullptr;                ///< while it is made
};

/// How to come from one tree to the other, without texts: what is removed (what is in it goes
/// along), then what is new, has another name, or may have another text. What lies in another
/// directory than before is removed and created.
std::vector<item_change> differences(const item_tree& before, const item_tree& now);

} // namespace coterie::actors
