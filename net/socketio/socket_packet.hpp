#pragma once

// Packets of Socket.IO, protocol 5 (github.com/socketio/socket.io-protocol), which are Engine.IO
// messages: one of text, then one of bytes for each attachment. No sockets, no clock.

#include "base/result.hpp"
#include "net/socketio/engine_packet.hpp"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coterie::net::socketio {

struct socket_packet_bounds {
  static constexpr std::size_t attachments_max = 10;      ///< as in socket.io-parser
  static constexpr std::size_t namespace_bytes_max = 128; ///< with its slash
  static constexpr std::size_t arguments_max = 256;       ///< the name of the event not counted
  static constexpr std::size_t depth_max = 32;            ///< arrays and objects inside each other
  static constexpr std::uint64_t ack_id_max = (1ULL << 53U) - 1; ///< JavaScript's integers
};

enum class socket_type : std::uint8_t {
  connect,
  disconnect,
  event,
  ack,
  connect_error,
  binary_event,
  binary_ack,
};

/// Arguments of an event or an acknowledgement. Where bytes belong there stands
/// {"_placeholder":true,"num":N}, and `attachments[N]` holds them. Texts are UTF-8: what was
/// received is, and what is sent must be (to_utf8()), or the client closes.
struct arguments {
  boost::json::array values{};
  std::vector<std::string> attachments{};
};

/// Which attachment `value` stands for; nothing when it is no placeholder.
std::optional<std::size_t> attachment_index(const boost::json::value& value);

/// One packet as it was received, attachments included.
struct socket_packet {
  socket_type type = socket_type::connect;
  std::string name_space = "/";
  std::optional<std::uint64_t> ack_id{};
  std::string event{};                         ///< of an event: its name
  arguments args{};                            ///< of an event or an ack
  std::optional<boost::json::value> payload{}; ///< of connect: an object, when there is one
};

/// Puts packets together. A violation is final: the connection has no meaning any more.
class socket_decoder {
public:
  /// `bytes_max` bounds a packet, attachments included.
  explicit socket_decoder(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  /// A packet, or nothing when attachments are still to come. invalid_argument for what no client
  /// of the protocol sends, too_large beyond the bounds.
  result<std::optional<socket_packet>> feed_text(std::string_view text);
  result<std::optional<socket_packet>> feed_bytes(std::string bytes);

private:
  std::size_t bytes_max_;
  std::optional<socket_packet> waiting_{}; ///< for attachments
  std::size_t missing_ = 0;                ///< attachments
  std::size_t bytes_ = 0;                  ///< of the packet under way
};

/// What is sent: frames that belong together, the text first. Shared by all who are sent it.
using frame_list = std::vector<ws_frame>;

ws_frame encode_connect(std::string_view name_space, const boost::json::object& payload);
ws_frame encode_connect_error(std::string_view name_space, std::string_view message,
                              const boost::json::value& data);
ws_frame encode_disconnect(std::string_view name_space);
/// `offset`, when not empty, becomes one more argument (connection state recovery).
frame_list encode_event(std::string_view name_space, std::string_view event, const arguments& args,
                        std::optional<std::uint64_t> ack_id = std::nullopt,
                        std::string_view offset = {});
frame_list encode_ack(std::string_view name_space, std::uint64_t ack_id, const arguments& args);

} // namespace coterie::net::socketio
