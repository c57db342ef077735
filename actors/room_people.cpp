#include "actors/room_people.hpp"

#include "actors/relay.hpp"
#include "base/random.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <utility>
#include <vector>

namespace coterie::actors {

namespace {

constexpr std::size_t token_bytes = 16;

} // namespace

room_people::room_people(room_actor::pointer self, std::shared_ptr<metrics> counters,
                         std::function<void(participant_id)> on_left)
    : self_(self),
      counters_(std::move(counters)),
      on_left_(std::move(on_left)),
      presence_(self, members_, [this](event what) { tell_all(std::move(what)); }) {}

room_people::~room_people() {
  next_away_.dispose();
  count(-static_cast<std::int64_t>(members_.size()));
}

void room_people::count(std::int64_t change) {
  if (counters_)
    counters_->add_participants(change);
}

void room_people::watch(const caf::actor& relay) {
  if (members_.is_new(relay))
    self_->monitor(relay);
}

result<joined> room_people::enter(const join& m, storage::role grants) {
  joined welcome;
  if (const auto* known = members_.find_resumable(m.how.resume_token)) {
    resume(welcome, m, grants, *known);
    return welcome;
  }
  if (m.how.has_unique_name)
    if (auto is_free = free_name(m.as); !is_free)
      return is_free.why();
  member comes{m.as, m.relay, m.who, m.how.connection, m.how.hears_source, {}, m.how.hears_items};
  const auto* before = members_.find(m.as.id);
  const bool is_back = before != nullptr;
  if (is_back)
    comes.who = before->who; // what it was called when it first came may have changed
  comes.who.is_away = false;
  comes.who.grants = grants;
  if (m.who.user) { // all connections of a user are one person, whatever they say
    comes.who.user = *m.who.user;
    comes.who.person = m.who.user->str();
  }
  if (m.how.is_resumable)
    comes.resume_token = is_back ? before->resume_token : random_token(token_bytes);
  const bool first_of_relay = members_.is_new(m.relay);
  welcome.self = comes.who;
  welcome.resume_token = comes.resume_token;
  if (auto added = members_.add(std::move(comes)); !added)
    return std::move(added).why();
  if (first_of_relay)
    self_->monitor(m.relay);
  away_until_.erase(m.as.id);
  if (is_back) {
    tell_all(participant_updated{welcome.self});
  } else {
    count(1);
    tell_all(participant_joined{welcome.self, members_.size()});
  }
  welcome.participants = presence_.everybody();
  welcome.number = log_.last();
  welcome.present = members_.size();
  return welcome;
}

result<void> room_people::free_name(const participant& comes) {
  const auto* known = members_.find_named(comes.name);
  if (!known || known->who.id == comes.id)
    return {};
  if (!known->is_lost)
    return {errc::conflict, "somebody in this room has this name"};
  put_out(known->who.id, {errc::conflict, "somebody else came with this name"});
  return {};
}

result<void> room_people::set_attention(participant_id who, const actors::set_attention& wanted) {
  auto* const known = members_.find(who);
  if (!known)
    return {errc::not_found, "only who is in the room can be seen there"};
  known->is_lost = wanted.is_lost;
  if (!wanted.is_lost)
    presence_.set_hidden(who, wanted.is_hidden);
  return {};
}

/// Its name and the rest stay what they were: nobody but itself notices a short break.
void room_people::resume(joined& welcome, const join& m, storage::role grants,
                         const member& known) {
  member again = known;
  if (again.relay)
    caf::anon_send(again.relay, connection_replaced{again.who.id, again.connection});
  const bool was_away = again.who.is_away;
  const bool is_changed = was_away || again.who.grants != grants;
  again.who.is_away = false;
  again.who.grants = grants;
  again.relay = m.relay;
  again.asking = m.who;
  again.connection = m.how.connection;
  again.hears_source = m.how.hears_source;
  again.hears_items = m.how.hears_items;
  watch(m.relay);
  welcome.self = again.who;
  welcome.resume_token = again.resume_token;
  welcome.missed = log_.since(m.how.heard); // before the news that it is back
  away_until_.erase(again.who.id);
  (void)members_.add(std::move(again)); // it has its place
  if (is_changed)
    tell_all(participant_updated{welcome.self});
  welcome.participants = presence_.everybody();
  welcome.number = log_.last();
  welcome.present = members_.size();
}

void room_people::leave(const actors::leave& m) {
  auto* known = members_.find(m.who);
  if (!known || known->connection != m.connection)
    return; // another connection goes on as this participant
  if (m.was_lost && !known->resume_token.empty())
    return set_away(*known);
  part_with(m.who);
}

void room_people::set_away(member& who) {
  who.relay = nullptr;
  who.who.is_away = true;
  away_until_[who.who.id] = self_->clock().now() + room_bounds::away_for;
  (void)presence_.type(who.who.id, false);
  tell_all(participant_updated{who.who});
  schedule_end_of_away();
}

void room_people::schedule_end_of_away() {
  if (away_until_.empty() || std::exchange(will_end_away_, true))
    return;
  const auto first =
    std::ranges::min_element(away_until_, {}, [](const auto& each) { return each.second; });
  next_away_ = self_->run_delayed(first->second - self_->clock().now(), [this] {
    will_end_away_ = false;
    const auto now = self_->clock().now();
    std::vector<participant_id> over;
    for (const auto& [who, until] : away_until_)
      if (until <= now)
        over.push_back(who);
    for (const auto& who : over)
      part_with(who);
    schedule_end_of_away();
  });
}

void room_people::part_with(participant_id who) {
  if (!members_.remove(who))
    return;
  away_until_.erase(who);
  presence_.on_left(who);
  on_left_(who);
  count(-1);
  if (members_.is_empty())
    log_.clear();
  tell_all(participant_left{who, members_.size()});
}

void room_people::on_relay_gone(const caf::actor_addr& relay) {
  for (const auto& who : members_.those_of(relay)) {
    auto* const known = members_.find(who);
    if (known->resume_token.empty())
      part_with(who);
    else
      set_away(*known);
  }
}

void room_people::review(
  const std::function<std::optional<storage::role>(const caller&)>& role_now) {
  const auto changed = members_.remove_changed(role_now);
  for (const auto& entry : changed) {
    const auto who = entry.who.id;
    away_until_.erase(who);
    presence_.on_left(who);
    on_left_(who);
    if (entry.relay)
      caf::anon_send(entry.relay, role_changed{who});
    count(-1);
    tell_all(participant_left{who, members_.size()});
  }
  for (const auto& entry : changed)
    if (entry.relay && members_.is_new(entry.relay))
      self_->demonitor(entry.relay); // the next join through it monitors it again
}

void room_people::put_out(participant_id who, const failure& why) {
  const auto* known = members_.find(who);
  if (known && known->relay)
    caf::anon_send(known->relay, participant_put_out{who, why});
  part_with(who);
}

room_files::writer room_people::writer_of(const caller& who) const {
  const std::string author = who.user ? who.user_name : who.token_hash.empty() ? "guest" : "token";
  return {author, who.client, members_.source_readers(who.client) > 1};
}

void room_people::tell_one(participant_id who, event fact) {
  const auto* known = members_.find(who);
  if (known && known->relay)
    caf::anon_send(known->relay, room_event{std::make_shared<const event>(std::move(fact)), who});
}

void room_people::tell_all(event fact) {
  if (members_.is_empty())
    return;
  room_event news{std::make_shared<const event>(std::move(fact))};
  log_.add(news);
  for (const auto& relay : members_.relays())
    caf::anon_send(relay, news);
}

} // namespace coterie::actors
