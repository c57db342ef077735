#include "actors/room_chat.hpp"

#include "actors/errors.hpp"
#include "actors/store.hpp"
#include "base/log.hpp"
#include "base/text.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <utility>

namespace coterie::actors {

namespace {

using bounds = room_chat_bounds;

result<void> check_text(std::string_view text) {
  if (text.empty())
    return {errc::invalid_argument, "text: must not be empty"};
  if (text.size() > bounds::text_bytes_max)
    return {errc::too_large,
            "text: has at most " + std::to_string(bounds::text_bytes_max) + " bytes"};
  if (text.find('\0') != text.npos || !is_utf8(text))
    return {errc::invalid_argument, "text: must be UTF-8 without NUL"};
  return {};
}

} // namespace

room_chat::room_chat(room_actor::pointer self, caf::actor store, storage::fence lease,
                     std::vector<storage::chat_message> tail, wall_clock now,
                     std::function<void(event)> tell_all)
    : self_(self),
      store_(std::move(store)),
      lease_(lease),
      now_(now),
      tell_all_(std::move(tell_all)),
      tail_(tail.begin(), tail.end()),
      last_(tail_.empty() ? 0 : tail_.back().number) {}

result<void> room_chat::admit(const author& by, bool is_paced) {
  if (in_flight_ >= bounds::in_flight_max)
    return {errc::rate_limited, "too many messages at once"};
  if (is_paced)
    return {};
  if (paces_.size() >= bounds::paced_persons_max)
    paces_.clear(); // generous for a moment
  auto& allowed = paces_[by.person];
  const auto now = self_->clock().now();
  const auto earned = (now - allowed.since) / bounds::per_message;
  if (allowed.since == caf::actor_clock::time_point{} || earned >= bounds::burst) {
    allowed = {bounds::burst, now};
  } else {
    allowed.left = std::min(bounds::burst, allowed.left + static_cast<int>(earned));
    allowed.since += earned * bounds::per_message;
  }
  if (allowed.left == 0)
    return {errc::rate_limited, "that is too fast; wait a second"};
  --allowed.left;
  return {};
}

void room_chat::post(const author& by, const post_chat& wanted, answer tell) {
  if (auto fits = check_text(wanted.text); !fits)
    return tell(fits.why());
  if (auto may = admit(by, wanted.is_paced); !may)
    return tell(may.why());
  storage::chat_message message;
  message.person = by.person;
  message.name = by.name;
  message.text = wanted.text;
  message.extras = wanted.extras;
  append(std::move(message), std::move(tell));
}

void room_chat::note_run(std::string name, job_id run, std::string path) {
  if (in_flight_ >= bounds::in_flight_max)
    return;
  storage::chat_message message;
  message.kind = storage::chat_kind::run;
  message.name = std::move(name);
  message.text = std::move(path);
  message.run = run;
  append(std::move(message), [](const result<storage::chat_message>&) {});
}

void room_chat::append(storage::chat_message message, answer tell) {
  message.number = ++last_;
  message.at = now_();
  ++in_flight_;
  auto task = make_store_task(
    [lease = lease_, message](storage::backend& db) { return db.append_chat(lease, message); });
  self_->request(store_, room_bounds::store_timeout, std::move(task))
    .then(
      [this, message, tell] {
        --in_flight_;
        tail_.push_back(message);
        if (tail_.size() > bounds::tail_max)
          tail_.pop_front();
        tell_all_(chat_posted{message});
        tell(message);
      },
      [this, tell](const caf::error& why) {
        --in_flight_;
        tell(to_failure(why));
      });
}

void room_chat::edit(const author& by, const edit_chat& wanted, answer tell) {
  if (auto fits = check_text(wanted.text); !fits)
    return tell(fits.why());
  change(
    wanted.number, by, false,
    [this, text = wanted.text](storage::chat_message& message) {
      message.text = text;
      message.edited_at = now_();
    },
    std::move(tell));
}

void room_chat::remove(const author& by, const remove_chat& wanted, answer tell) {
  change(
    wanted.number, by, true,
    [](storage::chat_message& message) {
      message.text.clear();
      message.is_removed = true;
    },
    std::move(tell));
}

void room_chat::change(std::uint64_t number, const author& by, bool owner_may,
                       std::function<void(storage::chat_message&)> how, answer tell) {
  if (in_flight_ >= bounds::in_flight_max)
    return tell(failure{errc::rate_limited, "too many messages at once"});
  ++in_flight_;
  const auto done = [this, tell = std::move(tell)](const result<storage::chat_message>& changed) {
    --in_flight_;
    tell(changed);
  };
  find(number, [this, by, owner_may, how = std::move(how),
                done](const result<storage::chat_message>& found) {
    if (!found)
      return done(found.why());
    const bool is_own =
      found->kind == storage::chat_kind::text && !by.person.empty() && found->person == by.person;
    if (!is_own && !(owner_may && by.is_owner))
      return done(failure{errc::forbidden, "this message is not yours"});
    if (found->is_removed)
      return done(failure{errc::not_found, "this message was removed"});
    auto message = *found;
    how(message);
    auto task = make_store_task(
      [lease = lease_, message](storage::backend& db) { return db.update_chat(lease, message); });
    self_->request(store_, room_bounds::store_timeout, std::move(task))
      .then(
        [this, message, done] {
          keep(message);
          tell_all_(chat_changed{message});
          done(message);
        },
        [done](const caf::error& why) { done(to_failure(why)); });
  });
}

void room_chat::find(std::uint64_t number, answer tell) {
  const auto known = std::ranges::lower_bound(tail_, number, {}, &storage::chat_message::number);
  if (known != tail_.end() && known->number == number)
    return tell(*known);
  self_->request(store_, room_bounds::store_timeout, make_listing_task(lease_.room, number + 1, 1))
    .then(
      [number, tell](const chat_listing& found) {
        if (found.messages.empty() || found.messages.front().number != number)
          return tell(failure{errc::not_found, "there is no such message"});
        tell(found.messages.front());
      },
      [tell](const caf::error& why) { tell(to_failure(why)); });
}

store_task make_listing_task(room_id room, std::optional<std::uint64_t> before, std::size_t limit) {
  return make_store_task([=](storage::backend& db) -> result<chat_listing> {
    auto found = db.list_chat(room, before, std::min(limit, bounds::page_max));
    if (!found)
      return found.why();
    return chat_listing{std::move(*found)};
  });
}

void room_chat::keep(const storage::chat_message& message) {
  const auto known =
    std::ranges::lower_bound(tail_, message.number, {}, &storage::chat_message::number);
  if (known != tail_.end() && known->number == message.number)
    *known = message;
}

} // namespace coterie::actors
