#define CAF_SUITE ids

#include "base/ids.hpp"

#include "caf/test/bdd_dsl.hpp"

using namespace coterie;

SCENARIO("an id survives being written and read") {
  const auto made = room_id::random();
  const auto text = made.str();
  CHECK_EQ(text.size(), 36u);
  CHECK(room_id::parse(text) == made);
}

SCENARIO("upper case is read, and written in lower case") {
  const auto read = room_id::parse("A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11");
  REQUIRE(read);
  CHECK_EQ(read->str(), "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11");
}

SCENARIO("what is not a UUID is refused") {
  for (const char* text :
       {"", "abc", "a0eebc999c0b4ef8bb6d6bb9bd380a11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1",
        "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1g", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a111",
        "a0eebc99 9c0b-4ef8-bb6d-6bb9bd380a11", "{0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"})
    CHECK(!room_id::parse(text));
}

SCENARIO("random ids are of version 4 and differ") {
  const auto one = room_id::random();
  const auto two = room_id::random();
  CHECK(one != two);
  CHECK_EQ(one.bytes()[6] >> 4, 4);
  CHECK_EQ(one.bytes()[8] >> 6, 2);
}
