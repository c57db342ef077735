// Any bytes as a client's frames: the parser keeps its promises, and says the same however the
// bytes are cut into pieces. The first input byte chooses the size of the pieces.

#include "base/text.hpp"
#include "net/ws_codec.hpp"
#include "tests/fuzz/check.hpp"

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

using namespace coterie;
using namespace coterie::net;

namespace {

constexpr std::size_t message_bytes_max = 4096;

std::vector<ws_parser::step> parse(std::string_view bytes, std::size_t chunk) {
  ws_parser parser(message_bytes_max);
  std::vector<ws_parser::step> out;
  while (!bytes.empty()) {
    auto piece = bytes.substr(0, chunk);
    bytes.remove_prefix(piece.size());
    for (;;) {
      auto step = parser.next(piece);
      if (step.what == ws_parser::status::need_more) {
        FUZZ_CHECK(piece.empty());
        break;
      }
      out.push_back(std::move(step));
      if (out.back().what == ws_parser::status::violation)
        return out;
    }
  }
  return out;
}

void check(const ws_parser::step& step) {
  if (step.what == ws_parser::status::violation) {
    FUZZ_CHECK(step.close_code == 1002 || step.close_code == 1007 || step.close_code == 1009);
    FUZZ_CHECK(!step.reason.empty());
    return;
  }
  FUZZ_CHECK(step.opcode != ws_opcode::continuation);
  FUZZ_CHECK(step.payload.size() <= (step.opcode >= ws_opcode::close ? 125 : message_bytes_max));
  if (step.opcode == ws_opcode::text)
    FUZZ_CHECK(is_utf8(step.payload));
  if (step.opcode == ws_opcode::close)
    FUZZ_CHECK(encode_close(close_code_of(step.payload), "")->size()
               == (step.payload.empty() ? 2 : 4));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0)
    return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto whole = parse(bytes, bytes.size());
  const auto pieces = parse(bytes, std::max<std::size_t>(data[0], 1));
  // Text that goes wrong late in a frame is noticed at a different point of the frame, but the
  // verdicts are the same.
  FUZZ_CHECK(whole.size() == pieces.size());
  for (std::size_t i = 0; i < whole.size(); ++i) {
    check(whole[i]);
    FUZZ_CHECK(whole[i].what == pieces[i].what);
    FUZZ_CHECK(whole[i].opcode == pieces[i].opcode);
    FUZZ_CHECK(whole[i].payload == pieces[i].payload);
    FUZZ_CHECK(whole[i].close_code == pieces[i].close_code);
  }
  return 0;
}
