#include "net/realtime/document_link.hpp"

#include "actors/participant.hpp"
#include "crdt/sync_protocol.hpp"
#include "net/realtime/yjs_close.hpp"

#include <caf/send.hpp>

#include <optional>
#include <utility>

namespace coterie::net {

using actors::document_frame;

namespace {

/// Which part of `message` is for the room; nothing when none is. The failure says what is wrong.
result<std::optional<document_frame>> read_frame(participant_id from, std::string message) {
  const auto decoded = crdt::decode_frame(message);
  if (!decoded)
    return decoded.why();
  document_frame frame;
  frame.from = from;
  std::string_view body;
  if (const auto* step1 = std::get_if<crdt::sync_step1>(&*decoded)) {
    frame.what = document_frame::kind::step1;
    body = step1->vector;
  } else if (const auto* step2 = std::get_if<crdt::sync_step2>(&*decoded)) {
    frame.what = document_frame::kind::step2;
    body = step2->update;
  } else if (const auto* update = std::get_if<crdt::sync_update>(&*decoded)) {
    body = update->update;
  } else if (const auto* awareness = std::get_if<crdt::awareness_frame>(&*decoded)) {
    frame.what = document_frame::kind::awareness;
    body = awareness->body;
  } else if (std::holds_alternative<crdt::query_awareness>(*decoded)) {
    frame.what = document_frame::kind::query_awareness;
  } else {
    return std::optional<document_frame>{};
  }
  frame.offset = body.empty() ? 0 : static_cast<std::size_t>(body.data() - message.data());
  frame.size = body.size();
  frame.bytes = std::move(message); // a short string moves its bytes: hence the offset
  return std::optional{std::move(frame)};
}

} // namespace

document_link::document_link(api_context_ptr context, std::shared_ptr<document_hubs> hubs,
                             room_id room, actors::caller who, actors::participant self,
                             bool wants_saved)
    : context_(std::move(context)),
      hubs_(std::move(hubs)),
      room_(room),
      who_(std::move(who)),
      self_(std::move(self)),
      wants_saved_(wants_saved) {}

void document_link::open(const std::shared_ptr<ws_session>& session) {
  {
    const std::lock_guard lock{mutex_};
    session_ = session;
  }
  loop_ = session->loop();
  hub_ = hubs_->find(room_, *session);
  hub_->add(self_.id, session);
  participant_ = actors::spawn_participant(
    context_->system, room_, std::exchange(who_, {}), self_, context_->node.directory,
    context_->node.dispatcher, shared_from_this(),
    actors::participation{.wants_saved = wants_saved_}, hub_);
}

result<bool> document_link::take(std::string message) {
  auto frame = read_frame(self_.id, std::move(message));
  if (!frame)
    return std::move(frame).why();
  if (*frame && hub_)
    hub_->take(std::move(**frame));
  return frame->has_value();
}

void document_link::on_drained() {
  if (hub_)
    hub_->on_drained(self_.id);
}

void document_link::close() {
  {
    const std::lock_guard lock{mutex_};
    session_.reset();
  }
  if (!hub_)
    return; // it never opened
  hub_->remove(self_.id);
  hubs_->leave(room_, loop_, std::exchange(hub_, nullptr));
  caf::anon_send(participant_, actors::participant_gone{});
  participant_ = nullptr; // it holds us: let go of each other
}

void document_link::on_end(const failure& why) {
  const auto told = presentable(why);
  const std::lock_guard lock{mutex_};
  if (session_)
    session_->close(yjs_join_close_code(told), told.detail);
}

} // namespace coterie::net
