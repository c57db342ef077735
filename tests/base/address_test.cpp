#define CAF_SUITE address

#include "base/address.hpp"

#include "caf/test/bdd_dsl.hpp"

using namespace coterie;

SCENARIO("an IPv4 address is a network of its own, of IPv6 the first 64 bits are one") {
  CHECK_EQ(network_of("192.0.2.7"), "192.0.2.7");
  CHECK_EQ(network_of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
  CHECK_EQ(network_of("2001:db8:1:2::9"), network_of("2001:0db8:1:2:ffff::"));
  CHECK_EQ(network_of("::1"), "::/64");
}

SCENARIO("what is no address stays as it is") {
  CHECK_EQ(network_of(""), "");
  CHECK_EQ(network_of("no:address"), "no:address");
}
