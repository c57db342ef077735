#include "net/ws_codec.hpp"

#include "base/text.hpp"
#include "base/ws_header.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace coterie::net {

namespace {

constexpr std::size_t control_bytes_max = 125; // RFC 6455, 5.5

// Claimed lengths are believed up to here; beyond, memory grows with what arrives.
constexpr std::size_t reserved_bytes_max = 64 << 10;

constexpr std::string_view handshake_guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Codes that a peer may put into a close frame (RFC 6455, 7.4, and the IANA registry).
bool is_sendable_close_code(std::uint16_t code) noexcept {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014)
         || (code >= 3000 && code <= 4999);
}

std::uint64_t read_big_endian(const std::uint8_t* from, std::size_t size) noexcept {
  std::uint64_t out = 0;
  for (std::size_t i = 0; i < size; ++i)
    out = out << 8 | from[i];
  return out;
}

/// Size of a frame header whose first two bytes are there.
std::size_t header_bytes(const std::array<std::uint8_t, 14>& header) noexcept {
  const auto length = header[1] & 0x7f;
  const std::size_t extended = length == 126 ? 2 : length == 127 ? 8 : 0;
  const std::size_t mask = (header[1] & 0x80) != 0 ? 4 : 0;
  return 2 + extended + mask;
}

} // namespace

ws_frame encode_frame(ws_opcode opcode, std::string_view payload) {
  std::string out;
  out.reserve(payload.size() + ws_header_bytes_max);
  append_ws_header(out, static_cast<std::uint8_t>(opcode), payload.size());
  out += payload;
  return std::make_shared<const std::string>(std::move(out));
}

ws_frame encode_close(std::uint16_t code, std::string_view reason) {
  if (!is_sendable_close_code(code))
    return encode_frame(ws_opcode::close, {});
  std::string payload;
  payload += static_cast<char>(code >> 8);
  payload += static_cast<char>(code & 0xff);
  payload += utf8_prefix(reason, control_bytes_max - 2);
  return encode_frame(ws_opcode::close, payload);
}

std::uint16_t close_code_of(std::string_view payload) noexcept {
  if (payload.size() < 2)
    return ws_close::no_status;
  return static_cast<std::uint16_t>(static_cast<unsigned char>(payload[0]) << 8
                                    | static_cast<unsigned char>(payload[1]));
}

std::string accept_key(std::string_view key) {
  std::string text(key);
  text += handshake_guid;
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (EVP_Digest(text.data(), text.size(), digest, &size, EVP_sha1(), nullptr) != 1)
    return {};
  return encode_base64({reinterpret_cast<const char*>(digest), size});
}

bool is_handshake_key(std::string_view key) {
  const auto bytes = decode_base64(key);
  return bytes && bytes->size() == 16;
}

void unmask(char* bytes, std::size_t size, std::array<std::uint8_t, 4> mask,
            std::size_t position) noexcept {
  std::array<std::uint8_t, 8> wide{};
  for (std::size_t i = 0; i < wide.size(); ++i)
    wide[i] = mask[(position + i) % 4];
  std::uint64_t pattern = 0;
  std::memcpy(&pattern, wide.data(), sizeof pattern);
  std::size_t i = 0;
  for (; i + 8 <= size; i += 8) { // eight at a time keeps the phase, as 8 is a multiple of 4
    std::uint64_t word = 0;
    std::memcpy(&word, bytes + i, sizeof word);
    word ^= pattern;
    std::memcpy(bytes + i, &word, sizeof word);
  }
  for (; i < size; ++i)
    bytes[i] = static_cast<char>(static_cast<std::uint8_t>(bytes[i]) ^ wide[i % 8]);
}

// RFC 3629, 4: the second byte of some sequences has narrower bounds than 80..BF, which rules
// out overlong forms, surrogates and code points beyond U+10FFFF.
bool utf8_checker::feed(std::string_view piece) noexcept {
  std::size_t i = 0;
  while (i < piece.size()) {
    if (pending_ == 0) { // skip eight ASCII bytes at a time
      std::uint64_t word = 0;
      while (i + 8 <= piece.size()) {
        std::memcpy(&word, piece.data() + i, sizeof word);
        if ((word & 0x8080808080808080U) != 0)
          break;
        i += 8;
      }
      if (i == piece.size())
        break;
    }
    const auto byte = static_cast<std::uint8_t>(piece[i++]);
    if (pending_ > 0) {
      if (byte < low_ || byte > high_)
        return false;
      --pending_;
      low_ = 0x80;
      high_ = 0xbf;
    } else if (byte >= 0xc2 && byte <= 0xdf) {
      pending_ = 1;
    } else if (byte >= 0xe0 && byte <= 0xef) {
      pending_ = 2;
      low_ = byte == 0xe0 ? 0xa0 : 0x80;
      high_ = byte == 0xed ? 0x9f : 0xbf;
    } else if (byte >= 0xf0 && byte <= 0xf4) {
      pending_ = 3;
      low_ = byte == 0xf0 ? 0x90 : 0x80;
      high_ = byte == 0xf4 ? 0x8f : 0xbf;
    } else if (byte >= 0x80) {
      return false;
    }
  }
  return true;
}

