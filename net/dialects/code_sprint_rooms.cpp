#include "net/dialects/code_sprint_rooms.hpp"

#include "base/random.hpp"
#include "base/text.hpp"

#include <sodium.h>

#include <algorithm>
#include <array>

namespace coterie::net {

namespace {

constexpr std::size_t plain_alias_max = 128; // also short enough for a title
constexpr std::size_t suffix_length = 7;
constexpr std::string_view path_of_id = "room-";
constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz0123456789";

constexpr std::array<std::string_view, 32> adjectives{
  "amber",  "brave", "bright", "calm",   "clever", "cosy",  "crisp",  "eager",
  "early",  "fair",  "fancy",  "gentle", "golden", "happy", "honest", "jolly",
  "keen",   "kind",  "lively", "lucky",  "mellow", "merry", "neat",   "noble",
  "polite", "proud", "quick",  "quiet",  "royal",  "shiny", "sunny",  "witty"};
constexpr std::array<std::string_view, 32> animals{
  "badger", "beaver", "bison",  "camel", "crane", "deer",   "dolphin", "eagle",
  "falcon", "ferret", "fox",    "gecko", "heron", "horse",  "ibis",    "koala",
  "lark",   "lemur",  "lion",   "llama", "lynx",  "marten", "moose",   "otter",
  "owl",    "panda",  "puffin", "raven", "robin", "seal",   "tiger",   "wolf"};

bool is_plain(std::string_view room) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  return !room.empty() && room.size() <= plain_alias_max && room.front() != '#' && is_utf8(room)
         && std::ranges::none_of(room, is_control);
}

} // namespace

std::string code_sprint_alias(std::string_view room) {
  if (is_plain(room))
    return std::string(room);
  std::array<unsigned char, crypto_generichash_BYTES> hash{};
  crypto_generichash(hash.data(), hash.size(), reinterpret_cast<const unsigned char*>(room.data()),
                     room.size(), nullptr, 0);
  return '#' + encode_base64({reinterpret_cast<const char*>(hash.data()), hash.size()});
}

std::string make_socket_path() {
  std::array<std::uint8_t, 2 + suffix_length> random{};
  fill_random(random);
  auto path = std::string(adjectives[random[0] % adjectives.size()]) + '-'
              + std::string(animals[random[1] % animals.size()]) + '-';
  for (std::size_t i = 2; i < random.size(); ++i)
    path += letters[random[i] % letters.size()];
  return path;
}

std::string socket_path_of(room_id room) {
  return std::string(path_of_id) + room.str();
}

std::optional<room_id> room_of_socket_path(std::string_view path) {
  if (!path.starts_with(path_of_id))
    return std::nullopt;
  return room_id::parse(path.substr(path_of_id.size()));
}

bool is_socket_path(std::string_view path) {
  if (room_of_socket_path(path))
    return true;
  const auto first = path.find('-');
  const auto last = path.rfind('-');
  return first != path.npos && first != last
         && std::ranges::find(adjectives, path.substr(0, first)) != adjectives.end()
         && std::ranges::find(animals, path.substr(first + 1, last - first - 1)) != animals.end()
         && path.size() - last - 1 == suffix_length
         && path.find_first_not_of(letters, last + 1) == path.npos;
}

bool code_sprint_rooms::touch(const std::string& alias, time_point now) {
  const std::lock_guard lock{mutex_};
  if (rooms_.size() >= rooms_max && !rooms_.contains(alias))
    return false;
  auto& room = rooms_[alias];
  room.last = now;
  return !room.is_ending;
}

void code_sprint_rooms::enter(const std::string& alias, time_point now) {
  const std::lock_guard lock{mutex_};
  auto& room = rooms_[alias];
  room.last = now;
  ++room.sockets;
}

void code_sprint_rooms::leave(const std::string& alias, time_point now) {
  const std::lock_guard lock{mutex_};
  const auto room = rooms_.find(alias);
  if (room == rooms_.end())
    return;
  room->second.last = now;
  room->second.sockets -= std::min<std::size_t>(room->second.sockets, 1);
}

std::vector<std::string> code_sprint_rooms::take_idle(time_point before) {
  const std::lock_guard lock{mutex_};
  std::vector<std::string> idle;
  for (auto& [alias, room] : rooms_)
    if (room.sockets == 0 && !room.is_ending && room.last <= before) {
      room.is_ending = true;
      idle.push_back(alias);
    }
  return idle;
}

void code_sprint_rooms::forget(const std::string& alias) {
  const std::lock_guard lock{mutex_};
  if (const auto room = rooms_.find(alias); room != rooms_.end() && room->second.sockets > 0)
    room->second.is_ending = false; // they hear that it is gone
  else if (room != rooms_.end())
    rooms_.erase(room);
}

void code_sprint_rooms::keep(const std::string& alias, time_point now) {
  const std::lock_guard lock{mutex_};
  if (const auto room = rooms_.find(alias); room != rooms_.end())
    room->second = {now, room->second.sockets, false};
}

} // namespace coterie::net
