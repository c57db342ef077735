#define CAF_SUITE tree_hostile

// Programs that rename, link and write while the server is at work. Each of them goes on until
// the server has done its part often enough.

#include "sandbox/tree.hpp"

#include "tests/sandbox/lab.hpp"
#include "tests/sandbox/test_tree.hpp"

#include "caf/test/bdd_dsl.hpp"

#include <fstream>

using namespace coterie;
using namespace coterie::sandbox;
namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t plenty = 4U << 20;
constexpr int rounds = 200; // between two looks at whether it is enough

} // namespace

SCENARIO("a directory that turns into a link and back never leads out of the tree") {
  test_tree at;
  auto files = at.open();
  at.put("real/secret", "inside");
  fs::create_directory_symlink("..", at.work / "other");
  const over_and_over flips(swap_names(at.work / "real", at.work / "other"));
  int inside = 0;
  int refused = 0;
  int outside = 0;
  CHECK(eventually([&] {
    for (int i = 0; i < rounds; ++i) {
      const auto read = files.read("real/secret", plenty);
      if (read && !read->bytes.starts_with("inside"))
        ++outside;
      ++(read ? inside : refused);
      static_cast<void>(files.write("real/secret", "inside " + std::to_string(i)));
      static_cast<void>(files.make_directory("real/made"));
      static_cast<void>(files.rename("real/made", "real/moved"));
      static_cast<void>(files.remove("real/moved"));
      static_cast<void>(files.list("real", {}));
    }
    return inside > 100 && refused > 100;
  }));
  CHECK_EQ(outside, 0);
  CHECK(at.is_secret_untouched());
  CHECK_EQ(at.incoming_files(), 0u);
}

SCENARIO("a file that turns into a link and back is never followed") {
  test_tree at;
  auto files = at.open();
  at.put("file", "inside");
  fs::create_symlink("../secret", at.work / "other");
  const over_and_over flips(swap_names(at.work / "file", at.work / "other"));
  int refused = 0;
  CHECK(eventually([&] {
    for (int i = 0; i < rounds; ++i) {
      const auto read = files.read("file", plenty);
      if (read)
        CHECK_EQ(read->bytes, "inside");
      else
        ++refused;
    }
    return refused > 100;
  }));
  CHECK(at.is_secret_untouched());
}

SCENARIO("a directory that takes a file's place in the last moment is put back") {
  test_tree at;
  auto files = at.open();
  at.put("file", "x");
  at.put("dir/precious", "kept");
  int written = 0;
  int refused = 0;
  {
    const over_and_over flips(swap_names(at.work / "file", at.work / "dir"));
    CHECK(eventually([&] {
      for (int i = 0; i < rounds; ++i)
        ++(files.write("file", "new") ? written : refused);
      return written > 1500 && refused > 200;
    }));
  }
  CHECK((at.content_of("dir/precious") == "kept" || at.content_of("file/precious") == "kept"));
  CHECK_EQ(at.incoming_files(), 0u);
}

SCENARIO("whoever reads meanwhile finds one whole version") {
  test_tree at;
  auto files = at.open();
  const auto version = [](int i) {
    return std::string(static_cast<std::size_t>(10'000 + i % 7 * 9'000),
                       static_cast<char>('a' + i % 26));
  };
  REQUIRE(files.write("shared", version(0)));
  std::atomic<int> torn = 0;
  {
    const over_and_over reads([&] {
      const auto seen = at.content_of("shared");
      if (seen.size() < 10'000 || seen.find_first_not_of(seen.front()) != seen.npos)
        ++torn;
    });
    CHECK(eventually([&] {
      for (int i = 0; i < 200; ++i)
        if (!files.write("shared", version(i)))
          return false;
      return reads.count() > 100;
    }));
  }
  CHECK_EQ(torn, 0);
}

SCENARIO("every version that a program put in place is seen by whoever writes over it") {
  test_tree at;
  auto files = at.open();
  REQUIRE(files.write("file", ""));
  constexpr int versions = 60;
  std::atomic<int> taken = 0; // by the server, which the program waits for
  int made = 0;
  const over_and_over changes([&] {
    if (made > taken || made == versions)
      return;
    std::ofstream(at.work / "next") << "version " << made + 1;
    fs::rename(at.work / "next", at.work / "file");
    ++made;
  });
  file_identity known;
  bool is_in_order = true;
  CHECK(eventually([&] {
    for (int i = 0; i < rounds && taken < versions; ++i) {
      const auto written = files.write("file", "ours", {.known = known});
      if (!written)
        return false;
      known = written->identity;
      if (written->replaced && written->replaced->bytes.starts_with("version ")) {
        ++taken;
        is_in_order = is_in_order && written->replaced->bytes == "version " + std::to_string(taken);
      }
    }
    return taken == versions;
  }));
  CHECK(is_in_order);
}

SCENARIO("a file that grows while it is read is refused, or told to have changed meanwhile") {
  test_tree at;
  const auto files = at.open();
  at.put("log", "");
  constexpr std::uint64_t bound = 200'000;
  std::ofstream log(at.work / "log", std::ios::app);
  bool refused = false;
  bool unsettled = false;
  const over_and_over appends([&] {
    log << std::string(100, 'x') << std::flush;
    if (log.tellp() > 4 * static_cast<std::streamoff>(bound))
      fs::resize_file(at.work / "log", 0);
  });
  CHECK(eventually([&] {
    for (int i = 0; i < rounds; ++i) {
      const auto read = files.read("log", bound);
      unsettled = unsettled || (read && !read->is_settled);
      refused = refused || (!read && read.why().code == errc::too_large);
      if (read ? read->bytes.size() > bound : read.why().code != errc::too_large)
        return false;
    }
    return refused && unsettled;
  }));
}
