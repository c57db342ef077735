#define CAF_SUITE room_items

#include "actors/room_drawing.hpp"
#include "actors/room_items.hpp"

#include "tests/support/room_company.hpp"

using namespace coterie;
using namespace coterie::actors;
using namespace coterie::testing;

namespace {

struct fixture : room_company {
  /// Somebody whose program shows the tree.
  participant_id come_for_items(const std::string& name) {
    participation how;
    how.hears_items = how.has_unique_name = true;
    const auto who = participant_id::random();
    welcome =
      must(ask<joined>(room(), join{known_as(name), {who, name, "#000000"}, relay, 0, how}));
    return who;
  }
  static caller known_as(const std::string& client) {
    caller who;
    who.client = client;
    return who;
  }
  template <class Wish>
  result<room_answer> want(participant_id by, const std::string& client, Wish what) {
    return ask<room_answer>(room(), room_request{known_as(client), by, std::move(what)});
  }
  static create_item file(const std::string& id, const std::string& name, const std::string& text,
                          const std::string& parent = "root") {
    return {{id, parent, name, false}, text};
  }
  static create_item directory(const std::string& id, const std::string& name) {
    return {{id, "root", name, true}, ""};
  }
  std::string text_at(const std::string& path) {
    return must(ask<file_read>(room(), read_file{{}, path})).content;
  }
  /// The changes of the last event.
  std::vector<item_change> last() const {
    const auto all = told<items_changed>();
    return all.empty() ? std::vector<item_change>{} : all.back().changes;
  }
};

} // namespace

BEGIN_FIXTURE_SCOPE(fixture)

SCENARIO("who comes is told all items with their texts, and then what becomes of them") {
  const auto ada = come_for_items("ada");
  REQUIRE(welcome.items);
  REQUIRE_EQ(welcome.items->size(), 1u);
  CHECK_EQ(welcome.items->front().which.name, "main.py");
  must(want(ada, "ada", file("f", "a.py", "one")));
  REQUIRE_EQ(last().size(), 1u);
  CHECK_EQ(last()[0].which.id, "f");
  CHECK_EQ(*last()[0].text, "one");
  CHECK(last()[0].is_known);
  CHECK(told<items_changed>().back().by == ada);
  come_for_items("bob");
  CHECK_EQ(welcome.items->size(), 2u);
}

SCENARIO("nobody who hears items: nothing is told") {
  const auto ada = come("ada");
  must(want(ada, "ada", file("f", "a.py", "one")));
  pass(100ms);
  CHECK(told<items_changed>().empty());
}

SCENARIO("edits of other surfaces are told together, a moment later") {
  come_for_items("ada");
  must(ask<file_written>(room(), put("a.py", "1")));
  must(ask<file_written>(room(), put("b.py", "2")));
  CHECK(told<items_changed>().empty());
  pass(40ms);
  REQUIRE_EQ(told<items_changed>().size(), 1u);
  CHECK_EQ(last().size(), 2u);
  CHECK(!last()[0].is_known);
}

SCENARIO("two who change different places at once keep both changes, and both hear of it") {
  const auto ada = come_for_items("ada");
  must(want(ada, "ada", file("f", "a.py", "one\ntwo\nthree\n")));
  const auto bob = come_for_items("bob");
  must(want(ada, "ada", write_item{"f", "ONE\ntwo\nthree\n"}));
  CHECK(last()[0].is_known);
  must(want(bob, "bob", write_item{"f", "one\ntwo\nTHREE\n"}));
  CHECK_EQ(text_at("a.py"), "ONE\ntwo\nTHREE\n");
  CHECK_EQ(*last()[0].text, "ONE\ntwo\nTHREE\n");
  CHECK(!last()[0].is_known);
}

SCENARIO("a directory that is there only for what is in it can be renamed and removed") {
  const auto ada = come_for_items("ada");
  must(ask<file_written>(room(), put("src/a.py", "1")));
  pass(40ms);
  REQUIRE_EQ(last().size(), 2u);
  const auto id = last()[0].which.id;
  const auto inside = last()[1].which.id;
  CHECK(last()[0].which.is_directory);
  must(want(ada, "ada", rename_item{id, "lib"}));
  REQUIRE_EQ(last().size(), 1u);
  CHECK(last()[0].what == item_change::kind::renamed);
  CHECK_EQ(text_at("lib/a.py"), "1");
  must(want(ada, "ada", write_item{inside, "2"}));
  CHECK_EQ(text_at("lib/a.py"), "2");
  must(want(ada, "ada", remove_item{id}));
  REQUIRE_EQ(last().size(), 1u);
  CHECK_EQ(last()[0].which.id, id);
  CHECK_EQ(code_of(ask<file_read>(room(), read_file{{}, "lib/a.py"})), "not_found");
}

