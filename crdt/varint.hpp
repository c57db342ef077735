#pragma once

// The integers and strings of lib0, which every Yjs message is made of.
//
//   varUint    7 bits a byte, lowest group first, high bit: another byte follows; up to 2^53-1
//   varInt     first byte: bit 7 more, bit 6 minus, 6 bits of magnitude; then as varUint
//   varString  varUint count of bytes, then UTF-8
//
// A reader never throws and never looks past its end: after the first malformed or missing byte it
// is failed(), and everything it then gives is zero or empty. Callers check once, at the end.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace coterie::crdt {

/// The largest integer that JavaScript holds exactly; a larger varUint is malformed.
inline constexpr std::uint64_t varint_max = (std::uint64_t{1} << 53) - 1;

/// Reads from bytes that outlive it; what it gives as a string_view points into them.
class reader {
public:
  explicit reader(std::string_view bytes) noexcept
      : begin_(bytes.data()), at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  bool failed() const noexcept {
    return failed_;
  }
  bool at_end() const noexcept {
    return at_ == end_;
  }
  std::size_t remaining() const noexcept {
    return static_cast<std::size_t>(end_ - at_);
  }
  /// Bytes read so far.
  std::size_t offset() const noexcept {
    return static_cast<std::size_t>(at_ - begin_);
  }
  const char* position() const noexcept {
    return at_;
  }
  /// For a caller that found what was read to make no sense.
  void fail() noexcept {
    failed_ = true;
    at_ = end_;
  }

  std::uint8_t read_byte() noexcept {
    if (at_ == end_) {
      fail();
      return 0;
    }
    return static_cast<std::uint8_t>(*at_++);
  }

  /// Over-long forms such as 80 00 are accepted, as lib0 does; 9 bytes and more are not.
  std::uint64_t read_varuint() noexcept {
    if (at_ != end_ && static_cast<std::uint8_t>(*at_) < 0x80)
      return static_cast<std::uint8_t>(*at_++);
    return read_long_varuint();
  }

  /// A varUint that counts things of which each takes at least `bytes_min` bytes: fails when they
  /// cannot all follow, so that a count never decides about memory by itself.
  std::uint64_t read_count(std::size_t bytes_min) noexcept {
    const std::uint64_t count = read_varuint();
    if (count > remaining() / bytes_min) {
      fail();
      return 0;
    }
    return count;
  }

  /// Sign and magnitude. Minus zero is told by `is_negative`.
  std::uint64_t read_varint(bool& is_negative) noexcept;

  /// `count` raw bytes.
  std::string_view read_bytes(std::uint64_t count) noexcept {
    if (count > remaining()) {
      fail();
      return {};
    }
    const std::string_view bytes(at_, static_cast<std::size_t>(count));
    at_ += count;
    return bytes;
  }

  /// A byte string: varUint count, then the bytes.
  std::string_view read_byte_string() noexcept {
    return read_bytes(read_varuint());
  }

  /// A varString; fails when it is not UTF-8 (encoded surrogates are not).
  std::string_view read_string() noexcept;

private:
  std::uint64_t read_long_varuint() noexcept;

  const char* begin_;
  const char* at_;
  const char* end_;
  bool failed_ = false;
};

/// Appends to a buffer of its own, which grows by doubling.
class writer {
public:
  writer() = default;
  explicit writer(std::size_t capacity) {
    out_.resize(capacity);
  }

  void write_byte(std::uint8_t byte) {
    ensure(1);
    out_[size_++] = static_cast<char>(byte);
  }
  void write_varuint(std::uint64_t value) {
    ensure(10);
    while (value > 0x7f) {
      out_[size_++] = static_cast<char>(0x80 | (value & 0x7f));
      value >>= 7;
    }
    out_[size_++] = static_cast<char>(value);
  }
  /// `magnitude` with a sign; (0, true) is minus zero.
  void write_varint(std::uint64_t magnitude, bool is_negative);
  void write_bytes(std::string_view bytes) {
    if (bytes.empty())
      return;
    ensure(bytes.size());
    std::memcpy(out_.data() + size_, bytes.data(), bytes.size());
    size_ += bytes.size();
  }
  /// varUint count, then the bytes: a byte string, or a varString when `bytes` is UTF-8.
  void write_byte_string(std::string_view bytes) {
    write_varuint(bytes.size());
    write_bytes(bytes);
  }

  std::size_t size() const noexcept {
    return size_;
  }
  std::string_view view() const noexcept {
    return {out_.data(), size_};
  }
  /// The bytes written; the writer is then empty.
  std::string take() {
    out_.resize(size_);
    size_ = 0;
    return std::exchange(out_, {});
  }
  /// Empties it, keeping the buffer.
  void clear() noexcept {
    size_ = 0;
  }

private:
  void ensure(std::size_t count) {
    if (out_.size() - size_ < count)
      grow(count);
  }
  void grow(std::size_t count);

  std::string out_; ///< its size is the capacity; size_ counts what was written
  std::size_t size_ = 0;
};

/// How many bytes write_varuint(value) makes.
std::size_t varuint_size(std::uint64_t value) noexcept;

} // namespace coterie::crdt
