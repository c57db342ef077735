#pragma once

// What happened to the files of a room as a tree, for those who show it.

#include "actors/document_files.hpp"
#include "actors/room_event.hpp"

#include <map>
#include <string>
#include <vector>

namespace coterie::actors {

/// Remembers where the files were.
class tree_report {
public:
  explicit tree_report(document_files& files);

  /// What was made, moved and removed since the last call. Looks at every file.
  std::vector<event> take(document_files& files);

private:
  std::map<std::string, std::string> paths_; ///< by id
};

} // namespace coterie::actors
