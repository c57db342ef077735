#pragma once

// The room's side of its container: when there is one, what it is sent, and the terminals in it.

#include "actors/room.hpp"
#include "actors/room_document.hpp"
#include "actors/room_event.hpp"
#include "actors/room_files.hpp"
#include "actors/tree_news.hpp"
#include "actors/workspace.hpp"
#include "base/result.hpp"

#include <caf/actor.hpp>
#include <caf/disposable.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace coterie::actors {

struct room_workspace_bounds {
  static constexpr std::size_t shared_terminals_max = 4;
  /// With the shared ones, what the sandbox allows in one container.
  static constexpr std::size_t private_terminals_max =
    sandbox::terminals_max - shared_terminals_max;
  static constexpr std::size_t private_terminals_each_max = 2; ///< of one participant
  static constexpr std::size_t write_bytes_max = 64U << 10;    ///< typed at once
  /// How long an edit waits for others before it is written to the container with them.
  static constexpr std::chrono::milliseconds delay{50};
  static constexpr std::chrono::milliseconds settle_timeout{3'000};
  /// Typed commands that wait for edits to be in the container; beyond, they do not wait.
  static constexpr std::size_t held_max = 256;
};

/// Belongs to one room actor, which calls it and in whose context it calls back. The container is
/// made when the first terminal is opened, and ends with the room. When it ends before, its
/// terminals are closed; the next one that is opened gets a new container with the same files.
class room_workspace {
public:
  struct callbacks {
    std::function<void(event)> tell_all;
    std::function<void(participant_id, event)> tell_one;
    std::function<void()> on_editing = {}; ///< the document is about to be changed here
    std::function<void()> on_edited = {};  ///< it was changed
    /// A program has removed the main file: whether the room takes another one for it.
    std::function<bool()> replaces_main = {};
  };

  room_workspace(room_actor::pointer self, dispatcher_actor dispatcher, room_id room,
                 room_document& document, room_files& files, callbacks tell);
  ~room_workspace();
  room_workspace(const room_workspace&) = delete;
  room_workspace& operator=(const room_workspace&) = delete;

  // -- terminals; errc::not_found for one that is not there, or is somebody else's ----------------

  using answer = std::function<void(const result<terminal_number>&)>;
  /// Answers once its shell runs. errc::queue_full past the bounds, or when there is no container
  /// to be had, errc::invalid_argument for a size out of bounds.
  void open_terminal(participant_id by, const actors::open_terminal& wanted, answer tell);
  result<void> write(participant_id by, const write_terminal& wanted);
  result<void> resize(participant_id by, const resize_terminal& wanted);
  result<void> close(participant_id by, const close_terminal& wanted);
  /// What was written from byte `from` on comes to the participant as terminal_output.
  void replay(const replay_terminal& wanted);
  /// Of all terminals that somebody who came may see.
  void replay_all(participant_id to);
  std::vector<terminal_opened> terminals(participant_id seen_by) const;
  /// Closes the private terminals of somebody who left.
  void on_left(participant_id who);

  // -- from the workspace ------------------------------------------------------------------------

  void on_opened(const shell_opened& m);
  void on_output(const shell_output& m);
  void on_ended(const shell_ended& m);
  void on_found(const found_changes& m);
  /// Whether it was the workspace that ended.
  bool on_down(const caf::actor_addr& gone, const failure& why);

  // -- files -------------------------------------------------------------------------------------

  /// The document has changed: the container hears of it soon, and before a command that is typed.
  void after_changes();
  const std::vector<volatile_file>& volatiles() const noexcept {
    return volatiles_;
  }

  /// Calls `done` when what programs did until now is in the document, or cannot be had.
  void settle(std::function<void()> done);
  void end();

private:
  struct sent_file {
    std::string path;
    std::uint64_t version = 0; ///< 0: to be sent again
  };
  struct held_keys {
    terminal_number number = 0;
    std::string bytes;
  };
  struct open_line {
    terminal_opened view;
    answer tell; ///< null once its shell runs
    terminal_program what = {};
  };

  void begin();
  void on_begun(const caf::actor& made);
  void lose(const failure& why);
  template <class Message>
  void send(const Message& message);
  void push();
  bool holds(const write_terminal& wanted) const;
  void on_pushed();
  wanted_changes collect();
  result<void> take(const found_change& found);
  void send_again(std::string_view path);
  result<void> check_opening(participant_id by, const actors::open_terminal& wanted) const;
  result<open_line*> find(terminal_number number, participant_id by);
  template <class Fact>
  void tell_about(const open_line& line, Fact fact);

  room_actor::pointer self_;
  dispatcher_actor dispatcher_;
  room_id room_;
  room_document& document_;
  room_files& files_;
  callbacks tell_;

  enum class state : std::uint8_t { none, asked_for, there };
  state state_ = state::none;
  caf::actor workspace_;
  std::map<terminal_number, open_line> lines_;
  terminal_number last_number_ = 0;

  std::map<std::string, sent_file, std::less<>> sent_; ///< by file id: what the container was sent
  std::uint64_t sent_until_ = 0;                       ///< of the journal
  std::uint64_t heard_ = 0;                            ///< number of the last found_changes
  bool is_pushing_ = false;
  bool will_push_ = false;
  bool must_push_ = false;
  caf::disposable next_push_;
  std::vector<held_keys> held_;
  std::uint64_t held_until_ = 0; ///< of the journal: what they wait for
  std::vector<volatile_file> volatiles_;
};

} // namespace coterie::actors
