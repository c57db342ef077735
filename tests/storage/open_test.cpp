#define CAF_SUITE open

#include "storage/open.hpp"

#include "tests/storage/fixture.hpp"
#include "tests/storage/temporary_directory.hpp"

#include <sys/stat.h>
#include <unistd.h>

using namespace coterie;
using namespace coterie::storage;
using namespace coterie::storage::testing;
using engine_kind = location::engine;

SCENARIO("a location names an engine and a place") {
  const std::pair<const char*, location> cases[] = {
    {"memory", {engine_kind::memory, ""}},
    {"memory://", {engine_kind::memory, ""}},
    {"sqlite", {engine_kind::sqlite, ""}},
    {"sqlite://", {engine_kind::sqlite, ""}},
    {"sqlite:///", {engine_kind::sqlite, ""}},
    {"sqlite:///rooms.db", {engine_kind::sqlite, "rooms.db"}},
    {"sqlite:///data/rooms.db", {engine_kind::sqlite, "data/rooms.db"}},
    {"sqlite:////var/lib/rooms.db", {engine_kind::sqlite, "/var/lib/rooms.db"}},
    {"sqlite+aiosqlite:///rooms.db", {engine_kind::sqlite, "rooms.db"}},
    {"sqlite:///:memory:", {engine_kind::memory, ""}},
    {"postgres://u:p@db/x", {engine_kind::postgresql, "postgresql://u:p@db/x"}},
    {"postgresql://u:p@db:5432/x?sslmode=require",
     {engine_kind::postgresql, "postgresql://u:p@db:5432/x?sslmode=require"}},
    {"postgresql+asyncpg://db/x", {engine_kind::postgresql, "postgresql://db/x"}},
  };
  for (const auto& [text, expected] : cases) {
    MESSAGE(text);
    CHECK(must(parse_location(text)) == expected);
  }
}

SCENARIO("a location that is not understood is refused with what is, and without its password") {
  for (const auto* text :
       {"", "mysql://root:hunter2@db/x", "rooms.db", "/var/lib/rooms.db", "sqlite://host/x",
        "sqlite:///x?hunter2", "sqlite:///data/", "memory://hunter2", "SQLITE", "://"}) {
    MESSAGE(text);
    const auto parsed = parse_location(text);
    REQUIRE_EQ(code_of(parsed), "invalid_argument");
    CHECK_NE(parsed.why().detail.find("sqlite:///relative"), std::string::npos);
    CHECK_NE(parsed.why().detail.find("postgresql://"), std::string::npos);
    CHECK_EQ(parsed.why().detail.find("hunter2"), std::string::npos);
  }
  CHECK_EQ(code_of(parse_location(std::string_view("sqlite:///a\0b", 13))), "invalid_argument");
}

SCENARIO("without a path the database lies in the data directory") {
  temporary_directory directory;
  const auto image = make_image();
  const auto node = node_id::random();
  {
    const auto store = must(open({engine_kind::sqlite, ""}, directory.path()));
    must(store->register_node(node));
    must(store->create_room(image, {}, node, ttl));
  }
  CHECK_EQ(::access((directory / "coterie.db").c_str(), F_OK), 0);
  const auto store = must(open({engine_kind::sqlite, directory / "coterie.db"}, "/nowhere"));
  CHECK(must(store->load_room(image.room.id)).room == image.room);
}

SCENARIO("a data directory that cannot be used is named") {
  temporary_directory directory;
  const auto missing = directory / "missing";
  const auto opened = open({engine_kind::sqlite, ""}, missing);
  REQUIRE_EQ(code_of(opened), "system");
  CHECK_NE(opened.why().detail.find(missing), std::string::npos);
  if (::geteuid() == 0) {
    MESSAGE("SKIPPED in part: root may write everywhere, so nothing is unwritable");
    return;
  }
  ::chmod(directory.path().c_str(), 0500);
  const auto unwritable = open({engine_kind::sqlite, ""}, directory.path());
  ::chmod(directory.path().c_str(), 0700);
  REQUIRE_EQ(code_of(unwritable), "system");
  CHECK_NE(unwritable.why().detail.find("not writable"), std::string::npos);
}

SCENARIO("the memory engine needs no directory") {
  CHECK_EQ(code_of(open({engine_kind::memory, ""}, "/nowhere")), "accepted");
}

SCENARIO("PostgreSQL is refused with what to use instead") {
  const auto opened = open({engine_kind::postgresql, "postgresql://u:hunter2@db/x"}, ".");
  REQUIRE_EQ(code_of(opened), "unsupported");
  CHECK_NE(opened.why().detail.find("--database=sqlite"), std::string::npos);
  CHECK_EQ(opened.why().detail.find("hunter2"), std::string::npos);
}
