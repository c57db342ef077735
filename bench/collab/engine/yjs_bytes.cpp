#include "yjs_bytes.hpp"

namespace yload {

namespace {

// The low bits of a struct's first byte say what it is, the others what is written of it.
enum : std::uint8_t { garbage = 0, deleted_run = 1, string = 4, skip = 10 };
constexpr std::uint8_t kind_bits = 0x1f;
constexpr std::uint8_t has_left_origin = 0x80;
constexpr std::uint8_t has_right_origin = 0x40;
constexpr std::uint8_t has_key = 0x20;

void skip_id(byte_reader& in) {
  in.read_varuint();
  in.read_varuint();
}

void skip_parent(byte_reader& in) {
  const bool is_root = in.read_varuint() == 1;
  if (is_root)
    in.read_string();
  else
    skip_id(in);
}

void skip_place(byte_reader& in, std::uint8_t info) {
  if ((info & has_left_origin) != 0)
    skip_id(in);
  if ((info & has_right_origin) != 0)
    skip_id(in);
  if ((info & (has_left_origin | has_right_origin)) != 0)
    return;
  skip_parent(in);
  if ((info & has_key) != 0)
    in.read_string();
}

} // namespace

void byte_writer::write_bytes(std::initializer_list<std::uint8_t> bytes) {
  for (const auto byte : bytes)
    bytes_.push_back(static_cast<char>(byte));
}

void byte_writer::write_varuint(std::uint64_t number) {
  for (; number > 0x7f; number >>= 7)
    bytes_.push_back(static_cast<char>(number | 0x80));
  bytes_.push_back(static_cast<char>(number));
}

void byte_writer::write_string(std::string_view text) {
  write_varuint(text.size());
  bytes_.append(text);
}

std::uint8_t byte_reader::read_byte() {
  if (rest_.empty()) {
    is_good_ = false;
    return 0;
  }
  const auto byte = static_cast<std::uint8_t>(rest_.front());
  rest_.remove_prefix(1);
  return byte;
}

std::uint64_t byte_reader::read_varuint() {
  std::uint64_t number = 0;
  for (int shift = 0; shift < 63 && is_good_; shift += 7) {
    const auto byte = read_byte();
    number |= std::uint64_t{byte & 0x7fU} << shift;
    if (byte < 0x80)
      return number;
  }
  is_good_ = false;
  return 0;
}

std::string_view byte_reader::read_string() {
  const auto size = read_varuint();
  if (size > rest_.size()) {
    is_good_ = false;
    return {};
  }
  const auto text = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return text;
}

std::string encode_append(std::uint64_t client, std::uint64_t clock, std::string_view text) {
  byte_writer out;
  out.write_bytes({1, 1}); // clients, structs
  out.write_varuint(client);
  out.write_varuint(clock);
  if (clock == 0) {
    out.write_bytes({string, 1});
    out.write_string("bench");
  } else {
    out.write_bytes({string | has_left_origin});
    out.write_varuint(client);
    out.write_varuint(clock - 1);
  }
  out.write_string(text);
  out.write_bytes({0}); // deletions
  return out.take();
}

void read_appended(
  std::string_view update,
  const std::function<void(std::uint64_t client, std::uint64_t clock, std::uint64_t length)>& use) {
  byte_reader in{update};
  const auto clients = in.read_varuint();
  for (std::uint64_t i = 0; i < clients && in.is_good(); ++i) {
    const auto structs = in.read_varuint();
    const auto client = in.read_varuint();
    auto clock = in.read_varuint();
    for (std::uint64_t k = 0; k < structs && in.is_good(); ++k) {
      const auto info = in.read_byte();
      switch (info & kind_bits) {
      case garbage:
      case deleted_run:
      case skip:
        clock += in.read_varuint();
        break;
      case string: {
        skip_place(in, info);
        const auto length = in.read_string().size();
        use(client, clock, length);
        clock += length;
        break;
      }
      default:
        return;
      }
    }
  }
}

} // namespace yload
