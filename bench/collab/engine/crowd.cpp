#include "crowd.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <stdexcept>
#include <string_view>

#include <arpa/inet.h>

namespace yload {

namespace {

std::string path_of(const options& wanted, const place& where) {
  static constexpr std::string_view variable = "{room}";
  auto path = wanted.path_template;
  for (auto at = path.find(variable); at != std::string::npos; at = path.find(variable, at)) {
    path.replace(at, variable.size(), where.name);
    at += where.name.size();
  }
  return path;
}

sockaddr_in address_of(const options& wanted) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(wanted.port));
  if (::inet_pton(AF_INET, wanted.host.c_str(), &address.sin_addr) != 1)
    throw std::invalid_argument("--host must be an IPv4 address");
  return address;
}

} // namespace

// -- one member ---------------------------------------------------------------------------------

member::member(surroundings& around, const room& where, int index)
    : around_(around),
      room_(where),
      index_(index),
      socket_(around.events, *this),
      received_(static_cast<std::size_t>(around.wanted.clients), 0) {}

void member::connect(const sockaddr_in& address) {
  const auto& wanted = around_.wanted;
  socket_.connect(address, upgrade_request(wanted.host, wanted.port, path_of(wanted, room_.where),
                                           wanted.header));
}

void member::write() {
  static constexpr std::string_view alphabet = "abcdefghijklmnopqrstuvwxyz";
  const auto number = sent_at_.size();
  std::array<char, 60> text{};
  const auto length = static_cast<std::size_t>(around_.wanted.chars);
  for (std::size_t i = 0; i < length; ++i)
    text[i] = alphabet[(number + i) % alphabet.size()];
  const auto at = now();
  sent_at_.push_back(at);
  if (around_.counts.measured.contains(at))
    ++around_.counts.sent;
  answer(around_.language.write({static_cast<std::uint64_t>(index_), number, {text.data(), length}},
                                room_.where));
}

std::uint64_t member::sent_in(const span_of_time& span) const {
  return static_cast<std::uint64_t>(
    std::ranges::count_if(sent_at_, [&](instant at) { return span.contains(at); }));
}

void member::on_open() {
  around_.language.open(room_.where, *this);
}

void member::on_message(opcode what, std::string_view bytes, instant at) {
  around_.counts.bytes += bytes.size();
  if (around_.counts.measured.contains(at))
    ++around_.counts.frames;
  heard_at_ = at;
  if (what == around_.language.frames())
    around_.language.read(bytes, room_.where, *this);
}

void member::on_close() {
  auto& counts = around_.counts;
  if (is_ready_) {
    --counts.ready;
    ++counts.lost;
  } else {
    ++counts.failed;
  }
  is_ready_ = false;
}

void member::answer(std::string_view payload) {
  socket_.send(around_.language.frames(), payload);
}

void member::on_synced() {
  if (is_ready_)
    return;
  is_ready_ = true;
  ++around_.counts.ready;
}

void member::on_text(std::uint64_t writer, std::uint64_t clock, std::uint64_t length) {
  if (writer >= received_.size())
    return;
  const auto chars = static_cast<std::uint64_t>(around_.wanted.chars);
  auto& received = received_[writer];
  if (clock > received * chars)
    ++around_.counts.out_of_order;
  const auto& from = *room_.members[writer];
  const auto end = std::min<std::uint64_t>((clock + length) / chars, from.sent_at_.size());
  for (; received < end; ++received)
    receive(from, received);
}

void member::receive(const member& from, std::uint64_t number) {
  auto& counts = around_.counts;
  if (&from == this) {
    ++counts.echoes;
    return;
  }
  const auto sent_at = from.sent_at_[number];
  if (counts.measured.contains(sent_at)) {
    counts.latency.add(heard_at_ - sent_at);
    ++counts.arrived;
  }
  if (counts.measured.contains(heard_at_))
    ++counts.delivered;
}

void member::on_awareness() {
  ++around_.counts.awareness;
}

void member::on_acknowledged() {
  ++around_.counts.acknowledgements;
}

void member::on_refused() {
  socket_.close();
}

// -- all of them --------------------------------------------------------------------------------

crowd::crowd(const options& wanted, std::mt19937_64& random)
    : wanted_(wanted),
      dialect_(make_dialect(wanted)),
      around_{wanted_, *dialect_, events_, counts_} {
  const auto prefix = wanted.room_prefix.empty()
                        ? "yload-" + std::to_string(random() % 1'000'000'000)
                        : wanted.room_prefix;
  for (int i = 0; i < wanted.rooms; ++i) {
    auto made = std::make_unique<room>();
    made->where = {prefix + "-" + std::to_string(i), (1ULL << 31) + random() % (1ULL << 30)};
    for (int k = 0; k < wanted.clients; ++k)
      made->members.push_back(std::make_unique<member>(around_, *made, k));
    rooms_.push_back(std::move(made));
  }
}

void crowd::connect_all() {
  const auto address = address_of(wanted_);
  const auto limit = now() + from_seconds(wanted_.connect_seconds_max);
  const auto all = members();
  const auto ended = [&] {
    return static_cast<std::size_t>(counts_.ready + counts_.failed + counts_.lost);
  };
  std::size_t started = 0;
  while (ended() < all.size() && now() < limit) {
    while (started < all.size()
           && started - ended() < static_cast<std::size_t>(wanted_.connecting_max))
      all[started++]->connect(address);
    poll(now() + std::chrono::milliseconds{20});
  }
}

std::vector<member*> crowd::members() const {
  std::vector<member*> all;
  for (const auto& room : rooms_)
    for (const auto& each : room->members)
      all.push_back(each.get());
  return all;
}

std::vector<member*> crowd::writers() const {
  std::vector<member*> found;
  for (const auto& room : rooms_)
    for (int i = 0; i < wanted_.writers; ++i)
      found.push_back(room->members[static_cast<std::size_t>(i)].get());
  return found;
}

std::size_t crowd::size() const {
  return rooms_.size() * static_cast<std::size_t>(wanted_.clients);
}

std::uint64_t crowd::expected() const {
  std::uint64_t expected = 0;
  for (const auto& room : rooms_) {
    const auto left = static_cast<std::uint64_t>(
      std::ranges::count_if(room->members, [](const auto& each) { return each->is_ready(); }));
    for (const auto& each : room->members)
      expected += each->sent_in(counts_.measured) * (left - (each->is_ready() ? 1 : 0));
  }
  return expected;
}

} // namespace yload
