#pragma once

// lib0's integers and strings, and of Yjs' update format 1 what appended text needs.

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace yload {

class byte_writer {
public:
  void write_bytes(std::initializer_list<std::uint8_t> bytes);
  void write_varuint(std::uint64_t number);
  void write_string(std::string_view text);
  std::string take() {
    return std::move(bytes_);
  }

private:
  std::string bytes_;
};

/// Past the end it reads zeros and is not good any more.
class byte_reader {
public:
  explicit byte_reader(std::string_view bytes) : rest_(bytes) {}

  bool is_good() const {
    return is_good_;
  }
  std::uint8_t read_byte();
  std::uint64_t read_varuint();
  std::string_view read_string();

private:
  std::string_view rest_;
  bool is_good_ = true;
};

/// The update with which `client`, at `clock`, appends to the root text "bench".
std::string encode_append(std::uint64_t client, std::uint64_t clock, std::string_view text);

/// Calls `use` with client, clock and length of every string in `update`, up to the first struct
/// of another kind.
void read_appended(
  std::string_view update,
  const std::function<void(std::uint64_t client, std::uint64_t clock, std::uint64_t length)>& use);

} // namespace yload
