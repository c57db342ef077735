#define CAF_SUITE tree

// A tree on this host's disk: what one call does. tree_hostile_test.cpp has what happens when
// somebody else is at it as well.

#include "sandbox/tree.hpp"

#include "sandbox/tree_path.hpp"
#include "tests/sandbox/test_tree.hpp"

#include "caf/test/bdd_dsl.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <csignal>
#include <fstream>

#include <fcntl.h>

using namespace coterie;
using namespace coterie::sandbox;
namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t plenty = 1U << 20;

unsigned mode_of(const fs::path& file) {
  struct stat info {};
  ::stat(file.c_str(), &info);
  return info.st_mode & 07777;
}

template <class T>
errc code_of(const result<T>& answer) {
  return answer ? errc{} : answer.why().code;
}

std::vector<std::string> paths_of(const tree_listing& listing) {
  std::vector<std::string> out;
  for (const auto& entry : listing.entries)
    out.push_back(entry.path);
  return out;
}

} // namespace

SCENARIO("a file is written with the directories it needs, and read again") {
  test_tree at;
  auto files = at.open();
  const auto written = files.write("a/b/c.txt", "one");
  REQUIRE(written);
  CHECK(!written->replaced);
  CHECK_EQ(at.content_of("a/b/c.txt"), "one");
  CHECK_EQ(mode_of(at.work / "a/b/c.txt"), 0644u);
  const auto read = files.read("a/b/c.txt", plenty);
  REQUIRE(read);
  CHECK_EQ(read->bytes, "one");
  CHECK(read->is_settled);
  CHECK(read->identity == written->identity);
  CHECK(files.find("a/b/c.txt")->identity == written->identity);
  REQUIRE(files.write("empty", ""));
  CHECK_EQ(files.read("empty", 0)->bytes, "");
  CHECK_EQ(at.incoming_files(), 0u);
}

SCENARIO("a written file has the mode of the one it replaces, unless told otherwise") {
  test_tree at;
  auto files = at.open();
  at.put("run.sh", "old");
  fs::permissions(at.work / "run.sh", fs::perms{0750});
  REQUIRE(files.write("run.sh", "new"));
  CHECK_EQ(mode_of(at.work / "run.sh"), 0750u);
  REQUIRE(files.write("run.sh", "new", {.is_executable = false}));
  CHECK_EQ(mode_of(at.work / "run.sh"), 0640u);
  REQUIRE(files.write("run.sh", "new", {.is_executable = true}));
  CHECK_EQ(mode_of(at.work / "run.sh"), 0751u);
  REQUIRE(files.write("new.sh", "", {.is_executable = true}));
  CHECK_EQ(mode_of(at.work / "new.sh"), 0755u);
  CHECK(files.find("new.sh")->is_executable);
  fs::permissions(at.work / "run.sh", fs::perms{04755}); // nobody gains an id by our writing
  REQUIRE(files.write("run.sh", "new"));
  CHECK_EQ(mode_of(at.work / "run.sh"), 0755u);
}

SCENARIO("a replaced file comes back unless its state was known") {
  test_tree at;
  auto files = at.open();
  const auto first = files.write("a", "first");
  REQUIRE(first);
  const auto second = files.write("a", "second", {.known = first->identity});
  REQUIRE(second);
  CHECK(!second->replaced);
  at.put("a", "changed by a program");
  const auto third = files.write("a", "third", {.known = second->identity});
  REQUIRE(third);
  REQUIRE(third->replaced);
  CHECK_EQ(third->replaced->bytes, "changed by a program");
  CHECK(third->replaced->is_whole);
  const auto fourth = files.write("a", "fourth", {.replaced_bytes_max = 2});
  REQUIRE((fourth && fourth->replaced));
  CHECK_EQ(fourth->replaced->bytes, "th");
  CHECK(!fourth->replaced->is_whole);
  CHECK_EQ(at.content_of("a"), "fourth");
  CHECK_EQ(at.incoming_files(), 0u);
}

SCENARIO("a known file that is gone is not made again") {
  test_tree at;
  auto files = at.open();
  const auto first = files.write("src/a", "first");
  REQUIRE(first);
  REQUIRE(files.rename("src/a", "b"));
  const auto second = files.write("src/a", "second", {.known = first->identity});
  REQUIRE(!second);
  CHECK(second.why().code == errc::not_found);
  CHECK_EQ(at.incoming_files(), 0u);
}

SCENARIO("an open file and another name of it keep the old content") {
  test_tree at;
  auto files = at.open();
  at.put("a", "old");
  fs::create_hard_link(at.work / "a", at.work / "b");
  std::ifstream open(at.work / "a");
  REQUIRE(files.write("a", "new"));
  CHECK_EQ(at.content_of("b"), "old");
  CHECK_EQ(std::string(std::istreambuf_iterator<char>(open), {}), "old");
}

