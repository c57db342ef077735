#pragma once

// One live room.

#include "actors/access.hpp"
#include "actors/capabilities.hpp"
#include "actors/dispatcher.hpp"
#include "actors/document_files.hpp"
#include "actors/document_frame.hpp"
#include "actors/file.hpp"
#include "actors/history.hpp"
#include "actors/message_ids.hpp"
#include "actors/room_event.hpp"
#include "actors/room_request.hpp"
#include "actors/run.hpp"
#include "sandbox/terminal.hpp"
#include "storage/records.hpp"

#include <caf/actor.hpp>
#include <caf/result.hpp>
#include <caf/typed_actor.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace coterie::actors {

class room_document;

// -- requests about the room itself -----------------------------------------------------------

struct describe_room {
  caller who;
};

struct room_description {
  storage::room_record room;
  std::vector<storage::alias_record> aliases;
  storage::role grants = storage::role::viewer; ///< to whoever asked
};

/// What is absent stays. Needs role owner, but for a dialect whose clients carry no token.
struct change_room {
  caller who;
  std::optional<std::string> title;
  std::optional<std::string> language;
  std::optional<storage::visibility> seen_by;
  std::optional<std::string> main;
  std::optional<storage::room_status> status;
  std::optional<storage::role> link_grants; ///< viewer or editor
  std::optional<std::string> extras;        ///< see storage::room_record
  bool without_owner = false;               ///< the dialect has no owners: editor is enough
  bool by_server = false;                   ///< on nobody's behalf: no role is asked for
};

/// Deletes the room for ever. Needs role owner; a dialect that has no owners may do it when nobody
/// is there: errc::conflict when somebody is.
struct remove_room {
  caller who;
  bool when_empty = false;
};

// -- files ------------------------------------------------------------------------------------

struct list_files {
  caller who;
};

struct listed_file {
  std::string path;
  file_kind kind = file_kind::text;
  std::uint64_t version = 0;
  timestamp modified_at{};
  std::uint64_t bytes = 0;
  bool is_volatile = false; ///< too large for the document: it ends with the room's container
};

struct file_listing {
  std::vector<listed_file> files; ///< by path, volatile ones last
};

struct read_file {
  caller who;
  std::string path; ///< empty: the main file
};

struct write_file {
  caller who;
  std::string path;
  std::string content;
  bool is_text = true;
  std::optional<std::uint64_t> if_match; ///< errc::version_mismatch when the file has another
};

struct file_written {
  std::string path;
  std::uint64_t bytes = 0;
  std::uint64_t version = 0;
  bool created = false;
};

struct remove_file {
  caller who;
  std::string path;
  std::optional<std::uint64_t> if_match;
};

/// All of them at one moment, but those that only the container has.
struct export_files {
  caller who;
};

struct file_export {
  std::string title;                                       ///< of the room
  std::shared_ptr<const std::vector<exported_file>> files; ///< by path
};

/// Puts many files into the room at once: texts as changes of what is there. errc::too_large past
/// room_bounds, and then nothing is changed.
struct import_files {
  caller who;
  std::shared_ptr<const std::vector<named_file>> files; ///< no path twice
  std::vector<std::string> directories;
  bool replaces = false; ///< what is in the room and not here is removed, but for the main file
};

struct files_imported {
  struct refused {
    std::string path;
    std::string why;
  };
  std::size_t written = 0;
  std::size_t unchanged = 0;
  std::size_t removed = 0;
  std::vector<refused> refusals;
};

/// For dialects that know only "the code": sets the language and the text of the main file. When
/// the language changes, the main file takes that language's usual name. Answered by source_read.
struct replace_source {
  caller who;
  std::string language; ///< empty: it stays
  std::string source;
  bool runs_elsewhere = false; ///< see open_room
  /// What this is a change of; null: what is known of the client.
  std::shared_ptr<const std::string> base = {};
};

struct read_source {
  caller who;
};

struct source_read {
  storage::room_record room;
  std::shared_ptr<const std::string> text;
  std::size_t present = 0;   ///< participants
  std::uint64_t version = 0; ///< of the main file
};

// -- runs -------------------------------------------------------------------------------------

/// How often a room may start runs; the durations and counts of a dialect's contract.
struct run_admission {
  bool exclusive = false;                ///< one queued or running at a time: errc::conflict
  std::chrono::milliseconds cooldown{0}; ///< since the last accepted run: errc::rate_limited
  std::chrono::milliseconds window{0};   ///< fixed window, opened by its first accepted run
  std::uint32_t window_max = 0;          ///< accepted runs in one window: errc::rate_limited

  static constexpr run_admission unlimited() {
    return {};
  }
};

