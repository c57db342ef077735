#define CAF_SUITE tree_watch

#include "sandbox/tree_watch.hpp"

#include "sandbox/tree_path.hpp"
#include "tests/sandbox/lab.hpp"
#include "tests/sandbox/test_watch.hpp"

#include "caf/test/bdd_dsl.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <fstream>
#include <random>

using namespace coterie;
using namespace coterie::sandbox;
namespace fs = std::filesystem;

namespace {

bool is_rescan(const tree_changes& batch) {
  return batch.rescan;
}

void rename(const test_tree& at, const std::string& from, const std::string& to) {
  std::error_code ignored;
  fs::rename(at.work / from, at.work / to, ignored);
}

/// Renames directories into each other, over names and back, and makes files meanwhile.
class random_program {
public:
  explicit random_program(const test_tree& at) : at_(at), seed_(std::random_device{}()) {
    MESSAGE("seed " << seed_);
    random_.seed(seed_);
    for (int i = 0; i < 12; ++i)
      at_.put("d" + std::to_string(i) + "/sub/file", std::to_string(i));
  }

  void step() {
    rename(at_, any(), any());
    if (++steps_ % 10 != 0)
      return;
    std::error_code ignored;
    fs::create_directory(at_.work / any(), ignored);
    std::ofstream(at_.work / any() / "file") << steps_;
  }

  void mark_every_directory() {
    for (const auto& entry : fs::recursive_directory_iterator(at_.work))
      if (entry.is_directory())
        std::ofstream(entry.path() / "mark") << "x";
  }

private:
  std::string any() {
    std::string path = "d" + std::to_string(random_() % 12);
    for (auto depth = random_() % 3; depth > 0; --depth)
      path += random_() % 2 ? "/sub" : "/d" + std::to_string(random_() % 12);
    return path;
  }

  const test_tree& at_;
  unsigned seed_;
  std::mt19937 random_;
  int steps_ = 0;
};

} // namespace

SCENARIO("the first batch of a watch is everything") {
  test_tree at;
  at.put("a/b", "x");
  test_watch watch(at);
  CHECK(watch.hears(is_rescan));
  CHECK(watch.catches_up());
  CHECK_EQ(watch.heard().size(), 1u);
  CHECK(!watch.heard()[0].is_partial);
  CHECK_EQ(watched_directories(), 2u);
}

SCENARIO("files that are made, changed, renamed and removed are told") {
  test_tree at;
  at.put("dir/old", "x");
  test_watch watch(at);
  REQUIRE(watch.hears(is_rescan));
  at.put("dir/new", "x");
  CHECK(watch.hears_of("dir/new"));
  at.put("dir/new", "changed");
  CHECK(watch.hears_of("dir/new"));
  rename(at, "dir/new", "top");
  CHECK(watch.hears_of("top"));
  CHECK(watch.has_heard_below("dir/new"));
  fs::remove(at.work / "top");
  CHECK(watch.hears_of("top"));
  fs::create_symlink("dir", at.work / "link");
  CHECK(watch.hears_of("link"));
  fs::create_hard_link(at.work / "dir/old", at.work / "second");
  CHECK(watch.hears_of("second"));
  CHECK(watch.catches_up());
}

SCENARIO("what the server writes is told as well, once, by its own name") {
  test_tree at;
  test_watch watch(at);
  REQUIRE(watch.hears(is_rescan));
  REQUIRE(watch.files.write("file", "one"));
  REQUIRE(watch.hears_of("file"));
  REQUIRE(watch.files.write("file", "two"));
  REQUIRE(watch.hears_of("file"));
  REQUIRE_EQ(watch.heard().size(), 3u);
  CHECK(watch.heard()[1].paths == std::vector<std::string>({"file"}));
  CHECK(watch.heard()[2].paths == std::vector<std::string>({"file"}));
}

SCENARIO("a file that stays open is told while it is written to") {
  test_tree at;
  test_watch watch(at);
  REQUIRE(watch.hears(is_rescan));
  std::ofstream log(at.work / "log");
  CHECK(watch.hears_of("log"));
  log << "line" << std::flush;
  CHECK(watch.hears_of("log"));
  CHECK(watch.catches_up());
}

SCENARIO("files made in a new directory before it could be watched are found") {
  test_tree at;
  test_watch watch(at);
  for (int i = 0; i < 100; ++i)
    at.put("a" + std::to_string(i) + "/b/c/file", std::to_string(i));
  CHECK(watch.catches_up());
  CHECK(eventually([] { return watched_directories() == 301; }));
  fs::remove_all(at.work / "a7");
  CHECK(watch.catches_up());
  CHECK(eventually([] { return watched_directories() == 298; }));
}

