#include "storage/journal_block.hpp"

#include <unordered_map>
#include <zlib.h>

namespace coterie::storage {

namespace {

constexpr char block_format = 1;
constexpr std::size_t varint_bytes_max = 10;
constexpr std::size_t checksum_bytes = 4;
// An entry is at least a time, an author and a length.
constexpr std::size_t entry_bytes_min = 3;

void put_varint(std::string& out, std::uint64_t number) {
  while (number >= 0x80) {
    out.push_back(static_cast<char>(number | 0x80));
    number >>= 7;
  }
  out.push_back(static_cast<char>(number));
}

void put_string(std::string& out, std::string_view bytes) {
  put_varint(out, bytes.size());
  out += bytes;
}

// Small for small numbers of either sign: 0, -1, 1, -2, ... become 0, 1, 2, 3, ...
std::uint64_t zigzag(std::uint64_t difference) {
  return difference << 1 ^ (0 - (difference >> 63));
}

std::uint64_t unzigzag(std::uint64_t coded) {
  return coded >> 1 ^ (0 - (coded & 1));
}

std::uint64_t milliseconds_of(timestamp at) {
  return static_cast<std::uint64_t>(at.time_since_epoch().count());
}

/// Takes a block apart; once a read goes beyond the end, everything is empty and has_failed().
class block_reader {
public:
  explicit block_reader(std::string_view bytes) : rest_(bytes) {}

  std::uint64_t varint() {
    std::uint64_t number = 0;
    for (unsigned shift = 0; shift < 7 * varint_bytes_max; shift += 7) {
      const auto part = string(1);
      if (part.empty())
        return 0;
      const auto byte = static_cast<std::uint8_t>(part[0]);
      number |= std::uint64_t{byte & 0x7fU} << shift;
      if (byte < 0x80)
        return number;
    }
    fail();
    return 0;
  }

  std::string_view string(std::uint64_t size) {
    if (size > rest_.size()) {
      fail();
      return {};
    }
    const auto taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  void fail() {
    has_failed_ = true;
    rest_ = {};
  }
  bool has_failed() const noexcept {
    return has_failed_;
  }
  std::size_t size() const noexcept {
    return rest_.size();
  }

private:
  std::string_view rest_;
  bool has_failed_ = false;
};

/// The author of the next entry: 0 and a new name, or the place of one that was named before.
std::string_view read_author(block_reader& in, std::vector<std::string_view>& known) {
  const auto place = in.varint();
  if (place == 0) {
    known.push_back(in.string(in.varint()));
    return known.back();
  }
  if (place > known.size()) {
    in.fail();
    return {};
  }
  return known[place - 1];
}

result<std::vector<journal_entry>> read_entries(block_reader in) {
  const auto format = in.string(1);
  const auto first = in.varint();
  const auto count = in.varint();
  if (format != std::string_view(&block_format, 1) || count > in.size() / entry_bytes_min)
    return damaged("a block of the journal");
  std::vector<journal_entry> entries;
  entries.reserve(count);
  std::vector<std::string_view> authors;
  std::uint64_t at = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    at += unzigzag(in.varint());
    const auto author = read_author(in, authors);
    const auto update = in.string(in.varint());
    entries.push_back({first + i,
                       timestamp{std::chrono::milliseconds{static_cast<std::int64_t>(at)}},
                       std::string(author), std::string(update)});
  }
  if (in.has_failed() || in.size() != 0 || entries.empty())
    return damaged("a block of the journal");
  return entries;
}

} // namespace

std::size_t encoded_bytes_max(const journal_entry& entry) noexcept {
  // Time, author's place and length, update's length.
  return 4 * varint_bytes_max + entry.author.size() + entry.update.size();
}

std::vector<std::span<const journal_entry>> split_entries(std::span<const journal_entry> entries,
                                                          std::size_t bytes_max) {
  std::vector<std::span<const journal_entry>> parts;
  std::size_t from = 0;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const auto more = encoded_bytes_max(entries[i]);
    if (i > from && bytes + more > bytes_max) {
      parts.push_back(entries.subspan(from, i - from));
      from = i;
      bytes = 0;
    }
    bytes += more;
  }
  if (from < entries.size())
    parts.push_back(entries.subspan(from));
  return parts;
}

std::string encode_block(std::span<const journal_entry> entries) {
  std::size_t size = 1 + 2 * varint_bytes_max + checksum_bytes;
  for (const auto& entry : entries)
    size += encoded_bytes_max(entry);
  std::string out;
  out.reserve(size);
  out.push_back(block_format);
  put_varint(out, entries.front().sequence);
  put_varint(out, entries.size());
  std::unordered_map<std::string_view, std::size_t> places;
  std::uint64_t at = 0;
  for (const auto& entry : entries) {
    const auto now = milliseconds_of(entry.at);
    put_varint(out, zigzag(now - at));
    at = now;
    const auto [known, is_new] = places.try_emplace(entry.author, places.size() + 1);
    put_varint(out, is_new ? 0 : known->second);
    if (is_new)
      put_string(out, entry.author);
    put_string(out, entry.update);
  }
  const auto sum = checksum(out);
  for (unsigned i = 0; i < checksum_bytes; ++i)
    out.push_back(static_cast<char>(sum >> (8 * i) & 0xff));
  return out;
}

result<std::vector<journal_entry>> decode_block(std::string_view bytes) {
  if (bytes.size() < checksum_bytes)
    return damaged("a block of the journal");
  const auto content = bytes.substr(0, bytes.size() - checksum_bytes);
  std::uint32_t sum = 0;
  for (unsigned i = 0; i < checksum_bytes; ++i)
    sum |= std::uint32_t{static_cast<std::uint8_t>(bytes[content.size() + i])} << (8 * i);
  if (sum != checksum(content))
    return damaged("a block of the journal");
  return read_entries(block_reader(content));
}

std::uint32_t checksum(std::string_view first, std::string_view second) noexcept {
  uLong sum = crc32_z(0, nullptr, 0);
  for (const auto part : {first, second})
    if (!part.empty())
      sum = crc32_z(sum, reinterpret_cast<const Bytef*>(part.data()), part.size());
  return static_cast<std::uint32_t>(sum);
}

failure damaged(std::string_view what) {
  return failure{errc::system,
                 std::string(what) + " is damaged: it is not what was written; restore a backup"};
}

} // namespace coterie::storage
