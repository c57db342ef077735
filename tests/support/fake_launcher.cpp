#include "tests/support/fake_launcher.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace coterie::testing {

using sandbox::outcome;

script& script::prints(std::string bytes) {
  output_.emplace_back(sandbox::stream::out, std::move(bytes));
  return *this;
}

script& script::complains(std::string bytes) {
  output_.emplace_back(sandbox::stream::err, std::move(bytes));
  return *this;
}

script& script::exits(int code) {
  report_.how = outcome::exited;
  report_.exit_code = code;
  return *this;
}

script& script::ends(outcome how) {
  report_.how = how;
  return *this;
}

script& script::never_begins() {
  report_.never_began = true;
  return ends(sandbox::outcome::internal);
}

script& script::writes(std::string path, std::string content) {
  written_.emplace_back(std::move(path), std::move(content));
  return *this;
}

script& script::runs_on() {
  runs_on_ = true;
  return *this;
}

fake_files::~fake_files() {
  if (!root_.empty())
    std::filesystem::remove_all(root_);
}

std::filesystem::path fake_files::place_of(int container) const {
  return root_ / std::to_string(container);
}

void fake_files::write(int container, const std::string& path, std::string content) {
  const auto work = place_of(container) / "work";
  if (!std::filesystem::exists(work)) {
    unopened_[container][path] = std::move(content);
    return;
  }
  std::filesystem::create_directories((work / path).parent_path());
  std::ofstream(work / path, std::ios::binary) << content;
}

std::unique_ptr<sandbox::tree> fake_files::open(int container) {
  if (root_.empty()) {
    auto form = (std::filesystem::temp_directory_path() / "containers-XXXXXX").string();
    if (!::mkdtemp(form.data()))
      throw std::runtime_error("mkdtemp");
    root_ = form;
  }
  const auto place = place_of(container);
  std::filesystem::create_directories(place / "work");
  std::filesystem::create_directories(place / "incoming");
  if (auto files = unopened_.extract(container))
    for (auto& [path, content] : files.mapped())
      write(container, path, std::move(content));
  const auto open = [](const std::filesystem::path& path) {
    return sandbox::unique_fd{::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
  };
  return std::make_unique<sandbox::tree>(
    sandbox::tree_place{open(place / "work"), open(place / "incoming"), -1});
}

std::vector<std::string> fake_files::list(int container) const {
  std::vector<std::string> found;
  if (const auto files = unopened_.find(container); files != unopened_.end())
    for (const auto& [path, content] : files->second)
      found.push_back(path + "=" + content);
  const auto work = place_of(container) / "work";
  if (!std::filesystem::exists(work))
    return found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(work)) {
    if (!entry.is_regular_file())
      continue;
    std::ostringstream content;
    content << std::ifstream(entry.path(), std::ios::binary).rdbuf();
    found.push_back(entry.path().lexically_relative(work).string() + "=" + content.str());
  }
  std::ranges::sort(found);
  return found;
}

class fake_terminal_handle final : public sandbox::terminal {
public:
  explicit fake_terminal_handle(std::shared_ptr<fake_terminal> seen) : seen_(std::move(seen)) {}

  ~fake_terminal_handle() override {
    seen_->closed = true;
  }

  bool write(std::string bytes) override {
    if (!seen_->closed)
      seen_->written += bytes;
    return !seen_->closed;
  }
  bool resize(sandbox::terminal_size size) override {
    if (!sandbox::is_possible(size))
      return false;
    seen_->size = size;
    return true;
  }
  void pause() override {
    seen_->paused = true;
  }
  void resume() override {
    seen_->paused = false;
  }
  void close() override {
    seen_->closed = true;
  }

private:
  std::shared_ptr<fake_terminal> seen_;
};

class fake_container final : public sandbox::container {
public:
  fake_container(std::shared_ptr<fake_world> world, int number)
      : world_(std::move(world)), number_(number) {
    ++world_->alive;
  }

  ~fake_container() override {
    --world_->alive;
    world_->watchers.erase(number_);
    if (world_->finishers.erase(number_) > 0)
      --world_->running;
  }

  void put(std::vector<sandbox::input_file> files,
           std::function<void(result<void>)> done) override {
    if (!world_->next_put_failures.empty()) {
      auto why = world_->next_put_failures.front();
      world_->next_put_failures.pop_front();
      return done(std::move(why));
    }
    for (const auto& file : files) {
      world_->files.push_back(file.path + "=" + file.content);
      world_->work.write(number_, file.path, file.content);
    }
    done({});
  }

