#define CAF_SUITE tree_copy

#include "sandbox/tree_copy.hpp"

#include "tests/sandbox/test_tree.hpp"
#include "tests/support/results.hpp"

#include "caf/test/bdd_dsl.hpp"

#include <sys/stat.h>

using namespace coterie;
using namespace coterie::sandbox;
using namespace coterie::testing;
namespace fs = std::filesystem;

namespace {

struct two_trees {
  result<void> copy() const {
    auto to = copied.open();
    return copy_tree(model.open(), to);
  }

  test_tree model;
  test_tree copied;
};

} // namespace

SCENARIO("a copy has every file and directory, and what is executable is so there") {
  two_trees at;
  at.model.put("main.c", "int main;");
  at.model.put("lib/deep/data.bin", std::string("\0\xff", 2));
  at.model.put("a.out", "program");
  fs::create_directory(at.model.work / "empty");
  fs::permissions(at.model.work / "a.out", fs::perms::owner_all | fs::perms::others_exec);
  must(at.copy());
  CHECK(picture_of(at.copied.open(), {}) == picture_of(at.model.open(), {}));
  CHECK(at.copied.open().find("a.out")->is_executable);
  CHECK(!at.copied.open().find("main.c")->is_executable);
}

SCENARIO("a copy and its model do not see each other's changes") {
  two_trees at;
  at.model.put("data", "one");
  must(at.copy());
  at.copied.put("data", "two");
  CHECK_EQ(at.model.content_of("data"), "one");
}

SCENARIO("what cannot be copied whole is a failure that names it") {
  two_trees linked;
  fs::create_symlink(linked.model.secret, linked.model.work / "link");
  CHECK_EQ(code_of(linked.copy()), "unsupported");
  CHECK(linked.copy().why().detail.starts_with("link: "));
  two_trees unnameable;
  unnameable.model.put("\xff", "");
  CHECK_EQ(code_of(unnameable.copy()), "unsupported");
  two_trees large;
  large.model.put("core", "");
  fs::resize_file(large.model.work / "core", copy_bounds::file_bytes_max + 1);
  CHECK_EQ(code_of(large.copy()), "too_large");
  two_trees many;
  for (std::size_t i = 0; i <= copy_bounds::entries_max; ++i)
    fs::create_directory(many.model.work / std::to_string(i));
  CHECK_EQ(code_of(many.copy()), "too_large");
}
