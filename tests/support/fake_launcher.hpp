#pragma once

// A sandbox that runs nothing: tests script what each program does and see what it was given.
// No threads; every callback is made from within the call that causes it, or when the test says.

#include "sandbox/launcher.hpp"

#include <caf/actor_clock.hpp>

#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace coterie::testing {

/// What one program will do when it is started.
class script {
public:
  script& prints(std::string bytes);
  script& complains(std::string bytes); ///< on standard error
  script& exits(int code);
  script& ends(sandbox::outcome how);
  script& never_begins();                                ///< its container turns out to be dead
  script& writes(std::string path, std::string content); ///< into its container's work directory
  /// Until it is killed, or the test says finish().
  script& runs_on();

private:
  friend class fake_container;
  std::vector<std::pair<sandbox::stream, std::string>> output_;
  std::vector<std::pair<std::string, std::string>> written_;
  sandbox::report report_;
  bool runs_on_ = false;
};

/// A terminal that was opened: the test speaks for its program, through the events.
struct fake_terminal {
  int container = 0;
  sandbox::terminal_command what;
  sandbox::terminal_events events; ///< on_opened was called
  std::string written;
  sandbox::terminal_size size;
  bool paused = false;
  bool closed = false;
};

/// The work directories of all containers. Most are never looked at: a folder is made when a tree
/// is opened.
class fake_files {
public:
  ~fake_files();

  void write(int container, const std::string& path, std::string content);
  std::unique_ptr<sandbox::tree> open(int container);
  /// What a program finds there: "path=content" by path.
  std::vector<std::string> list(int container) const;

private:
  std::filesystem::path place_of(int container) const;

  std::map<int, std::map<std::string, std::string>> unopened_; ///< contents by path
  std::filesystem::path root_; ///< of the others; empty before the first
};

/// What the test can see of all containers.
struct fake_world {
  fake_files work;
  std::deque<script> next_programs; ///< a program without one exits with 0
  std::deque<failure> next_create_failures;
  std::deque<failure> next_put_failures;
  std::deque<failure> next_tree_failures;
  bool holds_creations = false;
  std::deque<std::function<void()>> held_creations;
  std::vector<sandbox::command> commands;      ///< in order of their start
  std::vector<std::string> files;              ///< "path=content" in order
  std::vector<int> container_of;               ///< which container ran each command
  std::vector<std::vector<std::string>> found; ///< what each command found, see fake_files::list
  std::map<int, std::string> inputs;           ///< of the last command of each container
  std::string input;                           ///< written to programs that run; "<end>": closed
  bool leaves_input_unread = false;            ///< more input is refused
  std::vector<sandbox::container_spec> specs;
  std::deque<failure> next_terminal_failures;
  std::vector<std::shared_ptr<fake_terminal>> terminals; ///< in order of their opening
  /// Of the containers that are watched: to be told what programs did.
  std::map<int, std::function<void(sandbox::tree_changes)>> watchers;
  int alive = 0;   ///< containers
  int running = 0; ///< programs
  int running_peak = 0;
  std::function<void()> before_start; ///< called with each command, before it does anything
  std::map<int, std::function<void(sandbox::report)>> finishers; ///< by container
};

class fake_launcher final : public sandbox::launcher {
public:
  fake_launcher();

  // -- verbs
  script& next_program();
  void fails_to_create(std::size_t times, failure why = {errc::unavailable, "no helper"});
  void fails_to_write(std::size_t times, failure why = {errc::system, "no space left"});
  void fails_to_open_tree(std::size_t times, failure why = {errc::inactive, "it has ended"});
  void holds_creations();
  void releases_creations();
  /// Ends the program that runs on in some container.
  void finish(int exit_code = 0);
  /// Ends the program with this standard input.
  void finish_with_input(const std::string& input);
  void cannot_run_programs(std::string why);

  fake_world& world() {
    return *world_;
  }

  void create(sandbox::container_spec spec,
              std::function<void(result<std::unique_ptr<sandbox::container>>)> done) override;
  const sandbox::host_status& host() const override {
    return host_;
  }

private:
  void finish_in(int container, int exit_code);

  std::shared_ptr<fake_world> world_;
  sandbox::host_status host_;
  int made_ = 0;
};

} // namespace coterie::testing
