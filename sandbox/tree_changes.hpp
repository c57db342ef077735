#pragma once

#include <string>
#include <vector>

namespace coterie::sandbox {

/// What may have changed in a tree since the last batch. Never what changed, or that anything did:
/// look at the tree. Our own writes are among it.
struct tree_changes {
  /// Each with everything below it, when it is or was a directory; none is below another. Sorted.
  std::vector<std::string> paths;
  bool rescan = false; ///< anything may have changed; `paths` is empty
  /// There are more directories than can be watched: changes below the rest are found by rescans
  /// only, about every second while programs work.
  bool is_partial = false;
  bool is_last = false; ///< the container has ended; what it left can still be read
};

/// The last batch of a container that has ended before.
inline tree_changes nothing_more() {
  tree_changes last;
  last.is_last = true;
  return last;
}

} // namespace coterie::sandbox
