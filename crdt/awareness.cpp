#include "crdt/awareness.hpp"

#include "crdt/any.hpp"
#include "crdt/varint.hpp"

#include <algorithm>

namespace coterie::crdt {

namespace {

constexpr std::string_view null_text = "null";

/// Client, clock, and a state of at least one byte with its length.
constexpr std::size_t entry_bytes_min = 4;

/// Whether a JSON text is null; space around it does not matter.
bool is_null(std::string_view json) noexcept {
  constexpr std::string_view space = " \t\n\r";
  const std::size_t begin = std::min(json.find_first_not_of(space), json.size());
  const std::size_t end = json.find_last_not_of(space) + 1;
  return json.substr(begin, end - begin) == null_text;
}

/// Entries of one message, of which the number is known only at the end.
class message {
public:
  void add(client_id client, std::uint64_t clock, std::string_view state) {
    entries_.write_varuint(client);
    entries_.write_varuint(clock);
    entries_.write_byte_string(state.empty() ? null_text : state);
    ++count_;
  }
  bool is_empty() const noexcept {
    return count_ == 0;
  }
  std::string take() {
    writer whole(entries_.size() + varuint_size(count_));
    whole.write_varuint(count_);
    whole.write_bytes(entries_.view());
    return whole.take();
  }

private:
  writer entries_;
  std::uint64_t count_ = 0;
};

} // namespace

/// One entry of a message that was received.
struct awareness::announcement {
  client_id client = 0;
  std::uint64_t clock = 0;
  std::string_view state; // empty: gone
  bool is_gone() const noexcept {
    return state.empty();
  }
};

class awareness::change_builder {
public:
  void add(client_id client, std::uint64_t clock, std::string_view state) {
    change_.added.push_back(client);
    relay_.add(client, clock, state);
  }
  void update(client_id client, std::uint64_t clock, std::string_view state) {
    change_.updated.push_back(client);
    relay_.add(client, clock, state);
  }
  void remove(client_id client, std::uint64_t clock) {
    change_.removed.push_back(client);
    relay_.add(client, clock, {});
  }
  void refuse() noexcept {
    ++change_.refused;
  }
  awareness_change take() {
    if (!relay_.is_empty())
      change_.relay = relay_.take();
    return std::move(change_);
  }

private:
  awareness_change change_;
  message relay_;
};

result<awareness_change> awareness::apply(std::string_view update, connection_key from,
                                          time_point now) {
  const auto news = parse(update);
  if (!news)
    return news.why();
  std::size_t owned = count_owned(from);
  change_builder change;
  for (const announcement& one : *news) {
    if (!take(one, from, now, owned, change))
      change.refuse();
  }
  return change.take();
}

/// Everything is checked before anything changes. What follows the last entry is ignored, as
/// y-protocols does.
result<std::vector<awareness::announcement>> awareness::parse(std::string_view update) const {
  reader from(update);
  const std::uint64_t count = from.read_count(entry_bytes_min);
  if (count > limits_.clients)
    return {errc::too_large, "the awareness message has too many entries"};
  std::vector<announcement> news;
  news.reserve(static_cast<std::size_t>(count));
  while (news.size() < count) {
    announcement one;
    one.client = from.read_varuint();
    one.clock = from.read_varuint();
    one.state = from.read_byte_string();
    if (from.failed())
      break;
    if (one.state.size() > limits_.state_bytes)
      return {errc::too_large, "the awareness state is too large"};
    if (!is_json(one.state))
      return {errc::invalid_argument, "the awareness state is not JSON"};
    if (is_null(one.state))
      one.state = {};
    news.push_back(one);
  }
  if (from.failed())
    return {errc::invalid_argument, "the awareness message is malformed"};
  return news;
}

/// Whether the entry says something that the table does not know: the rule of y-protocols, and the
/// return at an unchanged clock that the header tells about.
bool awareness::is_news(const announcement& news, const entry* known,
                        std::size_t owned) const noexcept {
  if (!known)
    return news.clock > 0;
  if (news.clock != known->clock)
    return news.clock > known->clock;
  return news.is_gone() ? !known->is_gone() : known->was_removed_here && owned == 0;
}

bool awareness::is_allowed(const announcement& news, const entry* known, connection_key from,
                           std::size_t owned) const noexcept {
  if (news.clock - (known ? known->clock : 0) > limits_.clock_step)
    return false;
  if (known && !known->is_gone())
    return known->owner == from;
  return news.is_gone() || owned < limits_.clients_per_connection;
}

/// False when the entry is refused; one that is no news is not.
bool awareness::take(const announcement& news, connection_key from, time_point now,
                     std::size_t& owned, change_builder& change) {
  auto which = entries_.find(news.client);
  const bool is_known = which != entries_.end();
  const entry* const known = is_known ? &which->second : nullptr;
  if (!is_news(news, known, owned))
    return true;
  if (!is_allowed(news, known, from, owned))
    return false;
  if (!is_known) {
    if (!make_room())
      return false;
    which = entries_.emplace(news.client, entry{}).first;
  }
  const bool had_owner = is_known && !which->second.is_gone();
  which->second.clock = news.clock;
  if (news.is_gone()) {
    set_gone(which, false);
    owned -= had_owner ? 1 : 0;
    if (is_known) // else there is nobody to take leave of
      change.remove(news.client, news.clock);
    return true;
  }
  set_state(which, news.state, from, now);
  owned += had_owner ? 0 : 1;
  if (is_known)
    change.update(news.client, news.clock, news.state);
  else
    change.add(news.client, news.clock, news.state);
  return true;
}

std::size_t awareness::count_owned(connection_key owner) const noexcept {
  const auto is_owned = [owner](const auto& item) {
    return !item.second.is_gone() && item.second.owner == owner;
  };
  return static_cast<std::size_t>(std::count_if(entries_.begin(), entries_.end(), is_owned));
}

/// Forgets the id that is gone for the longest time if the table is full; false when all live.
bool awareness::make_room() {
  if (entries_.size() < limits_.clients)
    return true;
  if (gone_.empty())
    return false;
  entries_.erase(gone_.begin()->second);
  gone_.erase(gone_.begin());
  return true;
}

void awareness::set_gone(table::iterator which, bool was_removed_here) {
  entry& target = which->second;
  gone_.erase(target.gone_order);
  target.gone_order = ++gone_count_;
  gone_.emplace(target.gone_order, which->first);
  target.state = {};
  target.was_removed_here = was_removed_here;
}

void awareness::set_state(table::iterator which, std::string_view state, connection_key owner,
                          time_point now) {
  entry& target = which->second;
  gone_.erase(target.gone_order);
  target.gone_order = 0;
  target.state = state;
  target.owner = owner;
  target.renewed = now;
}

awareness_change awareness::remove_connection(connection_key closed) {
  change_builder change;
  for (auto which = entries_.begin(); which != entries_.end(); ++which) {
    if (which->second.is_gone() || which->second.owner != closed)
      continue;
    set_gone(which, true);
    change.remove(which->first, which->second.clock);
  }
  return change.take();
}

awareness_change awareness::expire(time_point now) {
  change_builder change;
  for (auto which = entries_.begin(); which != entries_.end(); ++which) {
    if (which->second.is_gone() || now - which->second.renewed < limits_.lifetime)
      continue;
    set_gone(which, true);
    change.remove(which->first, which->second.clock);
  }
  return change.take();
}

std::string awareness::encode_states() const {
  message states;
  for (const auto& [client, known] : entries_) {
    if (!known.is_gone())
      states.add(client, known.clock, known.state);
  }
  return states.is_empty() ? std::string() : states.take();
}

std::string awareness::encode(const std::vector<client_id>& clients) const {
  message states;
  for (const client_id client : clients) {
    if (const auto known = entries_.find(client); known != entries_.end())
      states.add(client, known->second.clock, known->second.state);
  }
  return states.take();
}

std::optional<awareness::client_state> awareness::find(client_id client) const {
  const auto which = entries_.find(client);
  if (which == entries_.end())
    return std::nullopt;
  return client_state{which->second.clock,
                      which->second.is_gone() ? null_text : which->second.state};
}

std::vector<client_id> awareness::clients() const {
  std::vector<client_id> live;
  for (const auto& [client, known] : entries_) {
    if (!known.is_gone())
      live.push_back(client);
  }
  return live;
}

} // namespace coterie::crdt
