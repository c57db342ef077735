#pragma once

// What happens in a room, as everybody in it is told. Dialects word it for the wire.

#include "actors/file.hpp"
#include "actors/message_ids.hpp"
#include "actors/run.hpp"
#include "actors/shape.hpp"
#include "base/ids.hpp"
#include "sandbox/launcher.hpp"
#include "sandbox/terminal.hpp"
#include "storage/records.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace coterie::actors {

/// One live connection of one person or program to one room.
struct participant {
  participant_id id;
  std::string name;
  std::string color; ///< "#rrggbb"
  storage::role grants = storage::role::viewer;
  /// The same for all connections of one person, and for nobody else; public. Empty: unknown.
  std::string person = {};
  bool is_away = false; ///< its connection broke; it may come back
  user_id user = {};    ///< nil: a guest
};

/// Where somebody is in a file: offsets in UTF-16 code units, as editors and Yjs count.
struct cursor {
  std::string path;
  std::uint32_t anchor = 0;
  std::uint32_t head = 0; ///< differs from anchor when something is selected
  /// The document's id of the file. The room fills in what is missing of path and file.
  std::string file = {};

  friend bool operator==(const cursor&, const cursor&) = default;
};

/// What somebody does right now.
struct presence {
  bool is_typing = false;
  std::optional<cursor> at;
  bool is_hidden = false; ///< its page is not looked at
};

struct present_participant {
  participant who;
  presence now;
};

struct participant_joined {
  participant who;
  std::size_t present = 0; ///< with it
};

struct participant_left {
  participant_id who;
  std::size_t present = 0; ///< without it
};

/// Its name, colour or role, or that it is away or back.
struct participant_updated {
  participant who;
};

struct typing_changed {
  participant_id who;
  bool is_typing = false;
};

/// Its page is looked at again, or not any more.
struct attention_changed {
  participant_id who;
  bool is_hidden = false;
};

/// Of those who have moved since the last one.
struct cursors_moved {
  std::vector<std::pair<participant_id, std::optional<cursor>>> moved;
};

struct chat_posted {
  storage::chat_message message;
};

/// Its text, or that it was removed.
struct chat_changed {
  storage::chat_message message;
};

struct file_created {
  std::string path;
  file_kind kind = file_kind::text;
};

struct file_moved {
  std::string from;
  std::string path;
};

struct file_removed {
  std::string path;
};

/// The record: title, language, visibility, main file.
struct room_updated {
  storage::room_record room;
};

/// The main file, for dialects that know only "the code". Told while a participant that hears it is
/// there.
struct source_changed {
  std::string language;
  std::shared_ptr<const std::string> text;
  std::uint64_t version = 0; ///< of the main file; rises
  user_id by = {};           ///< whose whole text it is; nil: several people's, or unknown
  std::string by_name = {};  ///< of that user
};

/// One entry of the tree of files as a panel shows it; see actors/item_tree.hpp.
struct item {
  std::string id;
  std::string parent; ///< id of its directory
  std::string name;   ///< the last part of its path
  bool is_directory = false;
};

struct item_change {
  enum class kind : std::uint8_t {
    created, ///< with `text`, when it is a file
    renamed, ///< in its directory; what is moved elsewhere is removed and created
    removed, ///< with everything in it
    written, ///< with `text`
    listed,  ///< nothing happened to this directory; what it holds follows as created
  };
  kind what = kind::created;
  item which;
  std::shared_ptr<const std::string> text; ///< null: none
  bool is_known = false;                   ///< whoever did it has it like this
};

/// For dialects that show a tree and have texts as wholes. Told while a participant that hears it
/// is there.
struct items_changed {
  std::vector<item_change> changes; ///< removals first, parents before what is in them
  participant_id by;                ///< nil: nobody of the room in particular
  bool from_program = false;        ///< something that ran in the room's container did it
};

/// What a client of a dialect tells the other ones, in words that only they understand.
struct client_message {
  participant_id by;
  std::string name;
  std::string payload;
};

/// What came of a program that ran at a client, in its own words.
struct shared_result {
  bool success = false;
  std::string output;
  std::optional<std::string> error;
  std::int64_t time_ms = 0;
};

struct result_shared {
  shared_result result;
  std::string by; ///< a name; empty: unknown
};

/// What came of judge_code.
struct code_judged {
  std::string language;
  std::string output; ///< of both streams as it came, cut at judge_bounds::output_bytes_max
  std::optional<job_view> run; ///< nothing: it did not run
  std::string why_not;         ///< then
};

/// Shapes that are new or other than before, and the ids of those that are gone.
struct board_changed {
  std::vector<shape> put;
  std::vector<std::string> removed;
};

/// Without its state.
struct version_saved {
  storage::version_record version;
};

struct version_removed {
  version_id version;
};

/// The edit that it took is told as any other.
struct version_restored {
  storage::version_record version;
  std::string by; ///< a name
};

struct run_started {
  job_id job;
  std::string language;
  std::string path;
  std::string by; ///< a name; empty: unknown
};

struct run_output {
  job_id job;
  sandbox::stream from = sandbox::stream::out;
  std::string bytes; ///< raw
};

struct run_finished {
  job_view run;
};

struct terminal_opened {
  std::uint32_t number = 0;
  sandbox::terminal_size size;
  participant_id by;
  bool is_private = false; ///< only `by` sees and uses it
};

struct terminal_output {
  std::uint32_t number = 0;
  std::uint64_t offset = 0; ///< number of the first byte since the terminal was opened
  std::string bytes;        ///< raw
  bool is_replay = false;   ///< for one reader: what was written before
};

struct terminal_resized {
  std::uint32_t number = 0;
  sandbox::terminal_size size;
};

struct terminal_closed {
  std::uint32_t number = 0;
  sandbox::terminal_end end;
};

struct room_closed_event {
  std::string reason; ///< "deleted", "idle", "moved", "shutting_down"
};

using event = std::variant<
  participant_joined, participant_left, participant_updated, typing_changed, attention_changed,
  cursors_moved, chat_posted, chat_changed, file_created, file_moved, file_removed, items_changed,
  client_message, room_updated, source_changed, result_shared, code_judged, board_changed,
  version_saved, version_removed, version_restored, run_started, run_output, run_finished,
  terminal_opened, terminal_output, terminal_resized, terminal_closed, room_closed_event>;

/// One event for many readers: built once, shared.
struct room_event {
  std::shared_ptr<const event> what;
  std::optional<participant_id> only = {}; ///< nothing: for everybody
  std::uint64_t number = 0; ///< rises; who comes back hears what has a higher one. 0: not kept
};

} // namespace coterie::actors