ws_parser::step ws_parser::violation(std::uint16_t code, std::string_view reason) const {
  step out;
  out.what = status::violation;
  out.close_code = code;
  out.reason = reason;
  return out;
}

ws_parser::step ws_parser::next(std::string_view& bytes) {
  for (;;) {
    if (!in_payload_) {
      if (!read_header(bytes))
        return {};
      if (auto wrong = check_header())
        return std::move(*wrong);
    }
    if (auto wrong = read_payload(bytes))
      return std::move(*wrong);
    if (payload_done_ < payload_size_)
      return {};
    in_payload_ = false;
    header_size_ = 0;
    if (auto finished = finish_frame())
      return std::move(*finished);
  }
}

/// Collects header bytes; whether they are complete.
bool ws_parser::read_header(std::string_view& bytes) {
  for (;;) {
    const std::size_t wanted = header_size_ < 2 ? 2 : header_bytes(header_);
    if (header_size_ >= 2 && header_size_ == wanted)
      return true;
    const auto taken = std::min<std::size_t>(wanted - header_size_, bytes.size());
    if (taken == 0)
      return false;
    std::memcpy(header_.data() + header_size_, bytes.data(), taken);
    header_size_ = static_cast<std::uint8_t>(header_size_ + taken);
    bytes.remove_prefix(taken);
  }
}

std::optional<ws_parser::step> ws_parser::check_header() {
  is_final_ = (header_[0] & 0x80) != 0;
  opcode_ = header_[0] & 0x0f;
  if ((header_[0] & 0x70) != 0)
    return violation(ws_close::protocol_error, "reserved bits are set");
  if ((header_[1] & 0x80) == 0)
    return violation(ws_close::protocol_error, "client frames must be masked");
  std::memcpy(mask_.data(), header_.data() + header_size_ - 4, 4);
  const auto short_size = header_[1] & 0x7f;
  payload_size_ = static_cast<std::uint64_t>(short_size);
  if (short_size == 126)
    payload_size_ = read_big_endian(header_.data() + 2, 2);
  else if (short_size == 127)
    payload_size_ = read_big_endian(header_.data() + 2, 8);
  if ((short_size == 126 && payload_size_ < 126)
      || (short_size == 127 && (payload_size_ <= 0xffff || payload_size_ >> 63 != 0)))
    return violation(ws_close::protocol_error, "payload length is not in its shortest form");

  if (is_control()) {
    if (opcode_ > static_cast<int>(ws_opcode::pong))
      return violation(ws_close::protocol_error, "unknown opcode");
    if (!is_final_ || payload_size_ > control_bytes_max)
      return violation(ws_close::protocol_error, "control frame is fragmented or too long");
  } else {
    if (opcode_ > static_cast<int>(ws_opcode::binary))
      return violation(ws_close::protocol_error, "unknown opcode");
    if (in_message_ != (opcode_ == 0))
      return violation(ws_close::protocol_error, "fragments out of order");
    if (payload_size_ > message_bytes_max_ - message_.size())
      return violation(ws_close::too_big, "message is too large");
    if (!in_message_) {
      message_opcode_ = static_cast<ws_opcode>(opcode_);
      utf8_ = {};
      in_message_ = true;
    }
    message_.reserve(message_.size() + std::min<std::uint64_t>(payload_size_, reserved_bytes_max));
  }
  payload_done_ = 0;
  in_payload_ = true;
  return std::nullopt;
}

std::optional<ws_parser::step> ws_parser::read_payload(std::string_view& bytes) {
  const auto taken =
    static_cast<std::size_t>(std::min<std::uint64_t>(payload_size_ - payload_done_, bytes.size()));
  auto& into = is_control() ? control_ : message_;
  const auto at = into.size();
  into.append(bytes.data(), taken);
  bytes.remove_prefix(taken);
  unmask(into.data() + at, taken, mask_, static_cast<std::size_t>(payload_done_ % 4));
  payload_done_ += taken;
  if (!is_control() && message_opcode_ == ws_opcode::text
      && !utf8_.feed(std::string_view(into).substr(at)))
    return violation(ws_close::bad_payload, "text is not UTF-8");
  return std::nullopt;
}

/// What a complete frame completes; nothing for a fragment that is not the last.
std::optional<ws_parser::step> ws_parser::finish_frame() {
  if (is_control())
    return finish_control();
  if (!is_final_)
    return std::nullopt;
  if (message_opcode_ == ws_opcode::text && !utf8_.is_complete())
    return violation(ws_close::bad_payload, "text ends inside a character");
  in_message_ = false;
  step out;
  out.what = status::message;
  out.opcode = message_opcode_;
  out.payload = std::exchange(message_, {});
  return out;
}

ws_parser::step ws_parser::finish_control() {
  step out;
  out.what = status::message;
  out.opcode = static_cast<ws_opcode>(opcode_);
  out.payload = std::exchange(control_, {});
  if (out.opcode != ws_opcode::close || out.payload.empty())
    return out;
  if (out.payload.size() == 1 || !is_sendable_close_code(close_code_of(out.payload)))
    return violation(ws_close::protocol_error, "bad close code");
  if (!is_utf8(std::string_view(out.payload).substr(2)))
    return violation(ws_close::bad_payload, "close reason is not UTF-8");
  return out;
}

} // namespace coterie::net
