#pragma once

// Text as bytes: UTF-8 checks and repairs, base64.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace coterie {

/// Whether `bytes` is well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms).
bool is_utf8(std::string_view bytes) noexcept;

/// `bytes` with each maximal ill-formed part replaced by U+FFFD, as WHATWG decoders do.
std::string to_utf8(std::string_view bytes);

/// The longest prefix of `bytes` that is at most `bytes_max` long and does not end inside a
/// UTF-8 sequence. Never shortens by more than three bytes beyond the cut.
std::string_view utf8_prefix(std::string_view bytes, std::size_t bytes_max) noexcept;

/// How many bytes at the end of `bytes`, three at most, begin a UTF-8 sequence that is not whole.
std::size_t unfinished_utf8(std::string_view bytes) noexcept;

/// The value of a hexadecimal digit of either case; -1 for anything else.
int hex_value(char c) noexcept;

/// Base64 with padding (RFC 4648, 4).
std::string encode_base64(std::string_view bytes);

/// Nothing when `text` is not base64 with padding; white space is not accepted.
std::optional<std::string> decode_base64(std::string_view text);

} // namespace coterie
