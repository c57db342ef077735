#pragma once

// The files of one room for those who read and write them whole: REST, dialects and runs.

#include "actors/document_files.hpp"
#include "actors/file.hpp"
#include "actors/room_document.hpp"
#include "actors/run.hpp"
#include "actors/text_bases.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "storage/records.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coterie::actors {

/// errc::invalid_argument when `title` is longer than room_bounds allow.
result<void> check_title(std::string_view title);

/// Contents of binary files by their hash.
using blob_table = std::map<std::string, std::shared_ptr<const std::string>, std::less<>>;

/// The document and blobs of a new room with these files (of which `main` is one): what open_room
/// asks for; see there for `main_is_root`. errc::invalid_argument or errc::too_large past
/// room_bounds.
struct new_document {
  std::shared_ptr<room_document> document;
  blob_table blobs;
};
result<new_document> make_document(const std::vector<named_file>& files,
                                   const storage::room_record& room, wall_clock now,
                                   bool main_is_root = false);

/// A version is a number that grows with every change of a file; who asks with an older one is
/// merged with what came after it, while that text is still known here.
class room_files {
public:
  using time_point = std::chrono::steady_clock::time_point;

  room_files(room_document& document, blob_table blobs)
      : document_(document), files_(document.files()), blobs_(std::move(blobs)) {}

  /// Who writes: the name for the history, and what tells one client from another (empty: nobody
  /// in particular), whose last known text its writes are measured by.
  struct writer {
    std::string author;
    std::string client;
    bool is_shared = false; ///< other programs have the same name as this client
  };

  const document_files::table& all() {
    return files_.all();
  }
  bool contains(std::string_view path) {
    return files_.find(path) != nullptr;
  }
  std::uint64_t size_of(const document_file& file) {
    return files_.size_of(file);
  }
  /// Version as clients see it.
  static std::uint64_t version_of(const document_file& file) noexcept {
    return file.version;
  }

  /// errc::not_found. The client is then known to have this text.
  result<file_read> read(std::string_view path, const writer& who, time_point now);

  const document_file* find_by_id(std::string_view id) {
    return files_.find_by_id(id);
  }
  /// The client is being told this text of the file, which it had in that version.
  void note_told(std::string_view client, const document_file& file, std::uint64_t version,
                 std::shared_ptr<const std::string> text, time_point now) {
    bases_.note(client, file.id, {version, std::move(text)}, now, text_bases::older::keep);
  }
  /// The client asked for this text.
  void note_read(std::string_view client, const document_file& file, std::uint64_t version,
                 std::shared_ptr<const std::string> text, time_point now) {
    bases_.note(client, file.id, {version, std::move(text)}, now);
  }
  /// Null when that is not known.
  std::shared_ptr<const std::string> last_told(std::string_view client, const document_file& file,
                                               time_point now) {
    return bases_.find(client, file.id, now).text;
  }

  /// What a write did; `sequence` is that of the journal entry which has to be durable.
  struct written {
    std::uint64_t version = 0;
    std::uint64_t bytes = 0;
    std::uint64_t sequence = 0;
    bool created = false;
    bool changed = false;
  };

  /// errc::invalid_argument for a bad path, errc::version_mismatch when `if_match` is neither the
  /// file's version nor one whose text is still known, errc::too_large past room_bounds. On failure
  /// nothing changed.
  result<written> write(std::string_view path, std::string content, bool is_text,
                        std::optional<std::uint64_t> if_match, const writer& who, time_point now);

  /// A program made the text `text` of what was `base` to it; null: it made the file. The errors of
  /// write().
  result<void> merge(std::string_view path, const std::string* base, const std::string& text,
                     const writer& who);
  /// errc::not_found, and what a new path may be refused for.
  result<void> move(std::string_view from, std::string_view to, const writer& who);
  result<void> make_directory(std::string_view path, const writer& who);
  /// A new text or directory with an id that nothing has. errc::conflict when there is something
  /// of this path or id, and what a new path may be refused for.
  result<void> create(const std::string& path, file_kind kind, const std::string& id,
                      std::string_view text, const writer& who);
  /// A directory and everything in it. `id`: of the directory where it is there only for what is
  /// in it; from now on it is there for itself.
  result<void> move_directory(const std::string& from, const std::string& to, const std::string& id,
                              const writer& who);
  result<void> remove_directory(const std::string& path, const writer& who);
  /// The content of a binary file; null when it is not stored here.
  std::shared_ptr<const std::string> blob(std::string_view hash) const {
    const auto known = blobs_.find(hash);
    return known == blobs_.end() ? nullptr : known->second;
  }
  /// Content that the document is about to name.
  void keep_blob(const std::string& hash, std::shared_ptr<const std::string> content);
  std::string text_of(const document_file& file) {
    return files_.text_of(file);
  }

  /// errc::not_found, errc::version_mismatch; else the sequence.
  result<std::uint64_t> remove(std::string_view path, std::optional<std::uint64_t> if_match,
                               const writer& who);

  /// The main file becomes `path` with this text, as a change of `base` (null: of what is known of
  /// the writer); a main file that had another path is renamed, or removed when there is a file at
  /// `path` already.
  result<written> replace_main(std::string_view old_path, std::string_view path, std::string text,
                               const writer& who, time_point now,
                               const std::string* base = nullptr);

  /// Names the main file in the document.
  std::uint64_t set_main(std::string_view path, const writer& who);
  std::uint64_t set_meta(std::string_view key, std::string_view value, const writer& who);

  /// All files with their content, but for binary ones of which the document only has the hash:
  /// whoever wrote that entry never sent what it names.
  std::vector<run_file> snapshot();

  /// Blobs that came since the last call, to be stored with the journal.
  blob_table take_new_blobs() {
    return std::exchange(new_blobs_, {});
  }

private:
  void drop_unused_blobs();
  /// What is at `directory` and below it, by path.
  std::vector<document_file> all_below(const std::string& directory);
  result<void> check_size(const document_file* current, std::size_t bytes);
  result<std::string> base_of(const document_file& file, std::string_view wanted,
                              std::optional<std::uint64_t> if_match, const writer& who,
                              time_point now);
  result<written> write_text(const document_file* current, std::string_view path, std::string text,
                             std::string base, const writer& who, time_point now);
  result<written> write_binary(const document_file* current, std::string_view path,
                               std::string content, const writer& who);
  written describe(std::string_view path, std::uint64_t sequence, bool created);

  room_document& document_;
  document_files& files_;
  blob_table blobs_;
  blob_table new_blobs_;
  text_bases bases_;
};

} // namespace coterie::actors
