#define CAF_SUITE room_files

#include "actors/room_files.hpp"

#include "actors/room.hpp"
#include "tests/support/results.hpp"

#include "caf/test/bdd_dsl.hpp"

using namespace coterie;
using namespace coterie::actors;
using namespace coterie::testing;
using namespace std::chrono_literals;

namespace {

timestamp wall_time;
timestamp read_wall_time() {
  return wall_time;
}

std::string numbered(std::size_t i) {
  std::string name = "f";
  name += std::to_string(i);
  return name;
}

struct fixture {
  fixture() {
    wall_time = timestamp{1'700'000'000'000ms};
  }

  result<room_files::written> put(std::string_view path, std::string content,
                                  std::optional<std::uint64_t> if_match = {},
                                  std::string client = {}, bool is_text = true) {
    return files.write(path, std::move(content), is_text, if_match, {"test", std::move(client)},
                       now);
  }
  std::string write(std::string_view path, std::string content,
                    std::optional<std::uint64_t> if_match = {}, std::string client = {}) {
    return code_of(put(path, std::move(content), if_match, std::move(client)));
  }
  std::string remove(std::string_view path, std::optional<std::uint64_t> if_match = {}) {
    return code_of(files.remove(path, if_match, {}));
  }
  std::string text(std::string_view path) {
    const auto read = files.read(path, {}, now);
    return read ? read->content : std::string(to_string(read.why().code));
  }
  std::uint64_t version(std::string_view path) {
    return files.read(path, {}, now)->version;
  }
  /// Somebody at /yjs puts text in front of a file's.
  void type(std::string_view path, std::string_view text) {
    const auto before = document.files().text_of(*document.files().find(path));
    document.edit("ada", [&](crdt::transaction& edit) {
      const auto& file = *document.files().find(path);
      CAF_REQUIRE(
        document.files().merge_text(edit, file, before, std::string(text) + before).has_value());
    });
  }
  std::string main_path() {
    const auto* main = document.files().main();
    return main ? main->path : "none";
  }

  room_document document{read_wall_time};
  room_files files{document, {}};
  room_files::time_point now{1h};
};

} // namespace

BEGIN_FIXTURE_SCOPE(fixture)

SCENARIO("a version grows with every change of its file, and only with these") {
  const auto made = put("main.py", "a");
  REQUIRE(made);
  CHECK(made->created && made->changed);
  CHECK_EQ(made->version, 1u);
  CHECK_EQ(put("other.py", "b")->version, 1u);
  wall_time += 1s;
  const auto changed = put("main.py", "b");
  REQUIRE(changed);
  CHECK(!changed->created && changed->changed);
  CHECK_GT(changed->version, made->version);
  CHECK_EQ(version("other.py"), 1u);
  CHECK(files.read("main.py", {}, now)->modified_at == wall_time);
  type("main.py", "x");
  CHECK_GT(version("main.py"), changed->version);
}

SCENARIO("equal content keeps the version") {
  const auto made = put("main.py", "a");
  const auto at = wall_time;
  wall_time += 1h;
  const auto again = put("main.py", "a");
  REQUIRE(again);
  CHECK(!again->changed);
  CHECK_EQ(again->version, made->version);
  CHECK(files.read("main.py", {}, now)->modified_at == at);
  const auto as_bytes = put("main.py", "a", {}, {}, false);
  REQUIRE(as_bytes);
  CHECK(as_bytes->changed);
  CHECK(!put("main.py", "a", {}, {}, false)->changed);
}

SCENARIO("a write for another version is refused and changes nothing") {
  CHECK_EQ(write("main.py", "a", 1), "version_mismatch"); // there is none yet
  CHECK_EQ(write("main.py", "a"), "accepted");
  const auto first = version("main.py");
  CHECK_EQ(write("main.py", "b", first + 1), "version_mismatch");
  CHECK_EQ(text("main.py"), "a");
  CHECK_EQ(write("main.py", "b", first), "accepted");
  CHECK_EQ(remove("main.py", first), "version_mismatch");
  CHECK_EQ(remove("main.py", version("main.py")), "accepted");
  CHECK_EQ(text("main.py"), "not_found");
  CHECK_EQ(remove("main.py"), "not_found");
}

SCENARIO("a write for an older version is merged while somebody still has its text") {
  CHECK_EQ(write("a", "one\n"), "accepted");
  const auto read = files.read("a", {"x", "reader"}, now);
  type("a", "zero\n");
  CHECK_EQ(write("a", "one\ntwo\n", read->version, "other"), "accepted");
  CHECK_EQ(text("a"), "zero\none\ntwo\n");
  now += text_base_bounds::kept_for;
  CHECK_EQ(write("a", "gone", read->version, "other"), "version_mismatch");
  CHECK_EQ(text("a"), "zero\none\ntwo\n");
}

