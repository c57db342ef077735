// Any bytes as a request: header limits and length rules hold, and a body stays in its bound.

#include "net/request_parser.hpp"
#include "tests/fuzz/check.hpp"

#include <cstdint>
#include <string_view>

using namespace coterie;
using namespace coterie::net;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t body_bytes_max = 64;
  const http_limits limits;
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  std::size_t scanned = 0;
  std::size_t end = 0;
  if (request_parser::find_head_end(bytes, limits, scanned, end) || end == 0)
    return 0;
  FUZZ_CHECK(end <= limits.header_bytes_max);
  request_parser parser;
  if (const auto refused = parser.parse_head(bytes.substr(0, end), limits)) {
    FUZZ_CHECK(refused->status >= 400 && refused->status < 600);
    return 0;
  }
  const auto& head = parser.head();
  FUZZ_CHECK(head.headers.size() <= limits.header_fields_max);
  FUZZ_CHECK(!(head.is_chunked && head.content_length));
  FUZZ_CHECK(head.is_chunked == !head.header("transfer-encoding").empty());
  if (!head.has_body() || head.content_length.value_or(0) > body_bytes_max)
    return 0;
  parser.set_body_limit(body_bytes_max);
  bytes.remove_prefix(end);
  std::size_t consumed = 0;
  parser.feed(bytes, consumed);
  FUZZ_CHECK(consumed <= bytes.size());
  FUZZ_CHECK(parser.take_body().size() <= body_bytes_max);
  return 0;
}
