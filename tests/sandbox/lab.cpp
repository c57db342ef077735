#include "tests/sandbox/lab.hpp"

#include "sandbox/process_tree.hpp"

#include <filesystem>
#include <fstream>
#include <iostream>
#include <set>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace coterie::sandbox {

namespace {

using namespace std::chrono_literals;

// Far above what anything here takes; a test that needs it has failed.
constexpr auto patience = 30s;

template <class T>
T get(std::future<T> from) {
  if (from.wait_for(patience) != std::future_status::ready)
    throw std::runtime_error("no answer from the launcher");
  return from.get();
}

/// Those that have not ended.
std::vector<host_process> all_processes() {
  std::vector<host_process> found;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", ignored)) {
    std::ifstream file(entry.path() / "stat");
    std::ostringstream text;
    text << file.rdbuf();
    const auto line = text.str();
    const auto fields = parse_stat(line);
    if (!fields || fields->has_ended)
      continue;
    const auto name = line.find('(') + 1;
    found.push_back({fields->pid, fields->parent, line.substr(name, line.rfind(')') - name)});
  }
  return found;
}

} // namespace

transcript started_program::wait() {
  return get(std::move(end_));
}

bool eventually(const std::function<bool()>& what) {
  for (const auto end = std::chrono::steady_clock::now() + 10s;
       std::chrono::steady_clock::now() < end; std::this_thread::sleep_for(5ms))
    if (what())
      return true;
  return what();
}

lab::lab(const launcher_settings& settings) {
  auto started = launcher::start(settings);
  if (!started)
    throw std::runtime_error(started.why().detail);
  launcher_ = std::move(*started);
}

bool lab::is_usable() const {
  if (launcher_->host().usable)
    return true;
  std::cerr << "SKIPPED: this host cannot run programs:\n";
  for (const auto& line : launcher_->host().missing)
    std::cerr << "  " << line << '\n';
  return false;
}

result<std::unique_ptr<container>> lab::try_create(const container_spec& spec) {
  auto answer = std::make_shared<std::promise<result<std::unique_ptr<container>>>>();
  auto made = answer->get_future();
  launcher_->create(spec, [answer](auto result) { answer->set_value(std::move(result)); });
  return get(std::move(made));
}

std::unique_ptr<container> lab::create(const container_spec& spec) {
  auto made = try_create(spec);
  if (!made)
    throw std::runtime_error(made.why().detail);
  return std::move(*made);
}

result<void> lab::put(container& in, std::vector<input_file> files) {
  auto answer = std::make_shared<std::promise<result<void>>>();
  auto done = answer->get_future();
  in.put(std::move(files), [answer](auto result) { answer->set_value(std::move(result)); });
  return get(std::move(done));
}

started_program lab::start(container& in, command what) {
  struct recording {
    transcript so_far;
    std::promise<transcript> end;
  };
  auto record = std::make_shared<recording>();
  started_program started(record->end.get_future());
  run_events events;
  events.on_output = [record](stream which, std::string_view bytes) {
    (which == stream::out ? record->so_far.out : record->so_far.err) += bytes;
  };
  events.on_exit = [record](const report& end) {
    record->so_far.end = end;
    record->end.set_value(record->so_far);
  };
  in.run(std::move(what), std::move(events));
  return started;
}

transcript lab::run(container& in, command what) {
  return start(in, std::move(what)).wait();
}

transcript lab::run(command what, const std::vector<input_file>& files) {
  const auto made = create();
  if (!files.empty())
    if (const auto written = put(*made, files); !written)
      throw std::runtime_error(written.why().detail);
  return run(*made, std::move(what));
}

bool lab::is_serving() {
  const auto next = run(program({"/bin/echo", "alive"}));
  return next.end.how == outcome::exited && next.out == "alive\n";
}

command program(std::vector<std::string> argv) {
  command what;
  what.argv = std::move(argv);
  what.limits.wall = 10s;
  what.limits.cpu = 10s;
  return what;
}

command python(const std::string& source) {
  return program({"python", "-c", source});
}

command shell(const std::string& script) {
  return program({"bash", "-c", script});
}

command fork_bomb() {
  return python("import os\nwhile True:\n  try: os.fork()\n  except OSError: pass");
}

command busy_processes(int count) {
  return shell("for i in $(seq " + std::to_string(count)
               + "); do (while :; do :; done) & done; wait");
}

std::vector<host_process> children_of(int parent, std::string_view name) {
  auto found = all_processes();
  std::erase_if(found, [&](const auto& each) {
    return each.parent != parent || (!name.empty() && each.name != name);
  });
  return found;
}

std::vector<host_process> tree_of(int root, std::string_view name) {
  const auto all = all_processes();
  std::set<int> below{root};
  std::vector<host_process> found;
  // Children have mostly higher numbers than their parents, so that few rounds are needed.
  for (std::size_t before = 0; before != below.size();) {
    before = below.size();
    for (const auto& each : all)
      if (below.count(each.parent) && below.insert(each.pid).second
          && (name.empty() || each.name == name))
        found.push_back(each);
  }
  return found;
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != text.npos;
}

} // namespace coterie::sandbox
