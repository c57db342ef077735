#pragma once

// WebSocket frames (RFC 6455) as bytes: no sockets, no clock. No extension is ever negotiated,
// so reserved bits are always an error. Written by hand because gathering shared, pre-encoded
// frames costs 7 times less under load than a library write per frame.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace coterie::net {

enum class ws_opcode : std::uint8_t {
  continuation = 0,
  text = 1,
  binary = 2,
  close = 8,
  ping = 9,
  pong = 10,
};

/// A whole server frame, header included, shared by all who are sent it: server frames carry no
/// mask (RFC 6455, 5.1), so they are the same bytes for everybody. Never null.
using ws_frame = std::shared_ptr<const std::string>;

ws_frame encode_frame(ws_opcode opcode, std::string_view payload);

/// Close codes (RFC 6455, 7.4.1, and the IANA registry).
namespace ws_close {
inline constexpr std::uint16_t normal = 1000;
inline constexpr std::uint16_t going_away = 1001;
inline constexpr std::uint16_t protocol_error = 1002;
inline constexpr std::uint16_t no_status = 1005; ///< never sent: the peer's close had no code
inline constexpr std::uint16_t abnormal = 1006;  ///< never sent: the connection broke
inline constexpr std::uint16_t bad_payload = 1007;
inline constexpr std::uint16_t policy = 1008;
inline constexpr std::uint16_t too_big = 1009;
inline constexpr std::uint16_t internal_error = 1011;
inline constexpr std::uint16_t service_restart = 1012;
inline constexpr std::uint16_t try_again_later = 1013;
} // namespace ws_close

/// A close frame. A code that must not be sent (1005, 1006) makes one without payload; the
/// reason is cut to 123 bytes of whole characters.
ws_frame encode_close(std::uint16_t code, std::string_view reason);

/// The code of a close frame's payload that ws_parser let pass; 1005 when it is empty.
std::uint16_t close_code_of(std::string_view payload) noexcept;

/// Sec-WebSocket-Accept for a Sec-WebSocket-Key (RFC 6455, 4.2.2).
std::string accept_key(std::string_view key);

/// Whether `key` is base64 of 16 bytes, as RFC 6455, 4.2.1 asks.
bool is_handshake_key(std::string_view key);

/// XORs `bytes` with the mask, whose first byte belongs to byte `position` 0 of the payload.
void unmask(char* bytes, std::size_t size, std::array<std::uint8_t, 4> mask,
            std::size_t position) noexcept;

/// Checks UTF-8 that comes in pieces.
class utf8_checker {
public:
  /// False once the text cannot become valid any more.
  bool feed(std::string_view piece) noexcept;
  /// Whether the text may end here.
  bool is_complete() const noexcept {
    return pending_ == 0;
  }

private:
  std::uint8_t pending_ = 0; ///< continuation bytes still needed
  std::uint8_t low_ = 0x80;  ///< bounds of the next one
  std::uint8_t high_ = 0xbf;
};

/// Reads what clients send. Keeps only what is incomplete: at most one message, one control
/// frame and one frame header.
class ws_parser {
public:
  /// Larger messages, fragments added up, are a violation with 1009.
  explicit ws_parser(std::size_t message_bytes_max) : message_bytes_max_(message_bytes_max) {}

  enum class status : std::uint8_t { need_more, message, violation };

  struct step {
    status what = status::need_more;
    ws_opcode opcode = ws_opcode::binary; ///< of a message: text, binary, close, ping or pong
    std::string payload;                  ///< unmasked, fragments joined; text is valid UTF-8
    std::uint16_t close_code = 0;         ///< of a violation: 1002, 1007 or 1009
    std::string_view reason;              ///< of a violation: what the peer did wrong
  };

  /// Consumes the front of `bytes` up to the end of the next message or control frame. After a
  /// violation the stream has no meaning any more: do not call again.
  step next(std::string_view& bytes);

private:
  step violation(std::uint16_t code, std::string_view reason) const;
  bool read_header(std::string_view& bytes);
  std::optional<step> check_header();
  std::optional<step> read_payload(std::string_view& bytes);
  std::optional<step> finish_frame();
  step finish_control();

  bool is_control() const noexcept {
    return opcode_ >= 8;
  }

  std::size_t message_bytes_max_;
  std::array<std::uint8_t, 14> header_{};
  std::uint8_t header_size_ = 0; ///< bytes of header_ that are there
  bool in_payload_ = false;      ///< the header is complete and checked
  bool is_final_ = false;        ///< of the frame under way
  bool in_message_ = false;      ///< between the first and the last fragment
  std::uint8_t opcode_ = 0;      ///< of the frame under way
  std::array<std::uint8_t, 4> mask_{};
  std::uint64_t payload_size_ = 0; ///< of the frame under way
  std::uint64_t payload_done_ = 0;
  ws_opcode message_opcode_ = ws_opcode::binary;
  utf8_checker utf8_;
  std::string message_;
  std::string control_;
};

} // namespace coterie::net