SCENARIO("links, FIFOs and sockets give way to a file; nothing behind them changes") {
  test_tree at;
  auto files = at.open();
  fs::create_symlink("../secret", at.work / "link");
  REQUIRE_EQ(::mkfifo((at.work / "fifo").c_str(), 0666), 0);
  for (const auto* name : {"link", "fifo"}) {
    const auto written = files.write(name, "mine");
    REQUIRE(written);
    CHECK(!written->replaced);
    CHECK(fs::is_regular_file(fs::symlink_status(at.work / name)));
  }
  CHECK(at.is_secret_untouched());
}

SCENARIO("what is in the way of a file is a conflict and leaves nothing behind") {
  test_tree at;
  auto files = at.open();
  at.put("file", "x");
  fs::create_directories(at.work / "dir/full");
  fs::create_directory_symlink("..", at.work / "up");
  CHECK(code_of(files.write("dir", "x")) == errc::conflict);
  CHECK(code_of(files.write("file/below", "x")) == errc::conflict);
  CHECK(code_of(files.write("up/secret", "x")) == errc::conflict);
  CHECK(code_of(files.write("up/new/file", "x")) == errc::conflict);
  CHECK(code_of(files.make_directory("file")) == errc::conflict);
  CHECK(code_of(files.make_directory("new/../x")) == errc::invalid_argument);
  CHECK(at.is_secret_untouched());
  CHECK_EQ(at.incoming_files(), 0u);
}

SCENARIO("paths that could leave the tree are refused in every call") {
  test_tree at;
  auto files = at.open();
  for (const std::string path :
       {"", "/etc/passwd", "../secret", "a/../../secret", "a//b", ".", "a\\b"}) {
    CHECK(code_of(files.write(path, "x")) == errc::invalid_argument);
    CHECK(code_of(files.read(path, plenty)) == errc::invalid_argument);
    CHECK(code_of(files.find(path)) == errc::invalid_argument);
    CHECK(code_of(files.remove(path)) == errc::invalid_argument);
    CHECK(code_of(files.make_directory(path)) == errc::invalid_argument);
    CHECK(code_of(files.rename(path, "x")) == errc::invalid_argument);
    if (!path.empty())
      CHECK(code_of(files.list(path, {})) == errc::invalid_argument);
  }
  at.put("a", "x");
  CHECK(code_of(files.rename("a", "../a")) == errc::invalid_argument);
  CHECK(at.is_secret_untouched());
}

