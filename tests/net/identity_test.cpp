#define CAF_SUITE identity

#include "net/identity.hpp"

#include "caf/test/bdd_dsl.hpp"

using namespace coterie;
using namespace coterie::net;

namespace {

std::vector<address_block> blocks(std::vector<std::string> entries) {
  auto parsed = parse_address_blocks(entries);
  CAF_REQUIRE(parsed.has_value());
  return *parsed;
}

} // namespace

SCENARIO("blocks hold the addresses of their prefix") {
  const auto ten = blocks({"10.0.0.0/8"});
  CHECK(contains(ten, "10.255.0.1"));
  CHECK(contains(ten, "::ffff:10.0.0.1"));
  CHECK(!contains(ten, "11.0.0.1"));
  CHECK(!contains(ten, "::10.0.0.1"));
  CHECK(!contains(ten, "nonsense"));
  const auto odd = blocks({"192.168.1.128/25", "2001:db8:8000::/33", "fe80::1"});
  CHECK(contains(odd, "192.168.1.200"));
  CHECK(!contains(odd, "192.168.1.127"));
  CHECK(contains(odd, "2001:db8:ffff::"));
  CHECK(!contains(odd, "2001:db8:7fff::"));
  CHECK(contains(odd, "fe80::1"));
  CHECK(!contains(odd, "fe80::2"));
  CHECK(contains(blocks({"0.0.0.0/0"}), "8.8.8.8"));
  CHECK(!contains(blocks({"0.0.0.0/0"}), "2001:db8::1"));
  CHECK(contains(blocks({"::/0"}), "8.8.8.8"));
}

SCENARIO("what is not a block is refused by name") {
  for (const char* bad : {"", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8x", "::/129",
                          "localhost", "10.0.0"})
    CHECK(!address_block::parse(bad));
  const auto refused = parse_address_blocks(std::vector<std::string>{"10.0.0.0/8", "ten"});
  REQUIRE(!refused);
  CHECK(refused.why().detail.find("ten") != std::string::npos);
}

SCENARIO("only trusted proxies may say who their client is") {
  const auto trusted = blocks({"10.0.0.0/8", "::1"});
  CHECK_EQ(client_address("203.0.113.9", "198.51.100.1", trusted), "203.0.113.9");
  CHECK_EQ(client_address("10.0.0.1", "198.51.100.1", trusted), "198.51.100.1");
  CHECK_EQ(client_address("::ffff:10.0.0.1", " 198.51.100.1 ", trusted), "198.51.100.1");
  CHECK_EQ(client_address("10.0.0.1", "", trusted), "10.0.0.1");
  // A client invents entries on the left; the proxies add theirs on the right.
  CHECK_EQ(client_address("10.0.0.1", "1.1.1.1, 198.51.100.1, 10.0.0.2", trusted), "198.51.100.1");
  CHECK_EQ(client_address("10.0.0.1", "10.0.0.3, 10.0.0.2", trusted), "10.0.0.3");
  CHECK_EQ(client_address("10.0.0.1", "1.1.1.1, unknown", trusted), "10.0.0.1");
  CHECK_EQ(client_address("::1", "[2001:db8::7]:1234", trusted), "2001:db8::7");
  CHECK_EQ(client_address("10.0.0.1", "198.51.100.1:5000", trusted), "198.51.100.1");
  CHECK_EQ(client_address("10.0.0.1", "[", trusted), "10.0.0.1");
}
