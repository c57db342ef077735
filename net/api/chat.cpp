#include "net/api/chat.hpp"

#include "actors/room.hpp"
#include "actors/room_chat.hpp"
#include "net/json.hpp"

#include <boost/json/array.hpp>

#include <charconv>

namespace coterie::net {

namespace json = boost::json;

namespace {

/// A query parameter that is a number from 1 to `max`; answers 400 and gives false for another.
bool read_number(const request& from, std::string_view name, std::uint64_t max,
                 std::optional<std::uint64_t>& into, const responder_ptr& reply) {
  const auto text = from.query_value(name);
  if (!text)
    return true;
  std::uint64_t value = 0;
  const auto* end = text->data() + text->size();
  const auto [stop, problem] = std::from_chars(text->data(), end, value);
  if (problem == std::errc{} && stop == end && value >= 1 && value <= max) {
    into = value;
    return true;
  }
  reply->fail({errc::invalid_argument, "The query is malformed."},
              {std::string(name) + ": must be a number from 1 to " + std::to_string(max)});
  return false;
}

void list(const api_context_ptr& context, const request& from, const responder_ptr& reply) {
  const auto room = id_from_path<room_id>(from, reply);
  actors::list_chat message{caller_of(from), std::nullopt, 50};
  std::optional<std::uint64_t> limit;
  if (!room || !read_number(from, "before", INT64_MAX, message.before, reply)
      || !read_number(from, "limit", actors::room_chat_bounds::page_max, limit, reply))
    return;
  message.limit = static_cast<std::size_t>(limit.value_or(message.limit));
  ask_room_or_refuse<actors::chat_listing>(
    context, *room, std::move(message), reply,
    [](const responder_ptr& to, const actors::chat_listing& found) {
      json::array messages;
      for (const auto& one : found.messages)
        messages.push_back(chat_json(one));
      to->send(json_response(200, {{"messages", std::move(messages)}}));
    });
}

} // namespace

json::object chat_json(const storage::chat_message& message) {
  json::object out{
    {"message", message.number}, {"kind", message.kind == storage::chat_kind::run ? "run" : "text"},
    {"person", message.person},  {"name", message.name},
    {"text", message.text},      {"at", format_rfc3339(message.at)}};
  if (message.run)
    out["run"] = message.run->str();
  if (message.edited_at)
    out["edited_at"] = format_rfc3339(*message.edited_at);
  if (message.is_removed)
    out["removed"] = true;
  return out;
}

void add_chat_api(router& routes, api_context_ptr context) {
  routes.add(
    method::get, "/api/v1/rooms/{id}/chat",
    [context](const request& from, const responder_ptr& reply) { list(context, from, reply); });
}

} // namespace coterie::net