SCENARIO("a write by a client that has not seen what others typed keeps that") {
  CHECK_EQ(write("a", "one\n", {}, "client"), "accepted");
  type("a", "zero\n");
  CHECK_EQ(write("a", "one\ntwo\n", {}, "client"), "accepted");
  CHECK_EQ(text("a"), "zero\none\ntwo\n");
  // It goes on from what it sent, having seen no answer with the rest.
  CHECK_EQ(write("a", "one\ntwo\nthree\n", {}, "client"), "accepted");
  CHECK_EQ(text("a"), "zero\none\ntwo\nthree\n");
  // What it has read it may delete.
  CHECK(files.read("a", {"x", "client"}, now).has_value());
  CHECK_EQ(write("a", "three\n", {}, "client"), "accepted");
  CHECK_EQ(text("a"), "three\n");
}

SCENARIO("a write by somebody who is not known replaces the whole text") {
  CHECK_EQ(write("a", "one\n", {}, "client"), "accepted");
  type("a", "zero\n");
  CHECK_EQ(write("a", "two\n", {}, "stranger"), "accepted");
  CHECK_EQ(text("a"), "two\n");
}

SCENARIO("the version of a merged write means, to its writer, what that one saw of it") {
  CHECK_EQ(write("a", "one\n", {}, "client"), "accepted");
  type("a", "zero\n");
  const auto merged = put("a", "one\ntwo\n", {}, "client");
  REQUIRE(merged);
  CHECK_EQ(write("a", "one\ntwo\nthree\n", merged->version, "client"), "accepted");
  CHECK_EQ(text("a"), "zero\none\ntwo\nthree\n");
}

SCENARIO("the version of a merged write means the whole text to everybody else") {
  CHECK_EQ(write("a", "one\n", {}, "client"), "accepted");
  type("a", "zero\n");
  const auto merged = put("a", "one\ntwo\n", {}, "client");
  type("a", "more\n");
  // Nobody has the whole text of that version.
  CHECK_EQ(write("a", "x", merged->version, "other"), "version_mismatch");
}

SCENARIO("a file turns from text to bytes and back, and keeps its place") {
  CHECK_EQ(write("a", "text"), "accepted");
  const std::string bytes("\0\xff", 2);
  REQUIRE(put("a", bytes, {}, {}, false));
  auto read = files.read("a", {}, now);
  CHECK(!read->is_text);
  CHECK_EQ(read->content, bytes);
  CHECK_EQ(files.size_of(*document.files().find("a")), 2u);
  CHECK_EQ(files.take_new_blobs().size(), 1u);
  CHECK(files.take_new_blobs().empty());
  CHECK_EQ(write("a", "text again"), "accepted");
  read = files.read("a", {}, now);
  CHECK(read->is_text);
  CHECK_EQ(read->content, "text again");
  CHECK_EQ(files.all().size(), 1u);
  CHECK(document.files().blobs().empty());
}

SCENARIO("a run takes texts of the moment and bytes, but no directories") {
  CHECK_EQ(write("a", "text"), "accepted");
  REQUIRE(put("b", "\xff", {}, {}, false));
  type("a", "new ");
  CHECK((files.snapshot() == std::vector<run_file>{{"a", "new text"}, {"b", "\xff"}}));
}

SCENARIO("a run goes without bytes that nobody ever sent") {
  CHECK_EQ(write("a", "text"), "accepted");
  document.edit("eve", [&](crdt::transaction& edit) {
    CHECK(document.files().create_binary(edit, "b", hash_content("unknown"), 7));
  });
  REQUIRE(document.files().find("b"));
  CHECK((files.snapshot() == std::vector<run_file>{{"a", "text"}}));
}

SCENARIO("contents that were replaced do not stay in memory without bound") {
  for (char c = 'a'; c < 'a' + 20; ++c) {
    REQUIRE(put("b", std::string(room_bounds::file_bytes_max, c), {}, {}, false));
    files.take_new_blobs();
  }
  const auto read = files.read("b", {}, now);
  REQUIRE(read);
  CHECK_EQ(read->content.front(), 't');
}

SCENARIO("another main file is the old one under a new name, with what others typed in it") {
  CHECK_EQ(write("main.py", "old\n", {}, "client"), "accepted");
  CHECK_NE(files.set_main("main.py", {}), 0u);
  const auto id = document.files().find("main.py")->id;
  type("main.py", "typed\n");
  const auto done = files.replace_main("main.py", "main.js", "old\nnew\n", {"x", "client"}, now);
  REQUIRE(done);
  CHECK(done->changed);
  CHECK_EQ(text("main.js"), "typed\nold\nnew\n");
  CHECK_EQ(document.files().find("main.js")->id, id);
  CHECK_EQ(text("main.py"), "not_found");
  CHECK_EQ(main_path(), "main.js");
}

