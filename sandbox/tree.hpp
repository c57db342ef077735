#pragma once

// A container's file tree from the server's side, while programs use it. Everything happens
// beneath one descriptor (beneath.hpp): programs may rename, link and delete as they like, what is
// read or written is always inside. A tree keeps the files alive, also when the container is gone.

#include "base/result.hpp"
#include "sandbox/unique_fd.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coterie::sandbox {

class ignore_rules;

/// Tells two states of a file from each other. Equal identities mean equal content, unless a
/// program sets times back, or writes twice within one tick of the clock (up to 4 ms before
/// Linux 6.13): after an event compare the content.
struct file_identity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0; ///< 0: of no file
  std::uint64_t size = 0;
  std::int64_t modified_ns = 0; ///< since the epoch
  std::int64_t changed_ns = 0;  ///< of the inode: also by a rename

  friend bool operator==(const file_identity&, const file_identity&) = default;
};

enum class entry_kind : std::uint8_t {
  file,
  directory,
  link,  ///< symbolic; never followed
  other, ///< FIFO, socket: never opened
};

struct tree_entry {
  std::string path;
  entry_kind kind = entry_kind::file;
  bool is_executable = false;
  file_identity identity;
};

struct file_content {
  std::string bytes;
  file_identity identity;
  bool is_whole = true;   ///< false: cut at the size asked for
  bool is_settled = true; ///< false: it changed while it was read; an event will tell of that
};

struct write_options {
  std::optional<bool> is_executable = std::nullopt; ///< nothing: as the replaced file is
  /// The state that `content` already takes account of; any other one is given back. A known file
  /// that is gone is not made again: errc::not_found.
  file_identity known = {};
  std::uint64_t replaced_bytes_max = 8U << 20; ///< of what is given back
};

struct written_file {
  /// Of the new file; inode 0 when a program changed it before it could be taken.
  file_identity identity;
  /// The file that was replaced, unless that was the known one: changed by a program since it was
  /// read, so that its content has to be merged and written again.
  std::optional<file_content> replaced;
};

struct tree_listing {
  std::vector<tree_entry> entries; ///< by path; directories among them
  bool is_cut = false;             ///< there is more than was asked for
  std::size_t skipped = 0;         ///< names nobody can tell, too deep, unreadable
};

inline constexpr std::size_t listed_files_max = 5000;

/// The descriptors that a tree stands on; both of one mount.
struct tree_place {
  unique_fd top;      ///< O_PATH; what programs see as their work directory
  unique_fd incoming; ///< O_PATH; where files are written before they are moved below `top`
  long owner = -1;    ///< of what is made; -1: the server's own id

  result<tree_place> duplicate() const;
};

/// Calls block for as long as memory takes; no thread but one may use a tree at a time. Paths as
/// split_path() takes them. Errors besides those named: errc::invalid_argument for the path,
/// conflict when something else is in the way (also a link), forbidden, too_large for a full
/// file system, system.
class tree {
public:
  explicit tree(tree_place place) : place_(std::move(place)) {}

  /// What is at `path`, without opening it. errc::not_found.
  result<tree_entry> find(std::string_view path) const;

  /// A regular file of at most `bytes_max`; errc::too_large beyond, not_found, conflict for what
  /// is no regular file, unavailable while a program holds a lease on it. A sparse file is as
  /// large as it says.
  result<file_content> read(std::string_view path, std::uint64_t bytes_max) const;

  /// Puts a whole file at `path` in one step: programs see the old one or the new one, watchers
  /// of the directory one rename. Missing directories are made. What fails leaves nothing behind.
  /// Other names (hard links) and open descriptors of the old file keep the old content.
  result<written_file> write(std::string_view path, std::string_view content,
                             const write_options& options = {});

  /// Makes a directory and those above it; no error when it exists.
  result<void> make_directory(std::string_view path);

  /// Removes a file, link or whatever it is, or an empty directory. errc::not_found.
  result<void> remove(std::string_view path);

  /// Never replaces anything: errc::conflict. Missing directories above `to` are made.
  result<void> rename(std::string_view from, std::string_view to);

  /// What is below `directory` (empty: everything), without what `ignored` names, and at most
  /// `entries_max` of it, upper levels first. Not a moment's picture while programs run: whoever
  /// needs that watches as well.
  result<tree_listing> list(std::string_view directory, const ignore_rules& ignored,
                            std::size_t entries_max = listed_files_max) const;

private:
  tree_place place_;
};

} // namespace coterie::sandbox
