#include "net/socketio/socket_packet.hpp"

#include "base/text.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>
#include <charconv>

namespace coterie::net::socketio {

namespace json = boost::json;

namespace {

using bounds = socket_packet_bounds;

// Names that the client libraries keep for their own events.
constexpr std::array<std::string_view, 6> reserved_events = {
  "connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"};

failure malformed(const char* what) {
  return {errc::invalid_argument, what};
}

bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

bool is_binary(socket_type type) noexcept {
  return type == socket_type::binary_event || type == socket_type::binary_ack;
}

/// The digits in front of `text`, which loses them; nothing when there are none or too many.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::uint64_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc{})
    return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(read.ptr - text.data()));
  return value;
}

/// Everything in front of the JSON text.
result<socket_packet> take_head(std::string_view& text, std::size_t& attachments) {
  if (text.empty() || text.front() < '0' || text.front() > '6')
    return malformed("a packet is of no known type");
  socket_packet out;
  out.type = static_cast<socket_type>(text.front() - '0');
  text.remove_prefix(1);
  attachments = 0;
  if (is_binary(out.type)) {
    const auto count = take_number(text);
    if (!count || !text.starts_with('-'))
      return malformed("a binary packet does not say how many attachments it has");
    if (*count > bounds::attachments_max)
      return failure{errc::too_large, "a packet has too many attachments"};
    attachments = static_cast<std::size_t>(*count);
    text.remove_prefix(1);
  }
  if (text.starts_with('/')) {
    out.name_space = text.substr(0, text.find(','));
    text.remove_prefix(std::min(out.name_space.size() + 1, text.size()));
    if (out.name_space.size() > bounds::namespace_bytes_max)
      return failure{errc::too_large, "the name of a namespace is too long"};
  }
  if (!text.empty() && is_digit(text.front())) {
    out.ack_id = take_number(text);
    if (!out.ack_id || *out.ack_id > bounds::ack_id_max)
      return failure{errc::too_large, "the number of an acknowledgement is too large"};
  }
  return out;
}

bool are_placeholders_known(const json::value& value, std::size_t attachments) {
  if (const auto* list = value.if_array())
    return std::all_of(list->begin(), list->end(), [attachments](const json::value& each) {
      return are_placeholders_known(each, attachments);
    });
  const auto* object = value.if_object();
  if (!object)
    return true;
  if (const auto* mark = object->if_contains("_placeholder"); mark && *mark == json::value(true)) {
    const auto index = attachment_index(value);
    return index && *index < attachments;
  }
  return std::all_of(object->begin(), object->end(), [attachments](const auto& each) {
    return are_placeholders_known(each.value(), attachments);
  });
}

/// The name of an event moves from the arguments to its own place.
result<void> take_event_name(socket_packet& packet) {
  auto& values = packet.args.values;
  if (values.empty() || !values.front().is_string())
    return malformed("an event has no name");
  packet.event = values.front().get_string();
  if (std::find(reserved_events.begin(), reserved_events.end(), packet.event)
      != reserved_events.end())
    return malformed("an event has a reserved name");
  values.erase(values.begin());
  return {};
}

result<void> take_body(socket_packet& packet, std::string_view text, std::size_t attachments) {
  std::optional<json::value> body;
  if (!text.empty()) {
    json::parse_options options;
    options.max_depth = bounds::depth_max;
    boost::system::error_code problem;
    body = json::parse({text.data(), text.size()}, problem, {}, options);
    if (problem == json::error::too_deep)
      return failure{errc::too_large, "a packet nests too deep"};
    if (problem)
      return malformed("a packet is not JSON");
  }
  switch (packet.type) {
  case socket_type::connect:
    if (body && !body->is_object())
      return malformed("the payload of CONNECT is no object");
    packet.payload = std::move(body);
    return {};
  case socket_type::disconnect:
    return body ? result<void>(malformed("DISCONNECT has no payload")) : result<void>();
  case socket_type::connect_error:
    return malformed("only servers send CONNECT_ERROR");
  default:
    break;
  }
  if (!body || !body->is_array())
    return malformed("the payload is no array");
  packet.args.values = std::move(body->get_array());
  const bool is_ack = packet.type == socket_type::ack || packet.type == socket_type::binary_ack;
  if (packet.args.values.size() > bounds::arguments_max + (is_ack ? 0 : 1))
    return failure{errc::too_large, "a packet has too many arguments"};
  if (is_binary(packet.type) && !are_placeholders_known(packet.args.values, attachments))
    return malformed("a placeholder has no attachment");
  if (!is_ack)
    return take_event_name(packet);
  return packet.ack_id ? result<void>() : malformed("an acknowledgement has no number");
}