SCENARIO("a renamed directory is told under both names and followed under the new one") {
  test_tree at;
  at.put("a/b/file", "x");
  test_watch watch(at);
  REQUIRE(watch.hears(is_rescan));
  rename(at, "a", "moved");
  CHECK(watch.hears_of("moved/b/file"));
  CHECK(watch.has_heard_below("a"));
  CHECK(watch.catches_up());
  at.put("moved/b/file", "changed");
  CHECK(watch.hears(
    [](const auto& batch) { return batch.paths == std::vector<std::string>({"moved/b/file"}); }));
  fs::create_directory(at.work / "c");
  rename(at, "moved/b", "c/b");
  at.put("c/b/deep/er", "y");
  CHECK(watch.catches_up());
  CHECK(eventually([] { return watched_directories() == 5; })); // the top, moved, c, b, deep
}

SCENARIO("what is ignored is neither told nor watched, wherever it is moved") {
  test_tree at;
  at.put("node_modules/react/index.js", "x");
  at.put("src/lib/a.c", "x");
  test_watch watch(at, "node_modules/\n*.o\n/docs/out/\n");
  REQUIRE(watch.hears(is_rescan));
  CHECK_EQ(watched_directories(), 3u);
  at.put("node_modules/react/other.js", "x");
  at.put("src/a.o", "x");
  at.put("src/marker", "x");
  CHECK(watch.hears_of("src/marker"));
  CHECK(!watch.has_heard_below("node_modules"));
  CHECK(!watch.has_heard_below("src/a.o"));
  // Into what is ignored, out of it, and where only the path decides.
  rename(at, "src/lib", "node_modules/lib");
  CHECK(watch.catches_up());
  CHECK(eventually([] { return watched_directories() == 2; }));
  rename(at, "node_modules/react", "react");
  CHECK(watch.catches_up());
  CHECK(eventually([] { return watched_directories() == 3; }));
  at.put("doc/out/page", "x");
  CHECK(watch.catches_up());
  rename(at, "doc", "docs");
  CHECK(watch.catches_up());
  CHECK(eventually([] { return watched_directories() == 4; }));
  rename(at, "docs", "doc");
  CHECK(watch.catches_up());
  CHECK(eventually([] { return watched_directories() == 5; }));
}

SCENARIO("names that nobody can tell are not told, and what gets a good name is") {
  test_tree at;
  test_watch watch(at);
  REQUIRE(watch.hears(is_rescan));
  at.put("bad\nname/file", "x");
  at.put("\xff", "x");
  at.put("\"good\" name", "x");
  CHECK(watch.hears_of("\"good\" name"));
  CHECK_EQ(watch.heard().back().paths.size(), 1u);
  CHECK_EQ(watched_directories(), 1u);
  rename(at, "bad\nname", "good");
  CHECK(watch.hears_of("good/file"));
  CHECK(watch.catches_up());
  CHECK(eventually([] { return watched_directories() == 2; }));
  rename(at, "good", "\x1b[31m");
  CHECK(watch.catches_up());
  CHECK(eventually([] { return watched_directories() == 1; }));
}

SCENARIO("directories deeper than paths may be are left alone") {
  test_tree at;
  test_watch watch(at);
  std::string deep = "d";
  for (std::size_t i = 0; i < path_depth_max + 20; ++i)
    deep += "/d";
  at.put(deep, "x");
  CHECK(watch.catches_up());
  CHECK(eventually([] { return watched_directories() == path_depth_max; }));
  fs::create_directory(at.work / "up");
  rename(at, "d/d/d/d/d", "up/e"); // what was too deep is not any more
  CHECK(watch.catches_up());
  CHECK(eventually([] { return watched_directories() > path_depth_max + 2; }));
}

SCENARIO("the next batch waits for the last one to be dealt with, and grows meanwhile") {
  test_tree at;
  test_watch slow(at);
  test_watch other(at);
  REQUIRE(eventually([&] { return slow.waiting() > 0; }));
  for (int i = 0; i < 5; ++i) {
    at.put(std::to_string(i), "x");
    REQUIRE(other.hears_of(std::to_string(i)));
  }
  CHECK_EQ(slow.waiting(), 1u);
  REQUIRE(slow.take()); // the rescan
  REQUIRE(slow.hears_of("4"));
  CHECK_EQ(slow.heard().size(), 2u);
  CHECK_EQ(slow.heard()[1].paths.size(), 5u);
}

