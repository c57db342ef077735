#pragma once

// What people in one room ask for: who may, and which part of the room does it.

#include "actors/room_board.hpp"
#include "actors/room_chat.hpp"
#include "actors/room_document.hpp"
#include "actors/room_files.hpp"
#include "actors/room_judge.hpp"
#include "actors/room_people.hpp"
#include "actors/room_request.hpp"
#include "actors/room_saver.hpp"
#include "actors/room_workspace.hpp"
#include "base/result.hpp"
#include "storage/records.hpp"

#include <functional>
#include <string>

namespace coterie::actors {

/// Belongs to one room actor, of whose parts it is told.
class room_wishes {
public:
  struct parts {
    const storage::room_record& room;
    room_document& document;
    room_files& files;
    room_saver& saver;
    room_workspace& workspace;
    room_judge& judge;
    room_people& people;
    room_chat& chat;
    room_board& board;
  };
  struct callbacks {
    /// The role of whoever asks, when it is enough and the room may be written.
    std::function<result<storage::role>(const caller&, storage::role needed)> admit;
    std::function<void()> flush_soon; ///< the document has changed
    std::function<void(event)> tell_all;
  };

  room_wishes(parts of, callbacks room) : parts_(of), room_(std::move(room)) {}

  using answer = std::function<void(result<room_answer>)>;
  /// `tell` is called once, now or later.
  void grant(const room_request& m, const answer& tell);

private:
  void grant_one(const room_request& m, const open_terminal& wish, const answer& tell);
  void grant_one(const room_request& m, const write_terminal& wish, const answer& tell);
  void grant_one(const room_request& m, const resize_terminal& wish, const answer& tell);
  void grant_one(const room_request& m, const close_terminal& wish, const answer& tell);
  void grant_one(const room_request& m, const post_chat& wish, const answer& tell);
  void grant_one(const room_request& m, const edit_chat& wish, const answer& tell);
  void grant_one(const room_request& m, const remove_chat& wish, const answer& tell);
  void grant_one(const room_request& m, const update_participant& wish, const answer& tell);
  void grant_one(const room_request& m, const move_cursor& wish, const answer& tell);
  void grant_one(const room_request& m, const set_typing& wish, const answer& tell);
  void grant_one(const room_request& m, const share_result& wish, const answer& tell);
  void grant_one(const room_request& m, const send_signal& wish, const answer& tell);
  void grant_one(const room_request& m, const judge_code& wish, const answer& tell);
  void grant_one(const room_request& m, const seed_source& wish, const answer& tell);
  void grant_one(const room_request& m, const put_shape& wish, const answer& tell);
  void grant_one(const room_request& m, const remove_shapes& wish, const answer& tell);
  void grant_one(const room_request& m, const clear_board& wish, const answer& tell);
  void grant_one(const room_request& m, const undo_board& wish, const answer& tell);

  /// Answers with what `use` answers, if `m` comes from somebody with this role.
  template <class Use>
  void grant_if(const room_request& m, storage::role needed, const answer& tell, Use use);
  template <class Talk>
  void talk(const room_request& m, const answer& tell, Talk how);
  template <class Draw>
  void draw(const room_request& m, const answer& tell, Draw how);
  /// Nothing runs in a room that is closed to runs.
  result<void> check_active() const;

  parts parts_;
  callbacks room_;
};

} // namespace coterie::actors
