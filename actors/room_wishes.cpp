#include "actors/room_wishes.hpp"

#include <utility>
#include <variant>

namespace coterie::actors {

using storage::role;

namespace {

/// Who is nobody's second connection is a person by itself.
std::string person_of(const participant& who) {
  return who.person.empty() ? who.id.str() : who.person;
}

} // namespace

void room_wishes::grant(const room_request& m, const answer& tell) {
  std::visit([&](const auto& wish) { grant_one(m, wish, tell); }, m.what);
}

template <class Use>
void room_wishes::grant_if(const room_request& m, role needed, const answer& tell, Use use) {
  if (auto granted = room_.admit(m.who, needed); !granted)
    return tell(granted.why());
  if (auto done = use(); !done)
    return tell(done.why());
  tell(room_answer{});
}

result<void> room_wishes::check_active() const {
  if (parts_.room.status == storage::room_status::inactive)
    return {errc::inactive, "the room is closed; nothing can be run in it"};
  return {};
}

// -- terminals -------------------------------------------------------------------------------

void room_wishes::grant_one(const room_request& m, const open_terminal& wish, const answer& tell) {
  if (auto granted = room_.admit(m.who, role::editor); !granted)
    return tell(granted.why());
  if (auto active = check_active(); !active)
    return tell(active.why());
  parts_.workspace.open_terminal(m.by, wish, [tell](const result<terminal_number>& opened) {
    if (opened)
      tell(room_answer{*opened});
    else
      tell(opened.why());
  });
}

void room_wishes::grant_one(const room_request& m, const write_terminal& wish, const answer& tell) {
  grant_if(m, role::editor, tell, [&] { return parts_.workspace.write(m.by, wish); });
}

void room_wishes::grant_one(const room_request& m, const resize_terminal& wish,
                            const answer& tell) {
  grant_if(m, role::editor, tell, [&] { return parts_.workspace.resize(m.by, wish); });
}

void room_wishes::grant_one(const room_request& m, const close_terminal& wish, const answer& tell) {
  grant_if(m, role::editor, tell, [&] { return parts_.workspace.close(m.by, wish); });
}

// -- chat ------------------------------------------------------------------------------------

template <class Talk>
void room_wishes::talk(const room_request& m, const answer& tell, Talk how) {
  const auto granted = room_.admit(m.who, role::viewer);
  if (!granted)
    return tell(granted.why());
  room_chat::author by;
  by.is_owner = *granted == role::owner;
  if (const auto* known = parts_.people.members().find(m.by)) {
    by.person = person_of(known->who);
    by.name = known->who.name;
  }
  how(by, [tell](const result<storage::chat_message>& done) {
    if (done)
      tell(room_answer{*done});
    else
      tell(done.why());
  });
}

void room_wishes::grant_one(const room_request& m, const post_chat& wish, const answer& tell) {
  talk(m, tell, [&](const auto& by, auto then) { parts_.chat.post(by, wish, then); });
}

void room_wishes::grant_one(const room_request& m, const edit_chat& wish, const answer& tell) {
  talk(m, tell, [&](const auto& by, auto then) { parts_.chat.edit(by, wish, then); });
}

void room_wishes::grant_one(const room_request& m, const remove_chat& wish, const answer& tell) {
  talk(m, tell, [&](const auto& by, auto then) { parts_.chat.remove(by, wish, then); });
}

// -- presence --------------------------------------------------------------------------------

void room_wishes::grant_one(const room_request& m, const update_participant& wish,
                            const answer& tell) {
  grant_if(m, role::viewer, tell, [&] { return parts_.people.presence().update(m.by, wish); });
}

void room_wishes::grant_one(const room_request& m, const move_cursor& wish, const answer& tell) {
  grant_if(m, role::viewer, tell, [&] {
    auto wanted = wish;
    if (wanted.to) {
      auto& tree = parts_.document.files();
      const auto* file =
        wanted.to->path.empty() ? tree.find_by_id(wanted.to->file) : tree.find(wanted.to->path);
      wanted.to->file = file ? file->id : std::string{};
      if (file)
        wanted.to->path = file->path;
      else if (wanted.to->path.empty())
        wanted.to.reset(); // a file that is not there any more
    }
    return parts_.people.presence().move(m.by, wanted);
  });
}

void room_wishes::grant_one(const room_request& m, const set_typing& wish, const answer& tell) {
  grant_if(m, role::viewer, tell,
           [&] { return parts_.people.presence().type(m.by, wish.is_typing); });
}

void room_wishes::grant_one(const room_request& m, const set_attention& wish, const answer& tell) {
  grant_if(m, role::viewer, tell, [&] { return parts_.people.set_attention(m.by, wish); });
}

void room_wishes::grant_one(const room_request& m, const tell_clients& wish, const answer& tell) {
  grant_if(m, wish.needs, tell, [&]() -> result<void> {
    if (wish.name.size() + wish.payload.size() > tell_clients::bytes_max)
      return {errc::too_large, "a message to other clients has at most 64 KiB"};
    room_.tell_all(client_message{m.by, wish.name, wish.payload});
    return {};
  });
}

// -- the tree of items, and the drawing ------------------------------------------------------

template <class Wish>
void room_wishes::change_items(const room_request& m, const Wish& wish, const answer& tell) {
  grant_if(m, role::editor, tell, [&]() -> result<void> {
    auto who = parts_.people.writer_of(m.who);
    if (const auto* known = parts_.people.members().find(m.by))
      who.author = known->who.name;
    auto done = parts_.items.grant(m.by, who, wish);
    room_.flush_soon();
    return done;
  });
}

void room_wishes::grant_one(const room_request& m, const create_item& wish, const answer& tell) {
  change_items(m, wish, tell);
}

void room_wishes::grant_one(const room_request& m, const rename_item& wish, const answer& tell) {
  change_items(m, wish, tell);
}

void room_wishes::grant_one(const room_request& m, const remove_item& wish, const answer& tell) {
  change_items(m, wish, tell);
}

void room_wishes::grant_one(const room_request& m, const write_item& wish, const answer& tell) {
  change_items(m, wish, tell);
}

void room_wishes::grant_one(const room_request& m, const show_item& wish, const answer& tell) {
  change_items(m, wish, tell);
}

void room_wishes::grant_one(const room_request& m, const change_drawing& wish, const answer& tell) {
  grant_if(m, role::editor, tell, [&]() -> result<void> {
    if (auto done = parts_.drawing.change(wish); !done)
      return done;
    room_.keep_drawing_soon();
    room_.tell_all(client_message{m.by, wish.told.name, wish.told.payload});
    return {};
  });
}

void room_wishes::grant_one(const room_request& m, const read_drawing&, const answer& tell) {
  if (auto granted = room_.admit(m.who, role::viewer); !granted)
    return tell(granted.why());
  tell(room_answer{parts_.drawing.read()});
}

// -- runs and the text -----------------------------------------------------------------------

void room_wishes::grant_one(const room_request& m, const share_result& wish, const answer& tell) {
  grant_if(m, role::editor, tell, [&]() -> result<void> {
    const auto* known = parts_.people.members().find(m.by);
    room_.tell_all(result_shared{wish.result, known ? known->who.name : ""});
    return {};
  });
}

void room_wishes::grant_one(const room_request& m, const judge_code& wish, const answer& tell) {
  grant_if(m, role::editor, tell, [&]() -> result<void> {
    if (auto active = check_active(); !active)
      return active;
    return parts_.judge.submit(wish);
  });
}

/// For clients that send their whole text again and again: it counts only where there is nothing
/// that it could overwrite.
void room_wishes::grant_one(const room_request& m, const seed_source& wish, const answer& tell) {
  if (auto granted = room_.admit(m.who, role::editor); !granted)
    return tell(granted.why());
  auto& tree = parts_.document.files();
  const auto* main = tree.find(parts_.room.main);
  if (!main || parts_.document.has_members() || main->version > 1 || tree.size_of(*main) > 0)
    return tell(failure{errc::conflict, "the document is what counts"});
  auto done = parts_.files.write(parts_.room.main, wish.text, true, std::nullopt,
                                 parts_.people.writer_of(m.who), parts_.people.now());
  if (!done)
    return tell(done.why());
  room_.flush_soon();
  parts_.saver.when_durable([tell](const result<void>& saved) {
    if (saved)
      tell(room_answer{});
    else
      tell(saved.why());
  });
}

// -- the board -------------------------------------------------------------------------------

template <class Draw>
void room_wishes::draw(const room_request& m, const answer& tell, Draw how) {
  const auto granted = room_.admit(m.who, role::editor);
  if (!granted)
    return tell(granted.why());
  room_board::hand by{{}, parts_.people.writer_of(m.who).author, *granted == role::owner};
  if (const auto* known = parts_.people.members().find(m.by)) {
    by.person = person_of(known->who);
    by.author = known->who.name;
  }
  const auto done = how(by);
  if (!done)
    return tell(done.why());
  room_.flush_soon();
  if constexpr (requires { std::string(*done); })
    tell(room_answer{*done});
  else
    tell(room_answer{});
}

void room_wishes::grant_one(const room_request& m, const put_shape& wish, const answer& tell) {
  draw(m, tell, [&](const auto& by) { return parts_.board.put(by, wish); });
}

void room_wishes::grant_one(const room_request& m, const remove_shapes& wish, const answer& tell) {
  draw(m, tell, [&](const auto& by) { return parts_.board.remove(by, wish); });
}

void room_wishes::grant_one(const room_request& m, const clear_board& wish, const answer& tell) {
  draw(m, tell, [&](const auto& by) { return parts_.board.clear(by, wish); });
}

void room_wishes::grant_one(const room_request& m, const undo_board&, const answer& tell) {
  draw(m, tell, [&](const auto& by) { return parts_.board.undo(by); });
}

} // namespace coterie::actors
