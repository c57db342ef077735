#define CAF_SUITE code_sprint

#include "net/dialects/code_sprint_tree.hpp"

#include "actors/item_tree.hpp"
#include "net/dialects/code_sprint_rooms.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <chrono>
#include <set>

#include "caf/test/bdd_dsl.hpp"

using namespace coterie;
using namespace coterie::net;
using namespace std::chrono_literals;

namespace {

using kind = actors::item_change::kind;

actors::item_change made(std::string id, std::string parent, std::string name,
                         const char* text = nullptr) {
  return {kind::created,
          {std::move(id), std::move(parent), std::move(name), !text},
          text ? std::make_shared<const std::string>(text) : nullptr,
          false};
}

actors::document_files::table files(const std::vector<std::pair<std::string, std::string>>& all) {
  actors::document_files::table table;
  for (const auto& [id, path] : all) {
    actors::document_file file;
    file.id = id;
    file.path = path;
    file.version = 1;
    if (id.starts_with("dir"))
      file.kind = actors::file_kind::directory;
    table.emplace(path, file);
  }
  return table;
}

std::vector<std::string> steps(const actors::document_files::table& before,
                               const actors::document_files::table& now) {
  std::vector<std::string> told;
  for (const auto& change :
       actors::differences(actors::item_tree(before), actors::item_tree(now))) {
    const auto* word = change.what == kind::created   ? "created "
                       : change.what == kind::renamed ? "renamed "
                       : change.what == kind::removed ? "removed "
                                                      : "written ";
    told.push_back(word + change.which.name);
  }
  return told;
}

using words = std::vector<std::string>;

} // namespace

SCENARIO("names of files are what front ends let people type") {
  for (const auto* good : {"a.py", "PrimeCheck.java", "a b.c", "ä.txt", "a..b"})
    CHECK(is_code_sprint_name(good, false));
  for (const auto* bad : {"", ".x", "..", "../a.py", "a/b.c", "a\\b.c", "a:b.c", "a*.c", "a\n.c",
                          "no_extension", "12345678901234567890123.py"})
    CHECK(!is_code_sprint_name(bad, false));
  CHECK(!is_code_sprint_name(std::string_view("a\0.c", 4), false));
  CHECK(is_code_sprint_name("no_extension", true));
  CHECK(!is_code_sprint_name(".git", true));
}

SCENARIO("an alias is the room's name, or a hash of one that is not fit to be an alias") {
  CHECK_EQ(code_sprint_alias("my room"), "my room");
  const std::string long_name(5000, 'x');
  CHECK_LT(code_sprint_alias(long_name).size(), 100u);
  CHECK_NE(code_sprint_alias(long_name), code_sprint_alias(long_name + 'x'));
  CHECK_NE(code_sprint_alias("#1"), "#1");
}

SCENARIO("socket paths look like socket paths, and each is another one") {
  std::set<std::string> seen;
  for (int i = 0; i < 200; ++i) {
    const auto path = make_socket_path();
    CHECK(is_socket_path(path));
    CHECK(seen.insert(path).second);
  }
  for (const auto* other : {"api", "sessions", "brave-otter", "brave-otter-", "brave-otter-ABCDEFG",
                            "brave-otter-abcdefgh", "brave-stone-abcdefg", "-otter-abcdefg", ""})
    CHECK(!is_socket_path(other));
}

SCENARIO("a room is idle when it has no sockets and was not used for a while") {
  code_sprint_rooms rooms;
  const code_sprint_rooms::time_point start{};
  CHECK(rooms.touch("a", start));
  rooms.enter("b", start);
  CHECK(rooms.take_idle(start - 1s).empty());
  CHECK_EQ(rooms.take_idle(start), words{"a"});
  CHECK(!rooms.touch("a", start + 1s)); // it is being removed
  CHECK(rooms.take_idle(start + 2s).empty());
  rooms.forget("a");
  CHECK(rooms.touch("a", start + 3s));
  rooms.leave("b", start + 4s);
  CHECK_EQ(rooms.take_idle(start + 4s), (words{"a", "b"}));
  rooms.keep("b", start + 5s);
  CHECK(rooms.touch("b", start + 5s));
}

SCENARIO("the root holds everything, each in its place") {
  const auto root = code_sprint_root(
    {made("d", "root", "src"), made("f", "d", "a.py", "print(1)"), made("g", "root", "b.c", "")});
  CHECK_EQ(root.at("id").as_string(), "root");
  CHECK_EQ(root.at("name").as_string(), "workspace");
  const auto& children = root.at("children").as_array();
  REQUIRE_EQ(children.size(), 2u);
  CHECK_EQ(children[0].at("type").as_string(), "directory");
  CHECK_EQ(children[0].at("children").as_array().at(0).at("content").as_string(), "print(1)");
  CHECK_EQ(children[1].at("id").as_string(), "g");
}

