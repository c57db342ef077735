#pragma once

// The files of a room, as its document holds them:
//
//   files   Y.Map of file id -> Y.Map { path, kind: "text" | "binary" | "directory",
//                                       text: Y.Text, blob: hash in hex, size: bytes of the blob,
//                                       root: "" where the text is the root of that name instead }
//   meta    Y.Map { title, language, main: id of the main file }
//
// A rename sets `path`, so that typing during a rename survives. Clients may write anything into
// the document: entries without a path that may be used, or whose path leads through a file, are
// not shown, nor those past room_bounds::files_max (the smaller ids are); of two with one path the
// smaller id keeps it, the other shows as `name (2)`.

#include "actors/file.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "crdt/doc.hpp"
#include "storage/records.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coterie::actors {

/// One entry of the tree.
struct document_file {
  std::string id;
  std::string path;
  file_kind kind = file_kind::text;
  std::uint64_t version = 0; ///< from 1; grows by one with each change of content or path
  timestamp modified_at{};
  std::string blob;        ///< of binary files: the hash of the content, raw
  std::uint64_t bytes = 0; ///< of binary files; see document_files::size
  bool is_root = false;    ///< its text is the document's root with the empty name
};

/// BLAKE2b-256 of a file's content: the name of its blob.
std::string hash_content(std::string_view content);

class document_files {
public:
  /// Follows the document, which outlives it.
  explicit document_files(crdt::doc& document);
  document_files(const document_files&) = delete;
  document_files& operator=(const document_files&) = delete;

  using table = std::map<std::string, document_file, std::less<>>;

  /// By path.
  const table& all();
  const document_file* find(std::string_view path);
  const document_file* find_by_id(std::string_view id);
  /// The main file; null when the document names none that is there.
  const document_file* main();

  /// What the document says of the room: "title", "language"; empty when it does not.
  std::string meta(std::string_view key) const;

  /// UTF-8; empty for what is not text.
  std::string text_of(const document_file& file);
  std::uint64_t size_of(const document_file& file);
  /// All files together.
  std::uint64_t total_size();
  /// Hashes of the blobs in use.
  std::vector<std::string> blobs();

  /// What changed since the last call becomes one version newer, at this time. Called once for each
  /// entry of the journal, so that reading the journal again gives the same versions.
  void stamp(timestamp at);
  /// What changed until now keeps the stamps that it has.
  void forget_changes() {
    changed_.clear();
  }
  /// Whether the tree (paths, kinds, the main file) changed since the last call.
  bool take_tree_changed() {
    return std::exchange(tree_changed_, false);
  }

  // -- writing; the caller has checked the bounds -------------------------------------------------

  /// Whether a new file may have this path; errc::invalid_argument or errc::too_large.
  result<void> check_new_path(std::string_view path);
  /// The same for a file that is there already.
  result<void> check_place(std::string_view path);

  // errc::too_large when the document would pass its limits.

  /// With the id `id`, which nothing has; empty: any.
  result<void> create_text(crdt::transaction& edit, const std::string& path, std::string_view text,
                           const std::string& id = {});
  /// A file whose text is the root with the empty name, as clients know it that edit one text only.
  result<void> create_root_text(crdt::transaction& edit, const std::string& path,
                                std::string_view text);
  result<void> create_binary(crdt::transaction& edit, const std::string& path,
                             const std::string& hash, std::uint64_t bytes);
  result<void> create_directory(crdt::transaction& edit, const std::string& path,
                                const std::string& id = {});
  /// Whether the document has an entry of this id, shown or not.
  bool has_entry(std::string_view id) const;
  /// Makes the text what a client wants that last knew it as `base`: only what the client changed
  /// is changed, and what others typed since then stays.
  result<void> merge_text(crdt::transaction& edit, const document_file& file, std::string_view base,
                          std::string_view wanted);
  /// Of a file that was binary.
  result<void> replace_with_text(crdt::transaction& edit, const document_file& file,
                                 std::string_view text);
  result<void> replace_with_binary(crdt::transaction& edit, const document_file& file,
                                   const std::string& hash, std::uint64_t bytes);
  result<void> rename(crdt::transaction& edit, const document_file& file, const std::string& path);
  void remove(crdt::transaction& edit, const document_file& file);
  void set_main(crdt::transaction& edit, const document_file& file);
  void set_meta(crdt::transaction& edit, std::string_view key, std::string_view value);

  // -- what is stored along with the document ---------------------------------------------------

  /// Versions and times of all files.
  std::string encode_details();
  /// errc::internal when they are damaged.
  result<void> decode_details(std::string_view details);

private:
  struct stamp_record {
    std::uint64_t version = 0;
    timestamp at{};
  };

  void on_change(const crdt::change& what);
  void refresh();
  std::optional<document_file> read_entry(const std::string& id) const;
  std::string free_path(const document_file& file) const;
  bool lies_in_file(std::string_view path) const;
  crdt::shared_type entry(std::string_view id) const;
  crdt::shared_type text_type(const document_file& file) const;
  result<crdt::shared_type> add_entry(crdt::transaction& edit, const std::string& path,
                                      file_kind kind, const std::string& id = {});
  static result<void> put_text(crdt::transaction& edit, const crdt::shared_type& map,
                               std::string_view text);
  static result<void> put_blob(crdt::transaction& edit, const crdt::shared_type& map,
                               std::string_view hash, std::uint64_t bytes);

  crdt::doc& document_;
  crdt::shared_type files_;
  crdt::shared_type meta_;
  std::shared_ptr<void> subscription_;
  table by_path_;
  std::map<std::string, std::string, std::less<>> paths_;        ///< by id
  std::map<std::string, stamp_record, std::less<>> stamps_;      ///< by id
  std::map<std::string, std::uint64_t, std::less<>> text_sizes_; ///< by id; those counted
  std::uint64_t retired_ = 0;     ///< the highest version of a file that was removed
  std::set<std::string> changed_; ///< ids, since the last stamp
  std::string root_id_;           ///< of the file that is_root; empty: none
  bool is_stale_ = true;          ///< by_path_ is older than the document
  bool tree_changed_ = false;
};

} // namespace coterie::actors
