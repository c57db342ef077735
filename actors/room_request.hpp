#pragma once

// What people in a room ask of it, whatever protocol they speak.

#include "actors/capabilities.hpp"
#include "actors/room_event.hpp"
#include "base/ids.hpp"
#include "sandbox/terminal.hpp"
#include "storage/chat_records.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace coterie::actors {

// -- terminals; these need the role editor ------------------------------------------------------

/// What runs in a terminal; empty: the usual shell.
struct terminal_program {
  std::vector<std::string> argv = {};
  std::vector<std::string> env = {}; ///< NAME=value, added to the usual environment
};

/// Answered with its number.
struct open_terminal {
  sandbox::terminal_size size;
  bool is_private = false; ///< for that participant alone, and closed when it leaves
  terminal_program what = {};
};

struct write_terminal {
  std::uint32_t number = 0;
  std::string bytes;
};

struct resize_terminal {
  std::uint32_t number = 0;
  sandbox::terminal_size size;
};

struct close_terminal {
  std::uint32_t number = 0;
};

// -- chat; who may look may talk ------------------------------------------------------------------

/// Answered with the message, once it is durable.
struct post_chat {
  std::string text;
  std::string extras = {}; ///< see storage::chat_message
  bool is_paced = false;   ///< the dialect sees to it that nobody talks too fast
};

/// One's own.
struct edit_chat {
  std::uint64_t number = 0;
  std::string text;
};

/// One's own; an owner of the room removes any.
struct remove_chat {
  std::uint64_t number = 0;
};

// -- presence -------------------------------------------------------------------------------------

/// What is absent stays.
struct update_participant {
  std::optional<std::string> name;
  std::optional<std::string> color;
};

struct move_cursor {
  std::optional<cursor> to; ///< nothing: it is nowhere
};

/// Holds for room_presence_bounds::typing_holds unless it is said again.
struct set_typing {
  bool is_typing = true;
};

/// Whether somebody looks at its page; and whether its connection is lost, of which nobody hears:
/// it may be back soon, but somebody else may take its name.
struct set_attention {
  bool is_hidden = false;
  bool is_lost = false;
};

/// Tells everybody something that only the clients of one dialect understand, and that is not kept:
/// a client_message. errc::too_large past bytes_max.
struct tell_clients {
  static constexpr std::size_t bytes_max = 64U << 10;
  std::string name; ///< "codecrafter.cursor"
  std::string payload;
  storage::role needs = storage::role::viewer;
};

/// Tells everybody what a program did that ran at a client. Needs the role editor.
struct share_result {
  shared_result result;
};

/// Runs code that is in no file: one after the other in each room, in the order of asking.
/// Everybody hears what came of it by code_judged. Needs the role editor.
struct judge_code {
  std::string language;
  std::string code;
  std::string input;
  std::chrono::milliseconds wall{60'000}; ///< clamped to the language's ceiling
};

/// Puts this text into the main file of a room that has never been edited: errc::conflict when it
/// has text, or somebody edits the document. Needs the role editor.
struct seed_source {
  std::string text;
};

// -- the tree of items, by id; these need the role editor -----------------------------------------
//
// errc::not_found for an id that is not there, errc::conflict for a name that is taken,
// errc::invalid_argument for one that is none. They become items_changed.

struct create_item {
  item what; ///< its id is of its maker's choice
  std::string text;
};

/// Within its directory.
struct rename_item {
  std::string id;
  std::string name;
};

/// A directory goes with everything in it.
struct remove_item {
  std::string id;
};

/// The whole text; what others typed since this client last heard of the file stays.
struct write_item {
  std::string id;
  std::string text;
};

/// Tells everybody what a directory holds.
struct show_item {
  std::string id;
};

// -- the drawing of a dialect whose shapes only its clients understand; needs the role editor -----

/// Of several with the same id the last one counts. Becomes a client_message as well.
struct change_drawing {
  std::vector<std::pair<std::string, std::string>> put; ///< id, record
  std::vector<std::string> removed;
  tell_clients told;
};

/// Answered with all records: a JSON object of id and record, if records are JSON.
struct read_drawing {};

// -- board; these need the role editor ------------------------------------------------------------

/// Draws a shape, or changes the one of this id. Answered with the id.
struct put_shape {
  shape what; ///< the room sets `by`, and `order` and `id` where they are 0 and empty
};

struct remove_shapes {
  std::vector<std::string> ids;
};

/// All shapes, which needs the role owner, or one's own.
struct clear_board {
  bool only_own = false;
};

/// Takes back what this person did last.
struct undo_board {};

using room_wish =
  std::variant<open_terminal, write_terminal, resize_terminal, close_terminal, post_chat, edit_chat,
               remove_chat, update_participant, move_cursor, set_typing, set_attention,
               tell_clients, share_result, judge_code, seed_source, create_item, rename_item,
               remove_item, write_item, show_item, change_drawing, read_drawing, put_shape,
               remove_shapes, clear_board, undo_board>;

/// A wish, and whose it is. `by` is a connection; nil for who has none (REST).
struct room_request {
  caller who;
  participant_id by;
  room_wish what;
};

/// What a request brought: the run it started, the terminal it opened, the message it posted or
/// changed, the id of the shape it drew, the drawing, or nothing.
using request_answer =
  std::variant<std::monostate, job_id, std::uint32_t, storage::chat_message, std::string>;

struct room_answer {
  request_answer what;
};

} // namespace coterie::actors