SCENARIO("changes are worded as clients know them") {
  actors::items_changed what;
  what.from_program = true;
  auto text = made("f", "root", "a.py", "x");
  text.what = kind::written;
  auto renamed = made("d", "root", "lib");
  renamed.what = kind::renamed;
  auto removed = made("e", "root", "e.c", "");
  removed.what = kind::removed;
  what.changes = {text, renamed, removed, made("n", "d", "n.c", "y")};
  const auto told = code_sprint_words(what);
  REQUIRE_EQ(told.size(), 4u);
  const auto line = [&](std::size_t i) {
    return told[i].name + ' ' + boost::json::serialize(told[i].payload);
  };
  CHECK_EQ(line(0), R"(file-updated {"fileId":"f","newContent":"x","from":"terminal"})");
  CHECK_EQ(line(1), R"(directory-renamed {"dirId":"d","newName":"lib"})");
  CHECK_EQ(line(2), R"(file-deleted {"fileId":"e"})");
  CHECK_EQ(line(3), R"(file-created {"parentDirId":"d","newFile":)"
                    R"({"id":"n","name":"n.c","type":"file","content":"y"}})");
}

SCENARIO("a drawing's change is read, or refused") {
  const auto good = read_code_sprint_drawing(boost::json::parse(
    R"({"added":{"a":{"x":1}},"updated":{"b":[{"x":1},{"x":2}]},"removed":{"c":{}}})"));
  REQUIRE(good);
  REQUIRE_EQ(good->put.size(), 2u);
  CHECK_EQ(good->put[0].second, R"({"x":1})");
  CHECK_EQ(good->put[1].first, "b");
  CHECK_EQ(good->put[1].second, R"({"x":2})");
  CHECK_EQ(good->removed, words{"c"});
  CHECK(!read_code_sprint_drawing(boost::json::parse(R"({"updated":{"b":{"x":1}}})")));
  CHECK(!read_code_sprint_drawing(boost::json::parse("[1]")));
  CHECK(read_code_sprint_drawing(boost::json::parse("{}")));
}

SCENARIO("a message keeps the id and time of its client; others get ours") {
  storage::chat_message message;
  message.number = 7;
  message.name = "ada";
  message.text = "hi";
  message.at = timestamp{} + 15h + 5min;
  CHECK_EQ(boost::json::serialize(code_sprint_message(message)),
           R"({"id":"message-7","message":"hi","username":"ada","timestamp":"3:05 PM"})");
  message.extras = code_sprint_message_extras({{"id", "one"}, {"timestamp", "11:59 AM"}});
  CHECK_EQ(boost::json::serialize(code_sprint_message(message)),
           R"({"id":"one","message":"hi","username":"ada","timestamp":"11:59 AM"})");
}

SCENARIO("panels do not show what nobody edits there") {
  for (const auto* shown : {"a.py", "src/a.py", "Makefile.txt", "a.output"})
    CHECK(actors::is_shown_item(shown, false));
  for (const auto* hidden : {"a", ".a.py", ".git/a.py", "A.class", "a.o", "b/__pycache__/x.py"})
    CHECK(!actors::is_shown_item(hidden, false));
  CHECK(actors::is_shown_item("src", true));
  CHECK(!actors::is_shown_item(".cache", true));
}

SCENARIO("the difference of two trees is what their readers have to do") {
  const auto one = files({{"f", "src/a.py"}, {"g", "b.c"}});
  CHECK_EQ(steps(files({}), one), (words{"created b.c", "created src", "created a.py"}));
  CHECK(steps(one, one).empty());
  CHECK_EQ(steps(one, files({{"g", "c.c"}})), (words{"removed src", "renamed c.c"}));
  // a directory with an entry keeps its id under another name, and so does what is in it
  CHECK_EQ(
    steps(files({{"dir", "src"}, {"f", "src/a.py"}}), files({{"dir", "lib"}, {"f", "lib/a.py"}})),
    words{"renamed lib"});
  // one without is another one
  CHECK_EQ(steps(files({{"f", "src/a.py"}}), files({{"f", "lib/a.py"}})),
           (words{"removed src", "created lib", "created a.py"}));
  CHECK_EQ(steps(files({{"f", "a.py"}}), files({{"f", "src/a.py"}})),
           (words{"removed a.py", "created src", "created a.py"}));
}
