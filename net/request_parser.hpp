#pragma once

// Beast's HTTP/1 parser with our limits around it; Beast itself stays in the .cpp.

#include "base/result.hpp"
#include "net/http.hpp"
#include "net/http_settings.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coterie::net {

/// Why a request gets an error from the server itself.
struct refusal {
  unsigned status = 400;
  failure why;
  header_list headers; ///< further ones: Allow and the like
};

/// What a header says.
struct request_head {
  std::optional<method> verb; ///< nothing for a method that we never serve
  std::string target;
  std::vector<std::pair<std::string, std::string>> headers; ///< names in lower case
  std::optional<std::uint64_t> content_length;
  bool is_chunked = false;
  bool keep_alive = false;
  bool is_http_1_1 = false;
  bool wants_websocket = false;
  std::string host;

  bool has_body() const noexcept {
    return is_chunked || content_length.value_or(0) > 0;
  }
  /// First header of that (lower-case) name; empty when absent.
  std::string_view header(std::string_view name) const noexcept;
};

/// Parses one request.
class request_parser {
public:
  request_parser();
  ~request_parser();

  /// Where the header in `bytes` ends (behind its empty line); 0 while it is incomplete, or why
  /// it never can become a good one: 400, 414 or 431. `scanned` is the caller's memory of what
  /// was searched before, so that one byte at a time costs no more than all at once.
  static std::optional<refusal> find_head_end(std::string_view bytes, const http_limits& limits,
                                              std::size_t& scanned, std::size_t& end);

  /// `bytes` is a whole header. Refuses what is malformed, ambiguous about its length (RFC 9112,
  /// 6.3: request smuggling) or of a version that is not 1.0 or 1.1.
  std::optional<refusal> parse_head(std::string_view bytes, const http_limits& limits);

  request_head& head() noexcept {
    return head_;
  }

  enum class progress { need_more, complete, too_large, malformed };

  /// Call before the first feed: the most that a chunked body may hold.
  void set_body_limit(std::uint64_t bytes_max);
  /// Consumes body bytes; says in `consumed` how many.
  progress feed(std::string_view bytes, std::size_t& consumed);
  /// Drops what was read so far (while skipping a body that nobody wants).
  void drop_body();
  std::string take_body();
  bool is_complete() const noexcept;

private:
  struct implementation;
  std::unique_ptr<implementation> beast_;
  request_head head_;
};

} // namespace coterie::net
