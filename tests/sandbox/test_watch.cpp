#include "tests/sandbox/test_watch.hpp"

#include "tests/sandbox/lab.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

namespace coterie::sandbox {

namespace fs = std::filesystem;

namespace {

/// Makes this process unable to open anything more.
class no_more_descriptors {
public:
  no_more_descriptors() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const unique_fd next{::dup(0)};
    rlimit none = before_;
    none.rlim_cur = static_cast<rlim_t>(next.get());
    ::setrlimit(RLIMIT_NOFILE, &none);
  }
  ~no_more_descriptors() {
    ::setrlimit(RLIMIT_NOFILE, &before_);
  }

private:
  rlimit before_{};
};

} // namespace

test_watch::test_watch(const test_tree& at, std::string_view ignored_text,
                       std::size_t directories_max, bool has_inotify)
    : files(at.open()), ignored(rules(ignored_text)), mirror_(files, ignored) {
  thread_ = std::thread([this] { loop_.run(); });
  tree_watch::settings how;
  how.ignored = std::make_shared<const ignore_rules>(ignored);
  how.on_changes = [this](tree_changes changes) {
    const std::lock_guard guard(mutex_);
    waiting_.push_back(std::move(changes));
  };
  how.is_active = [this] { return is_active.load(); };
  how.directories_max = directories_max;
  loop_.post([this, how, has_inotify,
              top = std::make_shared<unique_fd>(std::move(at.place().top))]() mutable {
    watch_ = std::make_unique<tree_watch>(loop_, std::move(*top), std::move(how));
    std::optional<no_more_descriptors> starving;
    if (!has_inotify)
      starving.emplace();
    watch_->begin();
  });
}

test_watch::~test_watch() {
  loop_.post(
    [this] {
      watch_.reset();
      loop_.stop();
    },
    true);
  thread_.join();
}

bool test_watch::take() {
  {
    const std::lock_guard guard(mutex_);
    if (waiting_.empty())
      return false;
    heard_.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  mirror_.apply(heard_.back());
  loop_.post([this] {
    if (watch_)
      watch_->handled();
  });
  return true;
}

bool test_watch::hears(const std::function<bool(const tree_changes&)>& what) {
  return eventually([&] {
    while (take())
      if (what(heard_.back()))
        return true;
    return false;
  });
}

bool test_watch::hears_of(const std::string& path) {
  return hears([&](const tree_changes& batch) {
    return batch.rescan
           || std::any_of(batch.paths.begin(), batch.paths.end(), [&](const auto& each) {
                return path == each || path.starts_with(each + "/");
              });
  });
}

bool test_watch::catches_up() {
  return eventually([&] {
    while (take()) {
    }
    return mirror_.picture() == picture_of(files, ignored);
  });
}

std::size_t test_watch::waiting() {
  const std::lock_guard guard(mutex_);
  return waiting_.size();
}

bool test_watch::has_heard_below(const std::string& directory) const {
  return std::any_of(heard_.begin(), heard_.end(), [&](const tree_changes& batch) {
    return std::any_of(batch.paths.begin(), batch.paths.end(),
                       [&](const auto& path) { return path.starts_with(directory); });
  });
}

std::promise<void> test_watch::block() {
  std::promise<void> release;
  auto begun = std::make_shared<std::promise<void>>();
  auto blocked = begun->get_future();
  loop_.post([begun, wait = release.get_future().share()] {
    begun->set_value();
    wait.wait();
  });
  blocked.wait();
  return release;
}

void test_watch::finish() {
  loop_.post([this] {
    watch_->finish();
    watch_.reset();
  });
}

std::size_t watched_directories() {
  std::size_t count = 0;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator("/proc/self/fdinfo", ignored)) {
    std::ifstream info(entry.path());
    for (std::string line; std::getline(info, line);)
      count += line.starts_with("inotify ") ? 1 : 0;
  }
  return count;
}

} // namespace coterie::sandbox
