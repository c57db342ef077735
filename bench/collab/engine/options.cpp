#include "options.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <stdexcept>

namespace yload {

namespace {

using reader = std::function<void(const std::string&)>;

reader read_text(std::string& to) {
  return [&to](const std::string& text) { to = text; };
}

reader read_number(double& to) {
  return [&to](const std::string& text) { to = std::stod(text); };
}

reader read_number(int& to) {
  return [&to](const std::string& text) { to = std::stoi(text); };
}

protocol protocol_of(const std::string& name) {
  if (name == "y-websocket")
    return protocol::y_websocket;
  if (name == "hocuspocus")
    return protocol::hocuspocus;
  if (name == "socketio")
    return protocol::socketio;
  throw std::invalid_argument("--dialect is y-websocket, hocuspocus or socketio");
}

std::vector<int> process_ids_of(const std::string& list) {
  std::vector<int> ids;
  for (std::size_t from = 0; from < list.size();) {
    const auto comma = std::min(list.find(',', from), list.size());
    ids.push_back(std::stoi(list.substr(from, comma - from)));
    from = comma + 1;
  }
  return ids;
}

void check(options& wanted) {
  if (wanted.port <= 0 || wanted.port > 65535)
    throw std::invalid_argument("--port is required");
  if (wanted.rooms < 1 || wanted.clients < 1)
    throw std::invalid_argument("--rooms and --clients are at least 1");
  if (wanted.writers < 0 || wanted.writers > wanted.clients)
    wanted.writers = wanted.clients;
  wanted.chars = std::clamp(wanted.chars, 1, 60);
}

} // namespace

options parse_options(int count, char** arguments) {
  options wanted;
  const std::map<std::string, reader> readers{
    {"--host", read_text(wanted.host)},
    {"--port", read_number(wanted.port)},
    {"--path-template", read_text(wanted.path_template)},
    {"--header", read_text(wanted.header)},
    {"--dialect", [&](const std::string& text) { wanted.dialect = protocol_of(text); }},
    {"--token", read_text(wanted.token)},
    {"--room-prefix", read_text(wanted.room_prefix)},
    {"--rooms", read_number(wanted.rooms)},
    {"--clients", read_number(wanted.clients)},
    {"--writers", read_number(wanted.writers)},
    {"--chars", read_number(wanted.chars)},
    {"--rate", read_number(wanted.rate)},
    {"--seconds", read_number(wanted.seconds)},
    {"--warmup", read_number(wanted.warmup_seconds)},
    {"--drain", read_number(wanted.drain_seconds)},
    {"--connect-timeout", read_number(wanted.connect_seconds_max)},
    {"--parallel-connect", read_number(wanted.connecting_max)},
    {"--pid", [&](const std::string& text) { wanted.processes = process_ids_of(text); }},
  };
  for (int i = 1; i < count; i += 2) {
    const std::string name = arguments[i];
    const auto known = readers.find(name);
    if (known == readers.end() || i + 1 == count)
      throw std::invalid_argument(name + " is not an option, or has no value");
    try {
      known->second(arguments[i + 1]);
    } catch (const std::logic_error& why) { // what std::stoi and our own throw
      throw std::invalid_argument(name + " cannot be " + arguments[i + 1]);
    }
  }
  check(wanted);
  return wanted;
}

} // namespace yload
