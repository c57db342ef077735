#define CAF_SUITE workdir

#include "sandbox/workdir.hpp"

#include "caf/test/bdd_dsl.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

using namespace coterie;
using namespace coterie::sandbox;
namespace fs = std::filesystem;

namespace {

/// A directory for one test, and a secret beside it that must not change.
struct place {
  fs::path root;
  fs::path work;
  fs::path secret;
  unique_fd directory;

  place() {
    std::string form = (fs::temp_directory_path() / "workdir-XXXXXX").string();
    REQUIRE(::mkdtemp(form.data()));
    root = form;
    work = root / "work";
    secret = root / "secret";
    fs::create_directory(work);
    std::ofstream(secret) << "untouched";
    directory.reset(::open(work.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  }
  ~place() {
    fs::remove_all(root);
  }
  result<void> put(const std::string& path, const std::string& content, bool executable = false) {
    return write_file(directory.get(), {path, content, executable}, -1);
  }
};

std::string content_of(const fs::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

} // namespace

SCENARIO("files are written with the directories they need") {
  place at;
  REQUIRE(at.put("a/b/c.txt", "one"));
  REQUIRE(at.put("a/b/run.sh", "two", true));
  CHECK_EQ(content_of(at.work / "a/b/c.txt"), "one");
  struct stat info;
  ::stat((at.work / "a/b/run.sh").c_str(), &info);
  CHECK_EQ(info.st_mode & 0777, 0755u);
  REQUIRE(at.put("a/b/c.txt", "shorter"));
  CHECK_EQ(content_of(at.work / "a/b/c.txt"), "shorter");
}

SCENARIO("paths that could leave the work directory are refused") {
  place at;
  for (const std::string path : {"", "/etc/passwd", "../secret", "a/../../secret", "a//b", "a/",
                                 "./a", "a/.", "..", "a\\b"}) {
    const auto written = at.put(path, "x");
    CHECK(!written && written.why().code == errc::invalid_argument);
  }
  CHECK(!split_path(std::string("a\0b", 3)));
  CHECK(!split_path(std::string(256, 'x')));
  CHECK(!split_path(std::string(path_bytes_max + 1, 'x')));
  std::string deep = "a";
  for (std::size_t i = 0; i < path_depth_max; ++i)
    deep += "/a";
  CHECK(!split_path(deep));
  CHECK_EQ(split_path("a b/.hidden/ä")->size(), 3u);
  CHECK_EQ(content_of(at.secret), "untouched");
}

SCENARIO("a link in the place of a file is replaced, not followed") {
  place at;
  fs::create_symlink("../secret", at.work / "output.txt");
  REQUIRE(at.put("output.txt", "mine"));
  CHECK_EQ(content_of(at.secret), "untouched");
  CHECK_EQ(content_of(at.work / "output.txt"), "mine");
  CHECK(!fs::is_symlink(at.work / "output.txt"));
}

SCENARIO("a link in the place of a directory is a conflict") {
  place at;
  fs::create_directory_symlink("..", at.work / "inputs");
  const auto written = at.put("inputs/secret", "overwritten");
  REQUIRE(!written);
  CHECK(written.why().code == errc::conflict);
  CHECK_EQ(content_of(at.secret), "untouched");
}

SCENARIO("a directory in the place of a file is a conflict") {
  place at;
  fs::create_directory(at.work / "main.py");
  const auto written = at.put("main.py", "x");
  REQUIRE(!written);
  CHECK(written.why().code == errc::conflict);
}
