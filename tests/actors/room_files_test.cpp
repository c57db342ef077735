#define CAF_SUITE room_files

#include "actors/room_files.hpp"

#include "actors/room.hpp"

#include "caf/test/bdd_dsl.hpp"

using namespace coterie;
using namespace coterie::actors;

namespace {

constexpr timestamp at{std::chrono::milliseconds{1'700'000'000'000}};

std::string numbered(std::size_t i) {
  std::string name = "f";
  name += std::to_string(i);
  return name;
}

struct fixture {
  std::string write(std::string path, std::string content,
                    std::optional<std::uint64_t> if_match = {}) {
    const auto done = files.write(std::move(path), std::move(content), true, if_match, at);
    return done ? "accepted" : std::string(to_string(done.why().code));
  }
  std::string remove(std::string_view path, std::optional<std::uint64_t> if_match = {}) {
    const auto done = files.remove(path, if_match);
    return done ? "accepted" : std::string(to_string(done.why().code));
  }

  room_files files{{}};
};

} // namespace

BEGIN_FIXTURE_SCOPE(fixture)

SCENARIO("a new file has version 1 and every change adds one") {
  const auto made = files.write("main.py", "a", true, {}, at);
  REQUIRE(made);
  CHECK(made->created && made->changed);
  CHECK_EQ(made->file->version, 1u);
  const auto changed = files.write("main.py", "b", true, {}, at + std::chrono::seconds{1});
  REQUIRE(changed);
  CHECK(!changed->created && changed->changed);
  CHECK_EQ(changed->file->version, 2u);
  CHECK(changed->file->modified_at == at + std::chrono::seconds{1});
}

SCENARIO("equal content keeps the version") {
  CHECK_EQ(write("main.py", "a"), "accepted");
  const auto again = files.write("main.py", "a", true, {}, at + std::chrono::hours{1});
  REQUIRE(again);
  CHECK(!again->changed);
  CHECK_EQ(again->file->version, 1u);
  CHECK(again->file->modified_at == at);
  const auto as_bytes = files.write("main.py", "a", false, {}, at);
  REQUIRE(as_bytes);
  CHECK(as_bytes->changed);
}

SCENARIO("a write for another version is refused and changes nothing") {
  CHECK_EQ(write("main.py", "a", 1), "version_mismatch"); // there is none yet
  CHECK_EQ(write("main.py", "a"), "accepted");
  CHECK_EQ(write("main.py", "b", 2), "version_mismatch");
  CHECK_EQ(files.find("main.py")->content, "a");
  CHECK_EQ(write("main.py", "b", 1), "accepted");
  CHECK_EQ(remove("main.py", 1), "version_mismatch");
  CHECK_EQ(remove("main.py", 2), "accepted");
  CHECK(!files.find("main.py"));
  CHECK_EQ(remove("main.py"), "not_found");
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

SCENARIO("files that were loaded count towards the bound") {
  std::vector<storage::file_record> loaded;
  for (std::size_t i = 0; i < 4; ++i)
    loaded.push_back({numbered(i), std::string(room_bounds::file_bytes_max, 'x')});
  room_files full{std::move(loaded)};
  const auto refused = full.write("more", "x", true, {}, at);
  REQUIRE(!refused);
  CHECK(refused.why().code == errc::too_large);
}

SCENARIO("a room has at most files_max files") {
  for (std::size_t i = 0; i < room_bounds::files_max; ++i)
    REQUIRE_EQ(write(numbered(i), ""), "accepted");
  CHECK_EQ(write("more", ""), "too_large");
  CHECK_EQ(write("f0", "changed"), "accepted");
}

SCENARIO("a title has at most title_bytes_max bytes") {
  CHECK(check_title(std::string(room_bounds::title_bytes_max, 't')));
  CHECK(!check_title(std::string(room_bounds::title_bytes_max + 1, 't')));
}

END_FIXTURE_SCOPE()