SCENARIO("only regular files are read, and nothing else is even opened") {
  test_tree at;
  const auto files = at.open();
  fs::create_directory(at.work / "dir");
  fs::create_symlink("../secret", at.work / "out");
  fs::create_symlink("/etc/passwd", at.work / "passwd");
  at.put("file", "x");
  fs::create_symlink("file", at.work / "in"); // not even within the tree
  fs::create_directory_symlink("..", at.work / "up");
  REQUIRE_EQ(::mkfifo((at.work / "fifo").c_str(), 0666), 0);
  const unique_fd listener{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  const auto path = (at.work / "socket").string();
  path.copy(name.sun_path, sizeof name.sun_path - 1);
  REQUIRE_EQ(::bind(listener.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name), 0);

  for (const auto* each : {"dir", "out", "passwd", "in", "up/secret", "fifo", "socket"})
    CHECK(code_of(files.read(each, plenty)) == errc::conflict);
  CHECK(code_of(files.read("none", plenty)) == errc::not_found);
  CHECK(files.find("dir")->kind == entry_kind::directory);
  CHECK(files.find("in")->kind == entry_kind::link);
  CHECK(files.find("fifo")->kind == entry_kind::other);
  CHECK(files.find("socket")->kind == entry_kind::other);
  // A program that waits for a reader of its FIFO would have seen us.
  const unique_fd writer{::open((at.work / "fifo").c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC)};
  CHECK(!writer); // without a reader it cannot be opened
}

SCENARIO("a file is as large as it says, and larger ones are refused before they are read") {
  test_tree at;
  const auto files = at.open();
  at.put("five", "12345");
  CHECK_EQ(files.read("five", 5)->bytes, "12345");
  CHECK(code_of(files.read("five", 4)) == errc::too_large);
  at.put("sparse", "");
  fs::resize_file(at.work / "sparse", 3U << 20);
  CHECK(files.read("sparse", 4U << 20)->bytes == std::string(3U << 20, '\0'));
  fs::resize_file(at.work / "sparse", std::uintmax_t{1} << 40);
  CHECK(code_of(files.read("sparse", 8U << 20)) == errc::too_large);
}

SCENARIO("a lease that a program took on its file does not hold us up") {
  test_tree at;
  const auto files = at.open();
  ::signal(SIGIO, SIG_IGN);
  at.put("leased", "x");
  const unique_fd holder{::open((at.work / "leased").c_str(), O_RDWR | O_CLOEXEC)};
  if (::fcntl(holder.get(), F_SETLEASE, F_WRLCK) != 0)
    return; // this file system has none
  CHECK(code_of(files.read("leased", plenty)) == errc::unavailable);
  ::fcntl(holder.get(), F_SETLEASE, F_UNLCK);
  CHECK(files.read("leased", plenty));
}

SCENARIO("files, links and empty directories are removed; full ones are not") {
  test_tree at;
  auto files = at.open();
  at.put("dir/file", "x");
  fs::create_symlink("../secret", at.work / "link");
  CHECK(code_of(files.remove("dir")) == errc::conflict);
  CHECK(files.remove("dir/file"));
  CHECK(files.remove("dir"));
  CHECK(files.remove("link"));
  CHECK(code_of(files.remove("link")) == errc::not_found);
  CHECK(code_of(files.remove("none/x")) == errc::not_found);
  CHECK(fs::is_empty(at.work));
  CHECK(at.is_secret_untouched());
}

SCENARIO("a rename makes directories, moves directories and replaces nothing") {
  test_tree at;
  auto files = at.open();
  at.put("a/file", "x");
  at.put("other", "kept");
  REQUIRE(files.rename("a/file", "b/c/file"));
  CHECK_EQ(at.content_of("b/c/file"), "x");
  CHECK(code_of(files.rename("b/c/file", "other")) == errc::conflict);
  CHECK_EQ(at.content_of("other"), "kept");
  REQUIRE(files.rename("b", "moved"));
  CHECK_EQ(at.content_of("moved/c/file"), "x");
  CHECK(code_of(files.rename("moved", "moved/c/inner")) == errc::invalid_argument);
  CHECK(code_of(files.rename("none", "new/dir/x")) == errc::not_found);
  CHECK(!fs::exists(at.work / "new")); // what was made for it is gone again
}

SCENARIO("directories are made with those above them, again and again") {
  test_tree at;
  auto files = at.open();
  CHECK(files.make_directory("a/b/c"));
  CHECK(files.make_directory("a/b/c"));
  CHECK(fs::is_directory(at.work / "a/b/c"));
}

SCENARIO("a listing has every kind, by path, and what is ignored is not looked into") {
  test_tree at;
  const auto files = at.open();
  at.put("b.txt", "12345");
  at.put("a/x/deep.txt", "");
  at.put("a/x.o", "");
  at.put("node_modules/react/index.js", "");
  fs::create_directory(at.work / "empty");
  fs::create_symlink("..", at.work / "up");
  REQUIRE_EQ(::mkfifo((at.work / "fifo").c_str(), 0666), 0);
  const auto ignored = rules("node_modules/\n*.o\n");
  const auto listing = files.list("", ignored);
  REQUIRE(listing);
  CHECK(paths_of(*listing)
        == std::vector<std::string>({"a", "a/x", "a/x/deep.txt", "b.txt", "empty", "fifo", "up"}));
  CHECK(!listing->is_cut);
  CHECK_EQ(listing->skipped, 0u);
  CHECK(listing->entries[0].kind == entry_kind::directory);
  CHECK(listing->entries[3].identity == files.find("b.txt")->identity);
  CHECK_EQ(listing->entries[3].identity.size, 5u);
  CHECK(listing->entries[5].kind == entry_kind::other);
  CHECK(listing->entries[6].kind == entry_kind::link);
  CHECK(paths_of(*files.list("a", ignored)) == std::vector<std::string>({"a/x", "a/x/deep.txt"}));
  CHECK(code_of(files.list("none", ignored)) == errc::not_found);
  CHECK(code_of(files.list("up", ignored)) == errc::conflict);
  CHECK(code_of(files.list("b.txt", ignored)) == errc::conflict);
}

SCENARIO("a listing that is too long is cut, upper levels first") {
  test_tree at;
  const auto files = at.open();
  for (int i = 0; i < 20; ++i)
    at.put("d/" + std::to_string(i), "");
  at.put("top", "");
  const auto cut = files.list("", {}, 5);
  REQUIRE(cut);
  CHECK(cut->is_cut);
  CHECK_EQ(cut->entries.size(), 5u);
  CHECK(paths_of(*cut).front() == "d");
  CHECK(paths_of(*cut).back() == "top");
  CHECK(!files.list("", {}, 22)->is_cut);
}

SCENARIO("names that nobody can tell are counted and left alone") {
  test_tree at;
  const auto files = at.open();
  for (const std::string odd : {"new\nline", "\xff\xfe", "back\\slash", "\x1b[31m", "tab\there"})
    std::ofstream(at.work / odd) << "x";
  at.put("odd\xff/inner/file", "x");
  const std::string longest(255, 'x');
  for (const auto& fine : {std::string("\"quoted\" 'name'"), std::string("%s $(rm)"), longest,
                           std::string("\xc3\xa4\xc3\xb6")})
    at.put(fine, "x");
  const auto listing = files.list("", {});
  REQUIRE(listing);
  CHECK_EQ(listing->skipped, 6u);
  CHECK_EQ(listing->entries.size(), 4u);
  CHECK(files.read(longest, plenty));
}

SCENARIO("what is too deep or too long to be spoken of is counted") {
  test_tree at;
  const auto files = at.open();
  auto deep = at.work;
  for (std::size_t i = 0; i < path_depth_max + 5; ++i)
    deep /= "d";
  fs::create_directories(deep);
  const auto listing = files.list("", {});
  REQUIRE(listing);
  CHECK_EQ(listing->entries.size(), path_depth_max);
  CHECK_EQ(listing->skipped, 1u);
}
