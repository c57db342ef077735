#define CAF_SUITE tree_mirror

#include "actors/tree_mirror.hpp"

#include "caf/test/bdd_dsl.hpp"

#include <fcntl.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

using namespace coterie;
using namespace coterie::actors;
using namespace std::chrono_literals;

namespace {

namespace files = std::filesystem;

/// A mirror of a folder in which a test does what programs do.
struct fixture {
  fixture() {
    std::string name = (files::temp_directory_path() / "mirror-XXXXXX").string();
    root = ::mkdtemp(name.data());
    files::create_directory(root / "work");
    files::create_directory(root / "incoming");
    const auto open = [](const files::path& path) {
      return sandbox::unique_fd{::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
    };
    auto rules = sandbox::ignore_rules::parse("node_modules/\n*.o\n");
    mirror.emplace(std::make_unique<sandbox::tree>(
                     sandbox::tree_place{open(root / "work"), open(root / "incoming"), -1}),
                   std::make_shared<const sandbox::ignore_rules>(std::move(*rules)));
  }
  ~fixture() {
    files::remove_all(root);
  }

  // what programs do

  void put(const std::string& path, const std::string& content) const {
    const auto target = root / "work" / path;
    files::create_directories(target.parent_path());
    // As most of them do: written aside and moved, so that the file is another one.
    std::ofstream(root / "aside", std::ios::binary) << content;
    files::rename(root / "aside", target);
  }
  std::string content(const std::string& path) const {
    std::ifstream in(root / "work" / path, std::ios::binary);
    std::stringstream all;
    all << in.rdbuf();
    return all.str();
  }
  bool exists(const std::string& path) const {
    return files::exists(root / "work" / path);
  }

  // what the room does

  void want(const std::string& path, const std::string& content) {
    wanted_changes wanted;
    wanted.heard = heard;
    wanted.files.push_back({path, file_kind::text, std::make_shared<const std::string>(content)});
    hear(mirror->apply(wanted, now));
  }

  void hear(found_changes changes) {
    found = std::move(changes);
    if (found.number != 0)
      heard = found.number;
  }

  void look(std::vector<std::string> paths) {
    sandbox::tree_changes hint;
    hint.paths = std::move(paths);
    hear(mirror->look(hint, now));
  }

  /// The only thing that was found.
  const found_change& change() {
    CAF_REQUIRE_EQUAL(found.changes.size(), 1u);
    return found.changes[0];
  }

  files::path root;
  std::optional<tree_mirror> mirror;
  tree_mirror::time_point now{};
  std::uint64_t heard = 0;
  found_changes found;
};

} // namespace

BEGIN_FIXTURE_SCOPE(fixture)

SCENARIO("what the room wants is in the container, and does not come back") {
  want("src/main.py", "print(1)\n");
  CHECK_EQ(content("src/main.py"), "print(1)\n");
  look({"src"});
  CHECK_EQ(found.number, 0u);
}

SCENARIO("what a program writes is told as a change of what it had read") {
  want("a", "one\ntwo\n");
  put("a", "one\ntwo\nthree\n");
  look({"a"});
  CHECK(change().what == found_change::kind::written);
  CHECK_EQ(*change().base, "one\ntwo\n");
  CHECK_EQ(*change().content, "one\ntwo\nthree\n");
  look({"a"});
  CHECK(found.changes.empty());
}

SCENARIO("a program that had read an older text is measured by that one") {
  want("a", "one\ntwo\nthree\n");
  now += 10s;
  want("a", "one typed\ntwo\nthree\n");
  put("a", "one\ntwo\nTHREE\n");
  now += 1s;
  look({"a"});
  CHECK_EQ(*change().base, "one\ntwo\nthree\n");
}

SCENARIO("a change that nobody has noticed yet is found instead of overwritten") {
  want("a", "one\n");
  put("a", "one\nprogram\n");
  want("a", "typed\none\n");
  CHECK_EQ(*change().base, "one\n");
  CHECK_EQ(*change().content, "one\nprogram\n");
}

SCENARIO("the room does not overwrite what it has not heard of") {
  want("a", "one\n");
  put("a", "program\n");
  look({"a"});
  --heard; // on its way
  want("a", "typed\n");
  CHECK_EQ(content("a"), "program\n");
  ++heard;
  want("a", "both\n");
  CHECK_EQ(content("a"), "both\n");
}

SCENARIO("a rename by a program is one, also of a folder, and with changes") {
  want("src/a", "one\n");
  want("src/b", "two\n");
  files::rename(root / "work/src", root / "work/lib");
  look({"lib", "src"});
  REQUIRE_EQ(found.changes.size(), 2u);
  for (const auto& moved : found.changes)
    CHECK(moved.what == found_change::kind::moved);
  CHECK_EQ(found.changes[0].from, "src/a");
  CHECK_EQ(found.changes[0].path, "lib/a");
  now += 1s;
  look({});
  CHECK(found.changes.empty());
}

SCENARIO("a file that is missing for a moment was being replaced, later it is removed") {
  want("a", "one\n");
  files::remove(root / "work/a");
  look({"a"});
  CHECK(found.changes.empty());
  REQUIRE(mirror->look_again_at());
  put("a", "one\n");
  look({"a"});
  CHECK(found.changes.empty());
  CHECK(!mirror->look_again_at());
  files::remove(root / "work/a");
  look({"a"});
  now += mirror_bounds::missing_for;
  look({});
  CHECK(change().what == found_change::kind::removed);
  CHECK_EQ(change().path, "a");
}

SCENARIO("the room does not make a file again that a program has just moved") {
  want("src/a", "one\n");
  want("b", "two\n");
  files::rename(root / "work/src/a", root / "work/src/c");
  files::remove(root / "work/b");
  look({"src/a"}); // of its new name an event is still to come
  want("src/a", "one\n");
  want("b", "two\n");
  CHECK(!exists("src/a"));
  CHECK(!exists("b"));
  look({"b", "src/c"});
  CHECK(change().what == found_change::kind::moved);
  CHECK_EQ(change().from, "src/a");
  now += 1s;
  look({});
  CHECK(change().what == found_change::kind::removed);
}

SCENARIO("what was typed into a file that is being moved goes where the file goes") {
  want("a", "one\n");
  files::rename(root / "work/a", root / "work/c");
  want("a", "typed\none\n"); // before anybody noticed
  CHECK(!exists("a"));
  look({"a", "c"});
  CHECK(change().what == found_change::kind::moved);
  want("c", "typed\none\n");
  CHECK_EQ(content("c"), "typed\none\n");
  CHECK(!mirror->look_again_at());
}

SCENARIO("what was typed into a file that is being replaced or removed is asked for again") {
  want("a", "one\n");
  files::remove(root / "work/a");
  look({"a"});
  want("a", "typed\none\n");
  CHECK(!exists("a"));
  put("a", "one\n");
  look({"a"});
  CHECK(change().what == found_change::kind::written);
  CHECK_EQ(*change().base, *change().content);
  want("a", "typed\none\n");
  CHECK_EQ(content("a"), "typed\none\n");
  files::remove(root / "work/a");
  want("a", "typed again\none\n");
  now += 1s;
  look({});
  CHECK(change().what == found_change::kind::written);
  want("a", "typed again\none\n");
  CHECK_EQ(content("a"), "typed again\none\n");
}

SCENARIO("empty folders and bytes are told, ignored files and links are not") {
  files::create_directory(root / "work/empty");
  put("node_modules/x", "x");
  put("x.o", "x");
  put("bytes", std::string("\0\xff", 2));
  files::create_symlink("/etc/passwd", root / "work/link");
  sandbox::tree_changes everything;
  everything.rescan = true;
  hear(mirror->look(everything, now));
  REQUIRE_EQ(found.changes.size(), 2u);
  CHECK_EQ(found.changes[0].path, "bytes");
  CHECK(!found.changes[0].is_text);
  CHECK(found.changes[1].what == found_change::kind::directory_made);
  CHECK_EQ(found.changes[1].path, "empty");
}

SCENARIO("a file that is too large stays in the container and is said to") {
  put("large", std::string(mirror_bounds::file_bytes_max + 1, 'x'));
  look({"large"});
  CHECK(found.changes.empty());
  REQUIRE_EQ(found.volatiles.size(), 1u);
  CHECK_EQ(found.volatiles[0].path, "large");
  files::remove(root / "work/large");
  look({"large"});
  CHECK(found.volatiles.empty());
  CHECK_NE(found.number, 0u);
}

SCENARIO("a file that grows too large is no file of the room any more, until it shrinks") {
  want("a", "one\n");
  put("a", std::string(mirror_bounds::file_bytes_max + 1, 'x'));
  look({"a"});
  CHECK(change().what == found_change::kind::removed);
  CHECK_EQ(found.volatiles.size(), 1u);
  wanted_changes wanted; // as the room answers
  wanted.heard = heard;
  wanted.removed = {"a"};
  hear(mirror->apply(wanted, now));
  CHECK(exists("a"));
  put("a", "short\n");
  look({"a"});
  CHECK(change().what == found_change::kind::written);
  CHECK_EQ(*change().content, "short\n");
  CHECK(found.volatiles.empty());
}

SCENARIO("what the room moved and removed is moved and removed") {
  want("src/a", "one\n");
  want("b", "two\n");
  wanted_changes wanted;
  wanted.heard = heard;
  wanted.removed = {"b"};
  wanted.moved = {{"src/a", "lib/a"}};
  hear(mirror->apply(wanted, now));
  CHECK(!exists("b"));
  CHECK(!exists("src"));
  CHECK_EQ(content("lib/a"), "one\n");
  look({"b", "lib", "src"});
  now += 1s;
  look({});
  CHECK(found.changes.empty());
}

SCENARIO("two files that the room gave each other's names are both there") {
  want("a", "one\n");
  want("b", "two\n");
  wanted_changes wanted;
  wanted.heard = heard;
  wanted.moved = {{"a", "b"}, {"b", "a"}};
  const auto text = [](const char* content) {
    return std::make_shared<const std::string>(content);
  };
  wanted.files = {{"a", file_kind::text, text("two\n")}, {"b", file_kind::text, text("one\n")}};
  hear(mirror->apply(wanted, now));
  CHECK_EQ(content("a"), "two\n");
  CHECK_EQ(content("b"), "one\n");
  CHECK(found.changes.empty());
}

END_FIXTURE_SCOPE()
