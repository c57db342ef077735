#include "tests/sandbox/test_tree.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <stdexcept>

namespace coterie::sandbox {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t read_max = 8U << 20;

unique_fd open_directory(const fs::path& path) {
  return unique_fd{::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
}

} // namespace

test_tree::test_tree() {
  // In memory where that can be: containers' trees are, and a disk is slow to rename.
  const fs::path memory = "/dev/shm";
  const bool has_memory = ::access(memory.c_str(), W_OK) == 0;
  std::string form = ((has_memory ? memory : fs::temp_directory_path()) / "tree-XXXXXX").string();
  if (!::mkdtemp(form.data()))
    throw std::runtime_error("mkdtemp");
  root = form;
  work = root / "work";
  incoming_ = root / "incoming";
  secret = root / "secret";
  fs::create_directory(work);
  fs::create_directory(incoming_);
  std::ofstream(secret) << "untouched";
}

test_tree::~test_tree() {
  std::error_code ignored;
  fs::remove_all(root, ignored);
}

tree_place test_tree::place() const {
  return {open_directory(work), open_directory(incoming_)};
}

void test_tree::put(const std::string& path, std::string_view content) const {
  fs::create_directories((work / path).parent_path());
  std::ofstream(work / path) << content;
}

std::string test_tree::content_of(const std::string& path) const {
  std::ifstream in(work / path);
  return {std::istreambuf_iterator<char>(in), {}};
}

bool test_tree::is_secret_untouched() const {
  std::ifstream in(secret);
  const std::string content{std::istreambuf_iterator<char>(in), {}};
  std::size_t files = 0;
  for (const auto& entry : fs::directory_iterator(root)) {
    static_cast<void>(entry);
    ++files;
  }
  return content == "untouched" && files == 3; // work, incoming, secret
}

std::size_t test_tree::incoming_files() const {
  return static_cast<std::size_t>(
    std::distance(fs::directory_iterator(incoming_), fs::directory_iterator()));
}

over_and_over::over_and_over(std::function<void()> what)
    : thread_([this, what = std::move(what)] {
        for (; !stops_; ++count_)
          what();
      }) {}

over_and_over::~over_and_over() {
  stops_ = true;
  thread_.join();
}

std::function<void()> swap_names(const fs::path& one, const fs::path& other) {
  return [one = one.string(), other = other.string()] {
    ::renameat2(AT_FDCWD, one.c_str(), AT_FDCWD, other.c_str(), RENAME_EXCHANGE);
  };
}

tree_picture picture_of(const tree& files, const ignore_rules& ignored,
                        const std::string& directory) {
  tree_picture out;
  const auto listing = files.list(directory, ignored);
  if (!listing)
    return out;
  for (const auto& entry : listing->entries) {
    if (entry.kind == entry_kind::directory) {
      out[entry.path + "/"] = "";
    } else if (entry.kind != entry_kind::file) {
      out[entry.path] = entry.kind == entry_kind::link ? "->" : "?";
    } else if (auto content = files.read(entry.path, read_max)) {
      out[entry.path] = std::move(content->bytes);
    }
  }
  return out;
}

void mirror::apply(const tree_changes& changes) {
  if (changes.rescan)
    picture_ = picture_of(files_, ignored_);
  for (const auto& path : changes.paths) {
    picture_.erase(path);
    for (auto below = picture_.lower_bound(path + "/");
         below != picture_.end() && below->first.starts_with(path + "/");)
      below = picture_.erase(below);
    const auto entry = files_.find(path);
    if (!entry)
      continue;
    if (entry->kind == entry_kind::directory) {
      picture_[path + "/"] = "";
      picture_.merge(picture_of(files_, ignored_, path));
    } else if (entry->kind != entry_kind::file) {
      picture_[path] = entry->kind == entry_kind::link ? "->" : "?";
    } else if (auto content = files_.read(path, read_max)) {
      picture_[path] = std::move(content->bytes);
    }
  }
}

ignore_rules rules(std::string_view text) {
  auto parsed = ignore_rules::parse(text);
  if (!parsed)
    throw std::runtime_error(parsed.why().detail);
  return std::move(*parsed);
}

} // namespace coterie::sandbox