SCENARIO("another main file that is there already takes the place of the old one") {
  CHECK_EQ(write("main.py", "py"), "accepted");
  CHECK_EQ(write("main.js", "js"), "accepted");
  files.set_main("main.py", {});
  REQUIRE(files.replace_main("main.py", "main.js", "new", {}, now));
  CHECK_EQ(text("main.js"), "new");
  CHECK_EQ(text("main.py"), "not_found");
  CHECK_EQ(main_path(), "main.js");
}

SCENARIO("a source that does not fit changes neither text nor name of the main file") {
  CHECK_EQ(write("main.py", "py"), "accepted");
  files.set_main("main.py", {});
  const auto refused = files.replace_main(
    "main.py", "main.js", std::string(room_bounds::file_bytes_max + 1, 'x'), {}, now);
  REQUIRE(!refused);
  CHECK(refused.why().code == errc::too_large);
  CHECK_EQ(text("main.py"), "py");
  CHECK_EQ(main_path(), "main.py");
}

SCENARIO("a main file that somebody deleted is made again") {
  REQUIRE(files.replace_main("main.py", "main.py", "new", {}, now));
  CHECK_EQ(text("main.py"), "new");
  CHECK_EQ(main_path(), "main.py");
}

SCENARIO("a path cannot be a file and a directory") {
  CHECK_EQ(write("lib/a.py", ""), "accepted");
  CHECK_EQ(write("lib", ""), "invalid_argument");
  CHECK_EQ(write("lib/a.py/b", ""), "invalid_argument");
  CHECK_EQ(write("lib-2", ""), "accepted"); // sorts before "lib/": no directory either
  CHECK_EQ(write("li", ""), "accepted");
}

SCENARIO("paths that leave the room or name nothing are refused") {
  for (const char* path : {"", "/etc/passwd", "../a", "a/../b", "a//b", "a/", ".", "a\nb"})
    CHECK_EQ(write(path, ""), "invalid_argument");
  CHECK(files.all().empty());
}

SCENARIO("a file has at most file_bytes_max bytes") {
  CHECK_EQ(write("a", std::string(room_bounds::file_bytes_max, 'x')), "accepted");
  CHECK_EQ(write("b", std::string(room_bounds::file_bytes_max + 1, 'x')), "too_large");
}

SCENARIO("all files together have at most room_bytes_max bytes, and removing makes room") {
  const std::string large(room_bounds::file_bytes_max, 'x');
  for (std::size_t i = 0; i < room_bounds::room_bytes_max / room_bounds::file_bytes_max; ++i)
    CHECK_EQ(write(numbered(i), large), "accepted");
  CHECK_EQ(write("one-more", "x"), "too_large");
  CHECK_EQ(write("f0", large.substr(1)), "accepted"); // one byte less
  CHECK_EQ(write("one-more", "x"), "accepted");
  CHECK_EQ(write("two-more", "x"), "too_large");
  CHECK_EQ(remove("f1"), "accepted");
  CHECK_EQ(write("two-more", "x"), "accepted");
}

SCENARIO("a room has at most files_max files") {
  for (std::size_t i = 0; i < room_bounds::files_max; ++i)
    REQUIRE_EQ(write(numbered(i), ""), "accepted");
  CHECK_EQ(write("more", ""), "too_large");
  CHECK_EQ(write("f0", "changed"), "accepted");
}

SCENARIO("a new room's files have version 1, and are held to the bounds of a room") {
  storage::room_record room;
  room.main = "a";
  room.created_at = wall_time;
  const auto made = make_document({{"a", "text"}, {"b", "\xff", false}}, room, read_wall_time);
  REQUIRE(made);
  room_files fresh{*made->document, made->blobs};
  CHECK_EQ(fresh.read("a", {}, now)->version, 1u);
  CHECK(fresh.read("a", {}, now)->modified_at == wall_time);
  CHECK_EQ(fresh.read("b", {}, now)->content, "\xff");
  CHECK(made->document->journal().is_saved()); // it is stored as a snapshot
  const auto refusal = [&](const std::vector<named_file>& given) {
    return code_of(make_document(given, room, read_wall_time));
  };
  const std::string large(room_bounds::file_bytes_max, 'x');
  CHECK_EQ(refusal({{"a", large}, {"b", large}, {"c", large}, {"d", large}}), "accepted");
  CHECK_EQ(refusal({{"a", large}, {"b", large}, {"c", large}, {"d", large}, {"e", "x"}}),
           "too_large");
  CHECK_EQ(refusal({{"a", ""}, {"a", ""}}), "invalid_argument");
  CHECK_EQ(refusal({{"a", ""}, {"a/b", ""}}), "invalid_argument");
  CHECK_EQ(refusal({{"b", ""}}), "invalid_argument"); // the main file is not there
}

SCENARIO("a title has at most title_bytes_max bytes") {
  CHECK(check_title(std::string(room_bounds::title_bytes_max, 't')));
  CHECK(!check_title(std::string(room_bounds::title_bytes_max + 1, 't')));
}

END_FIXTURE_SCOPE()
