// Any bytes as a frame of the native realtime protocol: what is taken keeps its bounds, and every
// answer is a frame of JSON.

#include "actors/room_board.hpp"
#include "actors/room_chat.hpp"
#include "net/realtime/room_protocol.hpp"
#include "tests/fuzz/check.hpp"

#include <boost/json/parse.hpp>

#include <cstdint>
#include <string_view>
#include <variant>

using namespace coterie;
using namespace coterie::net;

namespace {

struct bounds_check {
  void operator()(const actors::post_chat& wish) const {
    FUZZ_CHECK(wish.text.size() <= actors::room_chat_bounds::text_bytes_max);
  }
  void operator()(const actors::put_shape& wish) const {
    FUZZ_CHECK(!wish.what.points.empty());
    FUZZ_CHECK(wish.what.points.size() <= actors::room_board_bounds::points_given_max);
    FUZZ_CHECK(wish.what.by.empty());
  }
  void operator()(const actors::remove_shapes& wish) const {
    FUZZ_CHECK(wish.ids.size() <= actors::room_board_bounds::removed_at_once_max);
  }
  void operator()(const actors::share_result& wish) const {
    FUZZ_CHECK(wish.result.output.size() <= room_protocol_bounds::result_bytes_max);
    FUZZ_CHECK(wish.result.time_ms >= 0);
  }
  template <class Other>
  void operator()(const Other&) const {}
};

void check_frame(const std::string& text) {
  FUZZ_CHECK(boost::json::parse(text).is_object());
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto read = read_client_frame(std::string_view(reinterpret_cast<const char*>(data), size));
  FUZZ_CHECK(read.reference.size() <= room_protocol_bounds::reference_bytes_max);
  if (!read.what) {
    FUZZ_CHECK(!read.what.why().detail.empty());
    check_frame(error_frame(read.reference, read.what.why()));
    return 0;
  }
  check_frame(pong_frame(read.reference));
  check_frame(reply_frame(read.reference, actors::request_answer{std::uint32_t{1}}));
  if (const auto* wish = std::get_if<actors::room_wish>(&*read.what))
    std::visit(bounds_check{}, *wish);
  return 0;
}
