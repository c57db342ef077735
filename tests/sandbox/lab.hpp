#pragma once

// A launcher to experiment with: runs programs and waits for what comes of them.

#include "sandbox/launcher.hpp"

#include <functional>
#include <future>
#include <memory>
#include <string>
#include <string_view>

/// Leaves a test when programs cannot be run here. The file's `the_lab()` is the one it uses.
#define NEEDS_SANDBOX                                                                              \
  if (!the_lab().is_usable())                                                                      \
  return

namespace coterie::sandbox {

/// What a program wrote, and its report.
struct transcript {
  std::string out;
  std::string err;
  report end;
};

/// A program that was started; wait() gives its transcript once.
class started_program {
public:
  explicit started_program(std::future<transcript> end) : end_(std::move(end)) {}
  transcript wait();

private:
  std::future<transcript> end_;
};

/// Waits up to 10 s until `what` holds; false when it never did.
bool eventually(const std::function<bool()>& what);

class lab {
public:
  explicit lab(const launcher_settings& settings = {});

  /// False, with the reason told loudly, when this host cannot run programs.
  bool is_usable() const;

  launcher& server() {
    return *launcher_;
  }
  void close() {
    launcher_.reset();
  }

  result<std::unique_ptr<container>> try_create(const container_spec& spec = {});
  std::unique_ptr<container> create(const container_spec& spec = {});

  static result<void> put(container& in, std::vector<input_file> files);
  static started_program start(container& in, command what);
  static transcript run(container& in, command what);

  /// One program in a container of its own.
  transcript run(command what, const std::vector<input_file>& files = {});

  /// Whether another program still runs as it should, beside whatever hostile one.
  bool is_serving();

private:
  std::unique_ptr<launcher> launcher_;
};

/// A command with short limits that keep a failing test short.
command program(std::vector<std::string> argv);
command python(const std::string& source);
command shell(const std::string& script);

/// Hostile ones.
command fork_bomb();
command busy_processes(int count); ///< each loops for ever

/// A process as the host sees it.
struct host_process {
  int pid = 0;
  int parent = 0;
  std::string name; ///< at most 15 characters
};

/// Living children of `parent`, and all processes below `root`; of any name when it is empty.
std::vector<host_process> children_of(int parent, std::string_view name = {});
std::vector<host_process> tree_of(int root, std::string_view name = {});

bool contains(std::string_view text, std::string_view part);

} // namespace coterie::sandbox