/// Runs `path` (empty: the main file) with a snapshot of all files, or with `instead` of them.
/// Needs role editor.
struct start_run {
  caller who;
  std::string path;
  std::string language; ///< empty: by the path, else the room's
  run_options options;
  run_admission admission;
  std::string by; ///< the name of whoever starts it, for the others; empty: unknown
  std::optional<std::vector<run_file>> instead = {};
};

/// A refused start_run answers an error whose failure detail is, for the admission rules, one of
/// `active:<STATUS>`, `cooldown:<ms>`, `window:<ms>`: milliseconds until it may work again.
struct run_accepted {
  job_id job;
};

struct list_runs {
  caller who;
};

struct run_listing {
  std::vector<job_view> runs; ///< newest first, at most room_bounds::runs_listed_max, no results
};

// -- terminals; how they are asked for is in room_request.hpp ------------------------------------

/// From a connection that missed some output: what was written from byte `from` on.
struct replay_terminal {
  participant_id by;
  std::uint32_t number = 0;
  std::uint64_t from = 0;
};

// -- chat, read -------------------------------------------------------------------------------

/// The newest messages below `before`, at most room_chat_bounds::page_max.
struct list_chat {
  caller who;
  std::optional<std::uint64_t> before;
  std::size_t limit = 50;
};

struct chat_listing {
  std::vector<storage::chat_message> messages; ///< by number
};

// -- the board, read --------------------------------------------------------------------------

struct read_board {
  caller who;
};

struct board_read {
  std::string title;         ///< of the room
  std::vector<shape> shapes; ///< by order
};

// -- participants -----------------------------------------------------------------------------

/// How a connection takes part in a room.
struct participation {
  bool wants_saved = false;  ///< hears what of the document is durable
  bool hears_source = false; ///< source_changed
  bool hears_items = false;  ///< items_changed
  /// errc::conflict when a participant has this name already; one whose connection is lost
  /// (set_attention) leaves instead.
  bool has_unique_name = false;
  bool is_resumable = false;    ///< when it breaks, its participant is away for a while, not gone
  std::uint64_t connection = 0; ///< tells it from another one of the same participant
  /// The token of a participant whose connection broke, and the number of the last event that it
  /// heard: this connection goes on as that one, if the room still knows it.
  std::string resume_token = {};
  std::uint64_t heard = 0;
};

/// From a relay, for one of its participants.
struct join {
  caller who;
  participant as;
  caf::actor relay;
  /// 0, or the number of the document_port by which the participant takes part in the document:
  /// it then hears no room_events, and the room tells it the document's state at once.
  std::uint64_t port = 0;
  participation how = {};
};

struct joined {
  storage::room_record room;
  participant self; ///< as it is in the room; another one than asked when it was resumed
  // For who hears events; empty for others.
  std::vector<present_participant> participants; ///< the new one included
  std::vector<listed_file> files;
  std::vector<storage::chat_message> chat; ///< the newest, by number
  std::vector<job_view> runs;
  std::vector<terminal_opened> terminals; ///< what they wrote follows as events
  std::vector<shape> board;               ///< by order
  std::string resume_token;               ///< of who is resumable
  std::uint64_t number = 0;               ///< of the last event that this contains
  /// Resumed: of the above only `room`, `self`, `participants`, `terminals` and `resume_token` are
  /// told, because these events are all that was missed.
  std::optional<std::vector<room_event>> missed;
  /// For who hears the source and last knew another one.
  std::optional<source_changed> source;
  /// For who hears items: all, as created, parents before what is in them.
  std::shared_ptr<const std::vector<item_change>> items;
  std::size_t present = 0; ///< participants
};

struct leave {
  participant_id who;
  std::uint64_t connection = 0; ///< of which this is the end; a later one stays
  bool was_lost = false;        ///< without a word: it may come back
};

// -- the document -----------------------------------------------------------------------------

/// What the clients of one hub sent, in the order of each. Acknowledged by document_news: a hub
/// has document_bounds::batches_max of these under way, and stops reading from clients that go on
/// sending.
struct document_frames {
  caf::actor relay;       ///< where the acknowledgement goes
  std::uint64_t port = 0; ///< of the hub
  std::vector<document_frame> frames;
};

/// From the room to itself, behind what waits in its mailbox: what has been integrated since
/// leaves as one broadcast.
struct flush_document {};

// -- from its parent, the directory -----------------------------------------------------------

/// The lease was renewed: writes are good until this instant of the actor clock.
struct lease_renewed {
  epoch lease_epoch = 0;
  std::chrono::steady_clock::time_point good_until{};
};

/// Another node has the room: drop everything at once, store nothing.
struct lease_lost {
  epoch lease_epoch = 0;
};

/// Finish what is in flight, give the lease back, end.
struct close_room {};

