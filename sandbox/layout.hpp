#pragma once

// Names that both the helper and the server rely on: the tree a program sees, and the descriptor
// numbers the helper starts with.

namespace coterie::sandbox::layout {

inline constexpr const char work_directory[] = "/home/coder"; ///< also HOME
/// The work directory once more, for clients whose commands name it so.
inline constexpr const char other_work_directory[] = "/home/devx/workspace";
/// What the work directory's file system holds. Programs see only `tree`, as work_directory. In
/// `incoming` the server writes files before it moves them into the tree: programs, whatever
/// their id, have no path to it, so they neither see half a file nor can interfere.
inline constexpr const char work_tree[] = "tree";
inline constexpr const char work_incoming[] = "incoming";
inline constexpr unsigned work_inodes = 2; ///< taken by these, beside the root that each has
inline constexpr const char user_name[] = "coder";
/// First in PATH: `python` beside `python3`, which Debian does not have.
inline constexpr const char alias_directory[] = "/opt/coterie/bin";
inline constexpr const char default_path[] =
  "/opt/coterie/bin:/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin";
/// Where other images wait in the helper's tree; detached in every container.
inline constexpr const char images_directory[] = "/.images";

inline constexpr int helper_control_fd = 3; ///< socket to the server
inline constexpr int helper_filter_fd = 4;  ///< compiled system call filter
inline constexpr int helper_image_fd = 5;   ///< the helper's own program text

} // namespace coterie::sandbox::layout
