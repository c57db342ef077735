#define CAF_SUITE state_vector

#include "crdt/state_vector.hpp"

#include "tests/crdt/fixtures.hpp"

#include "caf/test/bdd_dsl.hpp"

#include <boost/json.hpp>

using namespace coterie;
using namespace coterie::crdt;

namespace {

result<state_vector> decode(std::string_view hex) {
  return decode_state_vector(fixtures::from_hex(hex));
}

} // namespace

SCENARIO("state vectors have the bytes that Yjs writes") {
  for (const auto& sample : fixtures::load("primitives").at("stateVector").as_array()) {
    state_vector expected;
    for (const auto& [client, clock] : sample.at("v").as_object())
      expected[std::stoull(std::string(client))] = clock.to_number<std::uint64_t>();
    const std::string bytes = fixtures::from_hex(fixtures::text_of(sample.at("hex")));
    const auto decoded = decode_state_vector(bytes);
    REQUIRE(decoded);
    CHECK_EQ(*decoded, expected);
    CHECK_EQ(encode_state_vector(expected), bytes);
  }
}

SCENARIO("entries may come in any order, and of a client that is named twice the last counts") {
  const auto ascending = decode("0201050207");
  REQUIRE(ascending);
  CHECK_EQ(*ascending, (state_vector{{1, 5}, {2, 7}}));
  const auto twice = decode("0201050103");
  REQUIRE(twice);
  CHECK_EQ(*twice, (state_vector{{1, 3}}));
}

SCENARIO("a client with clock 0 is not listed") {
  const auto zero = decode("0209050700");
  REQUIRE(zero);
  CHECK_EQ(*zero, (state_vector{{9, 5}}));
  CHECK_EQ(encode_state_vector({{9, 5}, {7, 0}}), fixtures::from_hex("010905"));
}

SCENARIO("malformed state vectors are refused") {
  for (const char* hex :
       {"", "01", "0101", "02010502", "010105ff", "00ff", "ffffff7f0105", "01808080808080801005"}) {
    const auto decoded = decode(hex);
    REQUIRE(!decoded);
    CHECK_EQ(decoded.why().code, errc::invalid_argument);
  }
}