struct room_bounds {
  static constexpr std::size_t files_max = 1000;
  static constexpr std::size_t file_bytes_max = 8U << 20;
  static constexpr std::size_t room_bytes_max = 32U << 20; ///< all files together
  static constexpr std::size_t participants_max = 2'000;
  /// Who is away this long has left.
  static constexpr std::chrono::seconds away_for{60};
  static constexpr std::size_t runs_listed_max = 50; ///< of those that are over, also remembered
  static constexpr std::size_t title_bytes_max = 200;
  static constexpr std::size_t extras_bytes_max = 64U << 10;
  static constexpr std::chrono::milliseconds store_timeout{10'000};
  static constexpr std::chrono::milliseconds tick_every{30'000};
};

/// One live room: the single writer of its files and members, under a lease.
///
/// Protocol                                          from               answer
///   describe_room, list_files, read_file,
///   export_files, list_runs                         API                what was asked
///   change_room, write_file, remove_file,
///   import_files, replace_source, remove_room       API                once durable
///   read_source                                     API                source_read
///   start_run                                       API, participant   run_accepted, once the
///                                                                      job is durable
///   join, leave                                     relay              joined / -
///   document_frames                                 hubs of clients    - (document_news)
///   flush_document                                  itself             -
///   job_started                                     job                -
///   job_output, job_ended                           job, dispatcher    - (become room_events)
///   room_request                                    participant, API   room_answer
///   access_request                                  API                access_answer
///   list_chat, read_board                           API                what was asked
///   history_request                                 API                history_answer
///   replay_terminal                                 participant        -
///   found_changes, shell_opened, _output, _ended    workspace          -
///   lease_renewed, lease_lost, close_room           directory          -
/// States  open -> closing (every request: errc::unavailable, ask the directory again) -> gone.
///         The directory loads; a room exists only with its whole state, so that nothing is ever
///         answered or stored by one that could not be loaded.
///         closing begins with close_room, idleness, remove_room, a lost lease, or a write that
///         the store refused: memory is then ahead of the disk and is thrown away.
/// Bounds  room_bounds; the participants of a relay that is gone go with it.
/// Edits of the document are told to everybody at once and are durable within 50 ms; a crash loses
/// what was neither answered nor called saved. The next request wakes the room from the store.
using room_actor = caf::typed_actor<
  caf::result<room_description>(describe_room), caf::result<room_description>(change_room),
  caf::result<void>(remove_room), caf::result<file_listing>(list_files),
  caf::result<file_read>(read_file), caf::result<file_written>(write_file),
  caf::result<void>(remove_file), caf::result<file_export>(export_files),
  caf::result<files_imported>(import_files), caf::result<source_read>(replace_source),
  caf::result<source_read>(read_source), caf::result<run_accepted>(start_run),
  caf::result<run_listing>(list_runs), caf::result<joined>(join), caf::result<void>(leave),
  caf::result<void>(document_frames), caf::result<void>(flush_document),
  caf::result<void>(job_started), caf::result<void>(job_output), caf::result<void>(job_ended),
  caf::result<room_answer>(room_request), caf::result<access_answer>(access_request),
  caf::result<chat_listing>(list_chat), caf::result<board_read>(read_board),
  caf::result<history_answer>(history_request), caf::result<void>(replay_terminal),
  caf::result<void>(found_changes), caf::result<void>(shell_opened),
  caf::result<void>(shell_output), caf::result<void>(shell_ended), caf::result<void>(lease_renewed),
  caf::result<void>(lease_lost), caf::result<void>(close_room)>;

/// What a room leans on.
struct room_context {
  caf::actor store;
  caf::actor historian;
  dispatcher_actor dispatcher;
  std::shared_ptr<const config::language_table> languages; ///< only what this host can run
  std::shared_ptr<metrics> counters;                       ///< may be null
  wall_clock now = system_now;
  std::chrono::milliseconds idle_after{std::chrono::minutes{10}};
};

/// A room as it comes from the store. Whoever gets it owns the document.
struct room_state_on_disk {
  storage::room_record room;
  std::vector<storage::capability_record> capabilities;
  storage::access_lists access;
  std::shared_ptr<room_document> document;
  std::map<std::string, std::shared_ptr<const std::string>, std::less<>> blobs; ///< by hash
  std::vector<storage::alias_record> aliases;
  std::vector<job_view> runs;              ///< newest first
  std::vector<storage::chat_message> chat; ///< the newest, by number
  storage::lease_record lease;
};

/// Until when a room may store and answer, by the actor clock (caf::actor_clock::now).
using lease_deadline = std::chrono::steady_clock::time_point;

room_actor spawn_room(caf::actor_system& system, room_context context, room_state_on_disk loaded,
                      lease_deadline good_until, caf::actor directory);

} // namespace coterie::actors