  result<std::unique_ptr<sandbox::tree>> open_tree() override {
    if (!world_->next_tree_failures.empty()) {
      auto why = world_->next_tree_failures.front();
      world_->next_tree_failures.pop_front();
      return why;
    }
    return world_->work.open(number_);
  }
  void watch(std::shared_ptr<const sandbox::ignore_rules>,
             std::function<void(sandbox::tree_changes)> on_changes) override {
    world_->watchers[number_] = std::move(on_changes);
  }
  void changes_handled() override {}

  void run(sandbox::command what, sandbox::run_events events) override {
    if (world_->before_start)
      world_->before_start();
    world_->commands.push_back(std::move(what));
    world_->container_of.push_back(number_);
    world_->found.push_back(world_->work.list(number_));
    world_->inputs[number_] = world_->commands.back().stdin_bytes;
    script plot;
    plot.exits(0);
    if (!world_->next_programs.empty()) {
      plot = std::move(world_->next_programs.front());
      world_->next_programs.pop_front();
    }
    for (const auto& [path, content] : plot.written_)
      world_->work.write(number_, path, content);
    for (const auto& [from, bytes] : plot.output_)
      events.on_output(from, bytes);
    if (!plot.runs_on_)
      return events.on_exit(plot.report_);
    ++world_->running;
    world_->running_peak = std::max(world_->running_peak, world_->running);
    world_->finishers[number_] = events.on_exit;
  }

  bool write_stdin(std::string bytes) override {
    if (world_->leaves_input_unread)
      return false;
    world_->input += bytes;
    return true;
  }
  void close_stdin() override {
    world_->input += "<end>";
  }

  void kill(outcome why) override {
    sandbox::report report;
    report.how = why;
    report.signal = 9;
    const auto found = world_->finishers.extract(number_);
    if (found.empty())
      return;
    --world_->running;
    found.mapped()(report);
  }

  std::shared_ptr<sandbox::terminal> open_terminal(sandbox::terminal_command what,
                                                   sandbox::terminal_events events) override {
    auto seen = std::make_shared<fake_terminal>();
    seen->container = number_;
    seen->size = what.size;
    seen->what = std::move(what);
    seen->events = std::move(events);
    const auto handle = std::make_shared<fake_terminal_handle>(seen);
    if (!world_->next_terminal_failures.empty()) {
      auto why = std::move(world_->next_terminal_failures.front());
      world_->next_terminal_failures.pop_front();
      seen->closed = true;
      seen->events.on_opened(std::move(why));
      return handle;
    }
    world_->terminals.push_back(seen);
    seen->events.on_opened({});
    return handle;
  }

private:
  std::shared_ptr<fake_world> world_;
  int number_;
};

fake_launcher::fake_launcher() : world_(std::make_shared<fake_world>()) {
  host_.usable = true;
}

script& fake_launcher::next_program() {
  return world_->next_programs.emplace_back().exits(0);
}

void fake_launcher::fails_to_create(std::size_t times, failure why) {
  world_->next_create_failures.insert(world_->next_create_failures.end(), times, why);
}

void fake_launcher::fails_to_write(std::size_t times, failure why) {
  world_->next_put_failures.insert(world_->next_put_failures.end(), times, why);
}

void fake_launcher::fails_to_open_tree(std::size_t times, failure why) {
  world_->next_tree_failures.insert(world_->next_tree_failures.end(), times, why);
}

void fake_launcher::holds_creations() {
  world_->holds_creations = true;
}

void fake_launcher::releases_creations() {
  world_->holds_creations = false;
  for (auto& create : std::exchange(world_->held_creations, {}))
    create();
}

void fake_launcher::finish(int exit_code) {
  if (!world_->finishers.empty())
    finish_in(world_->finishers.begin()->first, exit_code);
}

void fake_launcher::finish_with_input(const std::string& input) {
  for (const auto& [container, finisher] : world_->finishers)
    if (world_->inputs[container] == input)
      return finish_in(container, 0);
}

void fake_launcher::finish_in(int container, int exit_code) {
  sandbox::report report;
  report.how = outcome::exited;
  report.exit_code = exit_code;
  const auto running = world_->finishers.extract(container);
  --world_->running;
  running.mapped()(report);
}

void fake_launcher::cannot_run_programs(std::string why) {
  host_.usable = false;
  host_.missing = {std::move(why)};
}

void fake_launcher::create(sandbox::container_spec spec,
                           std::function<void(result<std::unique_ptr<sandbox::container>>)> done) {
  auto make = [this, spec = std::move(spec), done = std::move(done)] {
    if (!world_->next_create_failures.empty()) {
      auto why = world_->next_create_failures.front();
      world_->next_create_failures.pop_front();
      return done(std::move(why));
    }
    world_->specs.push_back(spec);
    done(std::unique_ptr<sandbox::container>(std::make_unique<fake_container>(world_, ++made_)));
  };
  if (world_->holds_creations)
    world_->held_creations.push_back(std::move(make));
  else
    make();
}

} // namespace coterie::testing
