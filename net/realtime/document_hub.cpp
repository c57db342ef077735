#include "net/realtime/document_hub.hpp"

#include "net/realtime/yjs_close.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <atomic>

namespace coterie::net {

namespace {

std::uint64_t next_number() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

// Room for frames that a hub keeps when nothing is under way.
constexpr std::size_t idle_batch_capacity = 16;

} // namespace

document_hub::document_hub(loop_poster poster) : number_(next_number()), post_(std::move(poster)) {}

// -- sessions -----------------------------------------------------------------------------------

document_hub::member* document_hub::find(participant_id who) {
  const auto at = std::ranges::find(sessions_, who, &member::who);
  return at == sessions_.end() ? nullptr : &*at;
}

void document_hub::add(participant_id who, std::shared_ptr<ws_session> session) {
  sessions_.push_back({});
  sessions_.back().who = who;
  sessions_.back().session = std::move(session);
}

void document_hub::remove(participant_id who) {
  send_batch(); // before the room hears that it left
  if (auto* gone = find(who)) {
    if (gone != &sessions_.back())
      *gone = std::move(sessions_.back());
    sessions_.pop_back();
  }
  if (sessions_.empty()) {
    room_ = {};
    batch_ = {};
  }
}

// -- from sessions to the room ------------------------------------------------------------------

void document_hub::take(actors::document_frame frame) {
  auto* from = find(frame.from);
  if (!from)
    return;
  from->waiting_bytes += frame.bytes.size() + sizeof(frame);
  if (from->waiting_bytes > actors::document_bounds::waiting_bytes_max && !from->is_paused) {
    from->is_paused = true;
    from->session->pause();
  }
  if (!from->is_in) {
    from->held.push_back(std::move(frame));
    return;
  }
  batch_.push_back(std::move(frame));
  schedule_batch();
}

/// Behind the handlers that are due now: what all sockets brought since the last wait for them
/// goes in one batch.
void document_hub::schedule_batch() {
  if (is_batch_scheduled_ || batches_ >= actors::document_bounds::batches_max)
    return;
  is_batch_scheduled_ = true;
  post_([self = shared_from_this()] {
    self->is_batch_scheduled_ = false;
    self->send_batch_if_due();
  });
}

void document_hub::send_batch_if_due() {
  if (batches_ < actors::document_bounds::batches_max)
    send_batch();
}

void document_hub::send_batch() {
  if (batch_.empty() || !room_.room)
    return;
  ++batches_;
  const auto count = batch_.size();
  caf::anon_send(room_.room,
                 actors::document_frames{room_.relay, number_, std::exchange(batch_, {})});
  batch_.reserve(std::min(count, idle_batch_capacity));
  for (auto& each : sessions_) {
    if (!each.is_in)
      continue;
    each.waiting_bytes = 0;
    if (std::exchange(each.is_paused, false))
      each.session->resume();
  }
}

/// Asks the room in the name of `who`, which does not know.
void document_hub::ask_for(const member& who, actors::document_frame::kind what, std::string body) {
  const auto size = body.size();
  batch_.push_back({who.who, what, std::move(body), 0, size});
  schedule_batch();
}

void document_hub::on_drained(participant_id who) {
  auto* reader = find(who);
  if (reader && std::exchange(reader->lacks_awareness, false))
    ask_for(*reader, actors::document_frame::kind::query_awareness, {});
}

// -- from the room to sessions ------------------------------------------------------------------

void document_hub::deliver(const actors::document_route& from, const actors::document_news& news) {
  letter mine;
  mine.broadcast = news.broadcast;
  mine.taken = static_cast<std::size_t>(std::ranges::count(news.taken, number_));
  for (const auto& reply : news.replies)
    if (reply.port == number_) {
      mine.replies.push_back(reply);
      if (reply.is_welcome && !mine.from)
        mine.from = std::make_shared<actors::document_route>(from);
    }
  if (!mine.broadcast && mine.replies.empty() && mine.taken == 0)
    return;
  {
    const std::lock_guard lock{mutex_};
    letters_bytes_ += bytes_of(mine);
    if (letters_bytes_ > actors::document_bounds::letters_bytes_max)
      letters_ = {};
    else
      letters_.push_back(std::move(mine));
    if (std::exchange(is_told_, true))
      return;
  }
  post_([self = shared_from_this()] { self->read_letters(); });
}

std::size_t document_hub::bytes_of(const letter& news) {
  std::size_t bytes = sizeof news;
  if (news.broadcast && news.broadcast->updates)
    bytes += news.broadcast->updates->size();
  if (news.broadcast && news.broadcast->awareness)
    bytes += news.broadcast->awareness->size();
  return bytes + news.replies.size() * sizeof(actors::document_reply);
}

void document_hub::read_letters() {
  std::vector<letter> letters;
  bool is_overrun = false;
  {
    const std::lock_guard lock{mutex_};
    letters.swap(letters_);
    is_overrun = letters_bytes_ > actors::document_bounds::letters_bytes_max;
    letters_bytes_ = 0;
    is_told_ = false;
  }
  if (is_overrun)
    give_up();
  for (const auto& each : letters)
    read_letter(each);
}

/// News were lost: everybody comes again and gets the whole.
void document_hub::give_up() {
  batches_ = 0;
  for (auto& each : sessions_) {
    each.is_in = false;
    each.session->close(ws_close::try_again_later, "the server fell behind");
  }
}

void document_hub::read_letter(const letter& news) {
  if (news.from)
    enter_room(*news.from);
  batches_ -= std::min(batches_, news.taken);
  for (const auto& reply : news.replies)
    answer(reply);
  if (news.broadcast)
    broadcast(*news.broadcast);
  if (news.taken != 0)
    send_batch_if_due();
}

/// After a failover the room is another actor: what was under way to the old one is lost, and
/// everybody is out until the new one has welcomed them.
void document_hub::enter_room(const actors::document_route& from) {
  if (room_.relay == from.relay)
    return;
  room_ = from;
  batches_ = 0;
  batch_.clear();
  for (auto& each : sessions_)
    each.is_in = false;
}

void document_hub::answer(const actors::document_reply& reply) {
  auto* to = find(reply.to);
  if (!to)
    return;
  if (reply.frames && reply.is_large)
    to->session->send_large(reply.frames);
  else if (reply.frames)
    to->session->send(reply.frames);
  if (reply.is_welcome)
    welcome(*to);
  if (reply.end)
    to->session->close(yjs_close_code(*reply.end), reply.end->detail);
}

void document_hub::welcome(member& who) {
  who.is_in = true;
  for (auto& frame : std::exchange(who.held, {}))
    batch_.push_back(std::move(frame));
  if (std::exchange(who.was_in, true)) // the new room may know what the old one had not told yet
    ask_for(who, actors::document_frame::kind::step1, std::string(1, '\0'));
  schedule_batch();
}

void document_hub::broadcast(const actors::document_broadcast& what) {
  if (what.updates) {
    for (const auto& piece : what.pieces)
      if (auto* sender = find(piece.from))
        sender->is_sender = true;
    for (auto& each : sessions_)
      if (each.is_in)
        send_updates(each, what);
  }
  if (what.awareness)
    for (auto& each : sessions_)
      if (each.is_in)
        send_awareness(each, what.awareness);
}

/// Everybody shares one buffer; who sent some of it gets the rest in a buffer of its own.
void document_hub::send_updates(member& to, const actors::document_broadcast& what) {
  if (!std::exchange(to.is_sender, false)) {
    to.session->send(what.updates);
    return;
  }
  std::string others;
  for (const auto& piece : what.pieces)
    if (piece.from != to.who)
      others.append(*what.updates, piece.offset, piece.size);
  if (!others.empty())
    to.session->send(std::make_shared<const std::string>(std::move(others)));
}

void document_hub::send_awareness(member& to, const ws_frame& frame) {
  // While it reads too slowly the states it misses are replaced by newer ones: it is told all of
  // them once it has read on.
  if (to.lacks_awareness)
    return;
  if (to.session->send(frame) == ws_session::queued::congested)
    to.lacks_awareness = true;
}

// -- finding hubs -------------------------------------------------------------------------------

std::shared_ptr<document_hub> document_hubs::find(room_id room, const ws_session& session) {
  const std::lock_guard lock{mutex_};
  auto& hub = hubs_[{room, session.loop()}];
  if (!hub)
    hub = std::make_shared<document_hub>(session.poster());
  return hub;
}

void document_hubs::leave(room_id room, std::size_t loop,
                          const std::shared_ptr<document_hub>& hub) {
  if (!hub->is_empty())
    return;
  const std::lock_guard lock{mutex_};
  const auto at = hubs_.find({room, loop});
  if (at != hubs_.end() && at->second == hub)
    hubs_.erase(at);
}

} // namespace coterie::net
