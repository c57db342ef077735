#define CAF_SUITE recent_table

#include "base/recent_table.hpp"

#include "caf/test/bdd_dsl.hpp"

#include <string>

using namespace coterie;

SCENARIO("what was not used for longest makes room") {
  recent_table<std::string, int> table(2);
  table.find_or_add("a", 1);
  table.find_or_add("b", 2);
  REQUIRE(table.find("a") != nullptr); // used
  table.find_or_add("c", 3);
  CHECK(table.find("b") == nullptr);
  REQUIRE(table.find("a") != nullptr);
  CHECK_EQ(*table.find("a"), 1);
  CHECK_EQ(table.size(), 2u);
}

SCENARIO("a value that is there is not replaced by a fresh one, and can be erased") {
  recent_table<std::string, int> table(2);
  table.find_or_add("a", 1) = 5;
  CHECK_EQ(table.find_or_add("a", 9), 5);
  table.erase("a");
  table.erase("a");
  CHECK(table.find("a") == nullptr);
  CHECK_EQ(table.size(), 0u);
}