SCENARIO("more changes than a batch may hold are told as a rescan") {
  test_tree at;
  test_watch slow(at);
  test_watch other(at);
  REQUIRE(eventually([&] { return slow.waiting() > 0; }));
  constexpr auto files = 4 * change_batcher::paths_max;
  for (std::size_t i = 0; i < files; ++i)
    at.put("d/" + std::to_string(i), "");
  CHECK(other.catches_up()); // by then the slow one has read enough, too
  REQUIRE(slow.take());
  REQUIRE(slow.hears([](const auto&) { return true; }));
  CHECK(slow.heard().back().rescan);
  CHECK(slow.catches_up());
}

SCENARIO("when the kernel's queue overflows everything is compared again") {
  test_tree at;
  std::size_t queue_max = 16'384;
  std::ifstream("/proc/sys/fs/inotify/max_queued_events") >> queue_max;
  at.put("dir/a", "x");
  at.put("stays/file", "x");
  test_watch watch(at);
  REQUIRE(watch.hears(is_rescan));
  auto release = watch.block();
  for (std::size_t i = 0; i <= queue_max / 2; ++i)
    rename(at, i % 2 ? "dir/b" : "dir/a", i % 2 ? "dir/a" : "dir/b");
  // Of these no event comes through.
  rename(at, "stays", "went");
  at.put("new/deep/file", "x");
  fs::remove_all(at.work / "dir");
  release.set_value();
  CHECK(watch.hears(is_rescan));
  CHECK(watch.catches_up());
  CHECK(eventually([] { return watched_directories() == 4; })); // the top, went, new, deep
  at.put("went/file", "changed");
  CHECK(watch.hears_of("went/file"));
  CHECK(watch.catches_up());
}

SCENARIO("a storm of renames ends with the truth") {
  test_tree at;
  random_program program(at);
  test_watch watch(at);
  for (int i = 0; i < 10'000; ++i) {
    program.step();
    if (i % 500 == 0)
      watch.take();
  }
  CHECK(watch.catches_up());
  // Every directory is watched, under its right name; those too deep to be told may be.
  std::size_t directories = 1;
  std::size_t told = 1;
  for (fs::recursive_directory_iterator next(at.work), end; next != end; ++next)
    if (next->is_directory()) {
      ++directories;
      told += static_cast<std::size_t>(next.depth()) + 1 < path_depth_max ? 1 : 0;
    }
  CHECK(eventually(
    [&] { return told <= watched_directories() && watched_directories() <= directories; }));
  program.mark_every_directory();
  CHECK(watch.catches_up());
}

SCENARIO("renames, with time to be read in between, need no rescan") {
  test_tree at;
  random_program program(at);
  test_watch watch(at);
  REQUIRE(watch.hears(is_rescan));
  for (int round = 0; round < 40; ++round) {
    for (int i = 0; i < 20; ++i)
      program.step();
    CHECK(watch.catches_up());
  }
  program.mark_every_directory();
  CHECK(watch.catches_up());
  CHECK_EQ(std::count_if(watch.heard().begin(), watch.heard().end(), is_rescan), 1);
}

SCENARIO("more directories than may be watched are found by rescans, which say so") {
  test_tree at;
  for (int i = 0; i < 20; ++i)
    at.put("d" + std::to_string(i) + "/file", "x");
  test_watch watch(at, "", 10);
  REQUIRE(watch.hears([](const auto& batch) { return batch.rescan && batch.is_partial; }));
  CHECK(watched_directories() <= 10u);
  for (int i = 0; i < 20; ++i)
    at.put("d" + std::to_string(i) + "/file", "changed");
  CHECK(watch.catches_up());
  // With fewer of them it is a full watch again.
  for (int i = 0; i < 15; ++i)
    fs::remove_all(at.work / ("d" + std::to_string(i)));
  CHECK(watch.hears([](const auto& batch) { return batch.rescan && !batch.is_partial; }));
  CHECK_EQ(watched_directories(), 6u);
}

SCENARIO("where there are no more watches to be had there are rescans") {
  test_tree at;
  at.put("dir/file", "x");
  test_watch watch(at, "", watched_directories_max, false);
  REQUIRE(watch.hears([](const auto& batch) { return batch.rescan && batch.is_partial; }));
  CHECK_EQ(watched_directories(), 0u);
  at.put("dir/file", "changed");
  CHECK(watch.catches_up());
}

SCENARIO("the end tells at once what there still is") {
  test_tree at;
  test_watch watch(at);
  REQUIRE(watch.hears(is_rescan));
  auto release = watch.block();
  at.put("late", "x");
  watch.finish();
  release.set_value();
  CHECK(watch.hears([](const auto& batch) { return batch.is_last; }));
  CHECK(watch.catches_up());
  CHECK_EQ(watched_directories(), 0u);
}
