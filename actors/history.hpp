#pragma once

// What a room was: named versions of its document, and every change with its time, for playback.

#include "actors/capabilities.hpp"
#include "actors/file.hpp"
#include "base/clock.hpp"
#include "base/ids.hpp"
#include "storage/document_records.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace coterie::actors {

struct history_bounds {
  static constexpr std::size_t name_bytes_max = 200; ///< of a version
  static constexpr std::size_t versions_page_max = 100;
  static constexpr std::size_t entries_page_max = 10'000; ///< and about storage::history_bytes_max
  /// 16 MiB: the state that a playback begins with, in one answer.
  static constexpr std::size_t base_bytes_max = 16U << 20;
  /// What one question may read to find a state: some seconds.
  static constexpr std::uint64_t walk_entries_max = 500'000;
  static constexpr std::uint64_t walk_bytes_max = 128U << 20;
  static constexpr std::size_t authors_max = 256; ///< named in a summary
  static constexpr std::size_t parts_max = 500;   ///< of a summary
  /// Unified differences: of one file, and of all files together.
  static constexpr std::size_t diff_bytes_max = 256U << 10;
  static constexpr std::size_t diffs_bytes_max = 1U << 20;
  /// Questions of one room that wait for an answer, and of all rooms of a node.
  /// Each may hold two of the largest documents in memory.
  static constexpr std::size_t room_requests_max = 4;
  static constexpr std::size_t node_requests_max = 8;
  /// Below what those who ask allow for.
  static constexpr std::chrono::milliseconds timeout{18'000};
};

// -- wishes -------------------------------------------------------------------------------------

/// Gives what the document is now a name. Needs the role editor; answered with the version, without
/// its state, once it is durable.
struct save_version {
  std::string name;
};

/// Answered with a version_listing.
struct list_versions {
  std::optional<version_id> after; ///< exclusive; errc::not_found when it is gone
  std::size_t limit = history_bounds::versions_page_max;
};

/// Answered with a version_view.
struct view_version {
  version_id version;
};

/// Answered with a file_read.
struct read_version_file {
  version_id version;
  std::string path;
};

/// What has become of a version until another one, or until now. Answered with a
/// version_comparison.
struct compare_version {
  version_id version;
  std::optional<version_id> against;
};

/// Makes the files what they were, by an edit like any other. Needs the role editor; answered with
/// a restore_report, once it is durable.
struct restore_version {
  version_id version;
};

/// Needs the role owner; answered with nothing.
struct remove_version {
  version_id version;
};

/// Changes in order, from a moment on, with the state before the first one; or, with `after`, those
/// that follow a change, without. Answered with a history_page.
struct read_history {
  std::optional<timestamp> from = {};
  std::optional<timestamp> to = {}; ///< ends before the first change that is later
  std::optional<std::uint64_t> after = {};
  std::size_t limit = history_bounds::entries_page_max;
};

/// Answered with a history_summary.
struct describe_history {};

using history_wish =
  std::variant<save_version, list_versions, view_version, read_version_file, compare_version,
               restore_version, remove_version, read_history, describe_history>;

/// A wish, and whose it is. `by` is a connection; nil for who has none (REST).
struct history_request {
  caller who;
  participant_id by;
  history_wish what;
};

// -- answers ------------------------------------------------------------------------------------

struct version_listing {
  std::vector<storage::version_record> versions; ///< in the order of saving, without states
};

struct past_file {
  std::string path;
  file_kind kind = file_kind::text;
  std::uint64_t bytes = 0;
};

struct version_view {
  storage::version_record version; ///< without state
  std::string main;                ///< empty: the document names none
  std::string language;
  std::vector<past_file> files; ///< by path
};

enum class file_fate : std::uint8_t { added, removed, changed, moved };

struct file_change {
  file_fate fate = file_fate::changed;
  std::string path; ///< after it; of a removed file the one before
  std::string from; ///< of a moved file: the path before
  file_kind kind = file_kind::text;
  std::string diff;          ///< unified; empty for what is not text, or has the same text
  std::uint64_t added = 0;   ///< lines
  std::uint64_t removed = 0; ///< lines
  bool is_truncated = false; ///< the difference is longer than what is shown
};

struct version_comparison {
  std::vector<file_change> files; ///< by path
  bool is_truncated = false;      ///< some difference is
};

struct restore_report {
  storage::version_record version; ///< without state
  std::size_t written = 0;         ///< files that got another content, or came back
  std::size_t moved = 0;           ///< files that got their path back
  std::size_t removed = 0;
};

/// The document at one moment, as a Yjs update (version 1).
struct past_state {
  std::uint64_t sequence = 0; ///< of the last change that it contains
  timestamp at{};             ///< of that change
  std::string state;
};

struct history_page {
  std::optional<past_state> base;              ///< right before the first entry; none with `after`
  std::vector<storage::journal_entry> entries; ///< consecutive
  std::vector<storage::version_record> versions; ///< of the states that the page goes through
  std::optional<std::uint64_t> next;             ///< `after` of the next page
};

struct history_summary {
  struct part {
    std::uint64_t first_sequence = 0;
    std::uint64_t last_sequence = 0;
    timestamp first_at{};
    timestamp last_at{};
  };
  std::uint64_t base_sequence = 0; ///< playback can begin behind this change
  std::vector<part> parts;         ///< consecutive; empty when nothing has changed yet
  std::vector<std::string> authors;
  std::vector<storage::version_record> versions; ///< without states
};

/// The files of a version with all that is in them; for the room that restores it.
struct version_content {
  struct file {
    std::string id;
    std::string path;
    file_kind kind = file_kind::text;
    std::string text;
    std::string hash; ///< of binary files
    std::uint64_t bytes = 0;
  };
  storage::version_record version; ///< without state
  std::string main;
  std::string language;
  std::vector<file> files;
  std::map<std::string, std::shared_ptr<const std::string>, std::less<>> blobs; ///< by hash
};

struct history_answer {
  std::variant<std::monostate, storage::version_record, version_listing, version_view, file_read,
               version_comparison, restore_report, history_page, history_summary,
               std::shared_ptr<const version_content>>
    what;
};

} // namespace coterie::actors
