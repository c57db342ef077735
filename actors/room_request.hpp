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
#include <variant>

namespace coterie::actors {

// -- terminals; these need the role editor ------------------------------------------------------

/// Answered with its number.
struct open_terminal {
  sandbox::terminal_size size;
  bool is_private = false; ///< for that participant alone, and closed when it leaves
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

/// Tells everybody what a program did that ran at a client. Needs the role editor.
struct share_result {
  shared_result result;
};

/// Tells everybody something that only the clients of one dialect understand, and that is not kept.
/// errc::too_large past signal_bytes_max.
struct send_signal {
  static constexpr std::size_t signal_bytes_max = 4096;
  std::string kind; ///< "codecrafter.cursor"
  std::string payload;
  storage::role needs = storage::role::viewer;
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
               remove_chat, update_participant, move_cursor, set_typing, share_result, send_signal,
               judge_code, seed_source, put_shape, remove_shapes, clear_board, undo_board>;

/// A wish, and whose it is. `by` is a connection; nil for who has none (REST).
struct room_request {
  caller who;
  participant_id by;
  room_wish what;
};

/// What a request brought: the run it started, the terminal it opened, the message it posted or
/// changed, the id of the shape it drew, or nothing.
using request_answer =
  std::variant<std::monostate, job_id, std::uint32_t, storage::chat_message, std::string>;

struct room_answer {
  request_answer what;
};

} // namespace coterie::actors