std::string head(socket_type type, std::string_view name_space, std::size_t attachments = 0) {
  std::string out = "4"; // an Engine.IO message
  out += static_cast<char>('0' + static_cast<int>(type));
  if (is_binary(type))
    out += std::to_string(attachments) + '-';
  if (name_space != "/") {
    out += name_space;
    out += ',';
  }
  return out;
}

void append_list(std::string& out, const std::optional<std::string>& first,
                 const json::array& values, std::string_view last) {
  out += '[';
  const auto append = [&out, begin = out.size()](std::string_view text) {
    if (out.size() > begin)
      out += ',';
    out += text;
  };
  if (first)
    append(*first);
  for (const auto& value : values)
    append(json::serialize(value));
  if (!last.empty())
    append(json::serialize(json::string(last)));
  out += ']';
}

frame_list frames(std::string_view text, const std::vector<std::string>& attachments) {
  frame_list out;
  out.reserve(attachments.size() + 1);
  out.push_back(encode_frame(ws_opcode::text, text));
  for (const auto& bytes : attachments)
    out.push_back(encode_binary_packet(bytes));
  return out;
}

} // namespace

std::optional<std::size_t> attachment_index(const json::value& value) {
  const auto* object = value.if_object();
  if (!object)
    return std::nullopt;
  const auto* mark = object->if_contains("_placeholder");
  const auto* number = object->if_contains("num");
  if (!mark || *mark != json::value(true) || !number || !number->is_int64()
      || number->get_int64() < 0)
    return std::nullopt;
  return static_cast<std::size_t>(number->get_int64());
}

result<std::optional<socket_packet>> socket_decoder::feed_text(std::string_view text) {
  if (waiting_)
    return malformed("text came instead of an attachment");
  if (text.size() > bytes_max_)
    return failure{errc::too_large, "a packet is too large"};
  bytes_ = text.size();
  auto packet = take_head(text, missing_);
  if (!packet)
    return std::move(packet).why();
  if (auto taken = take_body(*packet, text, missing_); !taken)
    return std::move(taken).why();
  if (missing_ == 0)
    return std::optional(std::move(*packet));
  waiting_ = std::move(*packet);
  return std::optional<socket_packet>();
}

result<std::optional<socket_packet>> socket_decoder::feed_bytes(std::string bytes) {
  if (!waiting_)
    return malformed("bytes came that no packet has announced");
  bytes_ += bytes.size();
  if (bytes_ > bytes_max_)
    return failure{errc::too_large, "a packet is too large"};
  waiting_->args.attachments.push_back(std::move(bytes));
  if (--missing_ > 0)
    return std::optional<socket_packet>();
  return std::exchange(waiting_, std::nullopt);
}

ws_frame encode_connect(std::string_view name_space, const json::object& payload) {
  return encode_frame(ws_opcode::text,
                      head(socket_type::connect, name_space) + json::serialize(payload));
}

ws_frame encode_connect_error(std::string_view name_space, std::string_view message,
                              const json::value& data) {
  json::object payload{{"message", message}};
  if (!data.is_null())
    payload["data"] = data;
  return encode_frame(ws_opcode::text,
                      head(socket_type::connect_error, name_space) + json::serialize(payload));
}

ws_frame encode_disconnect(std::string_view name_space) {
  return encode_frame(ws_opcode::text, head(socket_type::disconnect, name_space));
}

frame_list encode_event(std::string_view name_space, std::string_view event, const arguments& args,
                        std::optional<std::uint64_t> ack_id, std::string_view offset) {
  const auto type = args.attachments.empty() ? socket_type::event : socket_type::binary_event;
  auto text = head(type, name_space, args.attachments.size());
  if (ack_id)
    text += std::to_string(*ack_id);
  append_list(text, json::serialize(json::string(event)), args.values, offset);
  return frames(text, args.attachments);
}

frame_list encode_ack(std::string_view name_space, std::uint64_t ack_id, const arguments& args) {
  const auto type = args.attachments.empty() ? socket_type::ack : socket_type::binary_ack;
  auto text = head(type, name_space, args.attachments.size());
  text += std::to_string(ack_id);
  append_list(text, std::nullopt, args.values, {});
  return frames(text, args.attachments);
}

} // namespace coterie::net::socketio
