#define CAF_SUITE watch_table

#include "sandbox/watch_table.hpp"

#include "sandbox/tree_path.hpp"

#include "caf/test/bdd_dsl.hpp"

#include <algorithm>

using namespace coterie::sandbox;

namespace {

using placement = watch_table::placement;

constexpr int root = 1;

/// A table whose watches have their own number as inode.
struct small_table : watch_table {
  small_table() {
    start(root, root);
  }
  placement put(int above, const std::string& name, int watch) {
    return place(*find(above), name, watch, static_cast<std::uint64_t>(watch)).second;
  }
  std::string path(int watch) {
    const auto* found = find(watch);
    return found ? path_of(*found).value_or("(nowhere)") : "(none)";
  }
  std::vector<int> drop() {
    auto watches = drop_orphans();
    std::sort(watches.begin(), watches.end());
    return watches;
  }
};

} // namespace

SCENARIO("directories have the path of their place") {
  small_table table;
  CHECK(table.put(root, "a", 2) == placement::added);
  CHECK(table.put(2, "b", 3) == placement::added);
  CHECK(table.put(2, "b", 3) == placement::same);
  CHECK_EQ(table.path(root), "");
  CHECK_EQ(table.path(3), "a/b");
}

SCENARIO("a renamed directory takes along what is below it") {
  small_table table;
  table.put(root, "a", 2);
  table.put(2, "b", 3);
  table.put(root, "c", 4);
  CHECK(table.put(4, "x", 2) == placement::moved);
  CHECK_EQ(table.path(3), "c/x/b");
  CHECK(table.find(root)->below.size() == 1u);
}

SCENARIO("what another directory displaces has no place until it is seen again") {
  small_table table;
  table.put(root, "a", 2);
  table.put(2, "b", 3);
  table.put(root, "a", 4);
  CHECK_EQ(table.path(4), "a");
  CHECK_EQ(table.path(3), "(nowhere)");
  CHECK(table.put(root, "old", 2) == placement::moved);
  CHECK_EQ(table.path(3), "old/b");
  CHECK(table.drop().empty());
}

SCENARIO("orphans are dropped with everything below them") {
  small_table table;
  table.put(root, "a", 2);
  table.put(2, "b", 3);
  table.put(3, "c", 4);
  table.put(root, "d", 5);
  table.make_orphan(*table.find(2));
  CHECK(table.drop() == std::vector<int>({2, 3, 4}));
  CHECK_EQ(table.size(), 2u);
  CHECK_EQ(table.path(5), "d");
}

SCENARIO("a watch that is gone leaves what was below it without a place") {
  small_table table;
  table.put(root, "a", 2);
  table.put(2, "b", 3);
  table.erase(2);
  CHECK_EQ(table.path(2), "(none)");
  CHECK_EQ(table.path(3), "(nowhere)");
  table.put(root, "b", 3);
  CHECK_EQ(table.path(3), "b");
}

SCENARIO("news that would close a ring is believed, and the older word dropped") {
  small_table table;
  table.put(root, "a", 2);
  table.put(2, "b", 3);
  table.put(3, "c", 4);
  // The program did: mv a/b/c . ; mv a c/ . The first of it has not been read yet.
  CHECK(table.put(4, "a", 2) == placement::moved);
  CHECK_EQ(table.path(2), "(nowhere)");
  table.put(root, "c", 4);
  CHECK_EQ(table.path(2), "c/a");
  CHECK_EQ(table.path(3), "c/a/b");
}

SCENARIO("the top and a directory itself cannot be placed") {
  small_table table;
  table.put(root, "a", 2);
  CHECK(table.place(*table.find(2), "x", root, root).first == nullptr);
  CHECK(table.place(*table.find(2), "x", 2, 2).first == nullptr);
  CHECK_EQ(table.path(2), "a");
}

SCENARIO("what was not seen in a round loses its place") {
  small_table table;
  table.put(root, "a", 2);
  table.put(root, "b", 3);
  table.find(2)->seen = 7;
  table.orphan_unseen(7);
  CHECK(table.drop() == std::vector<int>({3}));
}

SCENARIO("paths beyond their bounds are not given") {
  small_table table;
  int above = root;
  for (std::size_t i = 0; i < path_depth_max; ++i, ++above)
    table.put(above, "d", above + 1);
  CHECK(table.path(above) != "(nowhere)");
  table.put(above, "d", above + 1);
  CHECK_EQ(table.path(above + 1), "(nowhere)");

  small_table wide;
  for (int i = root; i < 5; ++i)
    wide.put(i, std::string(250, 'x'), i + 1);
  CHECK(wide.path(5) != "(nowhere)");
  wide.put(5, std::string(250, 'x'), 6);
  CHECK_EQ(wide.path(6), "(nowhere)");
}
