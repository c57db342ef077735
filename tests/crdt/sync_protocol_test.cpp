#define CAF_SUITE sync_protocol

#include "crdt/sync_protocol.hpp"

#include "tests/crdt/fixtures.hpp"

#include "caf/test/bdd_dsl.hpp"

#include <boost/json.hpp>

using namespace coterie;
using namespace coterie::crdt;

namespace {

std::string hex(std::string_view digits) {
  return fixtures::from_hex(digits);
}

/// A frame written again; a type that is not ours to write gives nothing.
std::string encode(const frame& content) {
  return std::visit(
    [](const auto& one) {
      if constexpr (std::is_same_v<std::decay_t<decltype(one)>, unknown_frame>)
        return std::string();
      else
        return encode_frame(one);
    },
    content);
}

template <class T>
T decode_as(std::string_view bytes) {
  const auto decoded = decode_frame(bytes);
  REQUIRE(decoded);
  REQUIRE(std::holds_alternative<T>(*decoded));
  return std::get<T>(*decoded);
}

/// A copy of one part of a frame that is given in hexadecimal digits.
template <class T>
std::string part(std::string_view digits, std::string_view T::*which) {
  const std::string bytes = hex(digits);
  return std::string(decode_as<T>(bytes).*which);
}

/// Which kind of frame a step of a recorded session holds.
bool is_as_described(const frame& content, std::string_view what) {
  if (what.starts_with("step 1"))
    return std::holds_alternative<sync_step1>(content);
  if (what == "reply" || what == "client reply")
    return std::holds_alternative<sync_step2>(content);
  if (what.starts_with("query awareness"))
    return std::holds_alternative<query_awareness>(content);
  if (what.find("awareness") != std::string_view::npos)
    return std::holds_alternative<awareness_frame>(content);
  if (what.starts_with("auth"))
    return std::holds_alternative<permission_denied>(content);
  if (what == "unknown type")
    return std::holds_alternative<unknown_frame>(content);
  return std::holds_alternative<sync_update>(content);
}

} // namespace

SCENARIO("every frame of recorded sessions is read for what it is and written alike") {
  std::size_t frames = 0;
  for (const auto& session : fixtures::load("sync").at("cases").as_array()) {
    for (const auto& step : session.at("frames").as_array()) {
      if (step.at("frame").is_null())
        continue; // the socket closed
      const std::string bytes = fixtures::from_base64(fixtures::text_of(step.at("frame")));
      const auto decoded = decode_frame(bytes);
      REQUIRE(decoded);
      CHECK(is_as_described(*decoded, fixtures::text_of(step.at("what"))));
      if (!std::holds_alternative<unknown_frame>(*decoded))
        CHECK_EQ(encode(*decoded), bytes);
      ++frames;
    }
  }
  CHECK(frames > 50);
}

SCENARIO("each frame carries its parts") {
  CHECK_EQ(part("000003010b09", &sync_step1::vector), hex("010b09"));
  CHECK_EQ(part("0001020000", &sync_step2::update), hex("0000"));
  CHECK_EQ(part("0002020000", &sync_update::update), hex("0000"));
  CHECK_EQ(part("010100", &awareness_frame::body), hex("00"));
  CHECK_EQ(part("0200026e6f", &permission_denied::reason), "no");
  decode_as<query_awareness>(hex("03"));
  const std::string bytes = encode_frame(saved_frame{"vector", 300});
  const auto saved = decode_as<saved_frame>(bytes);
  CHECK_EQ(saved.vector, "vector");
  CHECK_EQ(saved.frames, 300u);
  CHECK_EQ(encode_frame(saved_frame{"v", 7}), hex("64017607"));
  CHECK_EQ(decode_as<awareness_frame>(keep_alive_frame).body, hex("00"));
}

SCENARIO("types that others may add are told apart, not refused") {
  CHECK_EQ(decode_as<unknown_frame>(hex("0401ff")).type, 4u);
  CHECK_EQ(decode_as<unknown_frame>(hex("ac02")).type, 300u);
  CHECK_EQ(decode_as<unknown_frame>(hex("0207")).type, 2u);
}

SCENARIO("bytes after the end of a frame are ignored") {
  CHECK_EQ(part("0002020000ffff", &sync_update::update), hex("0000"));
  CHECK_EQ(part("010100ffff", &awareness_frame::body), hex("00"));
  decode_as<query_awareness>(hex("03ffff"));
}

SCENARIO("malformed frames are refused") {
  for (const char* digits :
       {"", "80", "00", "0000", "000001", "0003020000", "00020300", "01", "0102", "02", "0200",
        "020002", "020001ff", "64", "640100", "6401ff80", "ffffffffffffffffff"}) {
    const auto decoded = decode_frame(hex(digits));
    REQUIRE(!decoded);
    CHECK_EQ(decoded.why().code, errc::invalid_argument);
  }
}
