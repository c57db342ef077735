#pragma once

// Identifiers. Each kind is its own type, so that two cannot be swapped. All are UUIDs
// (RFC 9562, version 4) made from a cryptographic source; text is canonical lower case.

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace coterie {

/// The 16 bytes of a UUID.
using uuid_bytes = std::array<std::uint8_t, 16>;

/// Canonical text, 36 characters, lower case.
std::string format_uuid(const uuid_bytes& bytes);

/// Accepts the 36-character form in either case, of any version; nothing for anything else.
std::optional<uuid_bytes> parse_uuid(std::string_view text);

/// A new version 4 UUID from the kernel's random source.
uuid_bytes random_uuid();

/// An identifier of the kind `Tag`. A default-constructed id is nil and names nothing.
template <class Tag>
class id {
public:
  constexpr id() = default;
  explicit constexpr id(const uuid_bytes& bytes) : bytes_(bytes) {}

  static id random() {
    return id{random_uuid()};
  }
  static std::optional<id> parse(std::string_view text) {
    if (auto bytes = parse_uuid(text))
      return id{*bytes};
    return std::nullopt;
  }

  std::string str() const {
    return format_uuid(bytes_);
  }
  const uuid_bytes& bytes() const noexcept {
    return bytes_;
  }
  bool is_nil() const noexcept {
    return bytes_ == uuid_bytes{};
  }

  friend auto operator<=>(const id&, const id&) = default;

  template <class Inspector>
  friend bool inspect(Inspector& f, id& x) {
    return f.object(x).fields(f.field("bytes", x.bytes_));
  }

private:
  uuid_bytes bytes_{};
};

using room_id = id<struct room_tag>;
using job_id = id<struct job_tag>;
using version_id = id<struct version_tag>; ///< a named version of a room's document
using user_id = id<struct user_tag>;
using invite_id = id<struct invite_tag>;
using ban_id = id<struct ban_tag>;
using participant_id = id<struct participant_tag>;
using user_id = id<struct user_tag>; ///< somebody with an account
/// One login of a user: the family of refresh tokens that follow from it, usually one device.
using login_id = id<struct login_tag>;
/// One start of one server process (an incarnation): a restarted server is a new node.
using node_id = id<struct node_tag>;

/// Counts the owners that a room has had; grows with every take-over (see storage/lease.hpp).
using epoch = std::uint64_t;

} // namespace coterie

template <class Tag>
struct std::hash<coterie::id<Tag>> {
  std::size_t operator()(const coterie::id<Tag>& x) const noexcept {
    // Version 4 UUIDs are random: any eight bytes are a good hash.
    std::uint64_t low = 0;
    for (int i = 8; i < 16; ++i)
      low = low << 8 | x.bytes()[static_cast<std::size_t>(i)];
    return static_cast<std::size_t>(low);
  }
};
