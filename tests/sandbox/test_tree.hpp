#pragma once

// A tree on this host's own disk, for tests that need no container.

#include "sandbox/ignore_rules.hpp"
#include "sandbox/tree.hpp"
#include "sandbox/tree_changes.hpp"

#include <atomic>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <thread>

namespace coterie::sandbox {

/// A work directory, what the server writes in beside it, and a secret that must not change.
class test_tree {
public:
  test_tree();
  ~test_tree();
  test_tree(const test_tree&) = delete;
  test_tree& operator=(const test_tree&) = delete;

  std::filesystem::path root;
  std::filesystem::path work;
  std::filesystem::path secret;

  tree_place place() const;
  tree open() const {
    return tree{place()};
  }

  // What a program would do.
  void put(const std::string& path, std::string_view content) const;
  std::string content_of(const std::string& path) const;
  bool is_secret_untouched() const;
  std::size_t incoming_files() const;

private:
  std::filesystem::path incoming_;
};

/// Does `what` over and over on a thread of its own, until it is destroyed.
class over_and_over {
public:
  explicit over_and_over(std::function<void()> what);
  ~over_and_over();
  over_and_over(const over_and_over&) = delete;
  over_and_over& operator=(const over_and_over&) = delete;

  /// How often it was done.
  std::size_t count() const noexcept {
    return count_;
  }

private:
  std::atomic<bool> stops_ = false;
  std::atomic<std::size_t> count_ = 0;
  std::thread thread_;
};

/// Swaps two names as often as it can.
std::function<void()> swap_names(const std::filesystem::path& one,
                                 const std::filesystem::path& other);

/// Paths with contents; a directory's ends with '/', a link's content is "->".
using tree_picture = std::map<std::string, std::string>;

/// What is there, as one walk finds it.
tree_picture picture_of(const tree& files, const ignore_rules& ignored,
                        const std::string& directory = "");

/// Follows a tree by what a watch tells, as an owner would.
class mirror {
public:
  mirror(const tree& files, const ignore_rules& ignored) : files_(files), ignored_(ignored) {}

  void apply(const tree_changes& changes);

  const tree_picture& picture() const noexcept {
    return picture_;
  }

private:
  const tree& files_;
  const ignore_rules& ignored_;
  tree_picture picture_;
};

ignore_rules rules(std::string_view text);

} // namespace coterie::sandbox