SCENARIO("ids and names that are taken, and those that lead elsewhere, are refused") {
  const auto ada = come_for_items("ada");
  must(want(ada, "ada", file("f", "a.py", "")));
  must(want(ada, "ada", directory("d", "src")));
  CHECK_EQ(code_of(want(ada, "ada", file("f", "b.py", ""))), "conflict");
  CHECK_EQ(code_of(want(ada, "ada", file("g", "a.py", ""))), "conflict");
  CHECK_EQ(code_of(want(ada, "ada", file("g", "b.py", "", "nowhere"))), "not_found");
  CHECK_EQ(code_of(want(ada, "ada", file("g", "../b.py", ""))), "invalid_argument");
  CHECK_EQ(code_of(want(ada, "ada", file("g", "..", "", "d"))), "invalid_argument");
  CHECK_EQ(code_of(want(ada, "ada", file("root", "b.py", ""))), "invalid_argument");
  CHECK_EQ(code_of(want(ada, "ada", file(std::string(65, 'x'), "b.py", ""))), "invalid_argument");
  CHECK_EQ(code_of(want(ada, "ada", rename_item{"f", "src"})), "conflict");
  CHECK_EQ(code_of(want(ada, "ada", rename_item{"f", "a/b.py"})), "invalid_argument");
  CHECK_EQ(code_of(want(ada, "ada", write_item{"d", "x"})), "not_found");
  CHECK_EQ(code_of(want(ada, "ada", remove_item{"root"})), "not_found");
}

SCENARIO("another text becomes the main file of a room whose main file is removed") {
  const auto ada = come_for_items("ada");
  const auto main = welcome.items->front().which.id;
  must(want(ada, "ada", file("f", "other.py", "x")));
  must(want(ada, "ada", remove_item{main}));
  CHECK_EQ(text_at(""), "x");
}

SCENARIO("a name is one participant's, but for one whose connection is lost") {
  const auto ada = come_for_items("ada");
  participation how;
  how.has_unique_name = true;
  const participant other{participant_id::random(), "ada", "#000000"};
  CHECK_EQ(code_of(ask<joined>(room(), join{{}, other, relay, 0, how})), "conflict");
  must(want(ada, "ada", set_attention{false, true}));
  must(ask<joined>(room(), join{{}, other, relay, 0, how}));
  REQUIRE_EQ(put_out->size(), 1u);
  CHECK(put_out->front() == ada);
}

SCENARIO("a drawing is the sum of its changes, within its bounds") {
  const auto ada = come_for_items("ada");
  must(want(ada, "ada", change_drawing{{{"a", "1"}, {"b", "2"}}, {}, {"drawn", "{}"}}));
  must(want(ada, "ada", change_drawing{{{"a", "3"}}, {"b"}, {"drawn", "{}"}}));
  CHECK_EQ(told<client_message>().size(), 2u);
  const auto drawing = [&] {
    return std::get<std::string>(must(want(ada, "ada", read_drawing{})).what);
  };
  CHECK_EQ(drawing(), R"({"a":3})");
  change_drawing large;
  large.put.emplace_back("c", std::string(room_drawing_bounds::record_bytes_max + 1, '1'));
  CHECK_EQ(code_of(want(ada, "ada", large)), "too_large");
  change_drawing many;
  for (std::size_t i = 0; i <= room_drawing_bounds::records_max; ++i)
    many.put.emplace_back(std::to_string(i), "1");
  CHECK_EQ(code_of(want(ada, "ada", many)), "too_large");
  CHECK_EQ(drawing(), R"({"a":3})");
}

SCENARIO("a room is removed without an owner only when nobody is there") {
  const auto ada = come_for_items("ada");
  CHECK_EQ(code_of(ask<void>(room(), remove_room{{}, true})), "conflict");
  CHECK_EQ(code_of(ask<void>(room(), remove_room{})), "forbidden");
  must(ask<void>(room(), leave{ada}));
  must(ask<void>(room(), remove_room{{}, true}));
}

END_FIXTURE_SCOPE()
