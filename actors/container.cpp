#include "actors/container.hpp"

#include "actors/errors.hpp"
#include "actors/supervision.hpp"
#include "actors/tell.hpp"

#include <caf/all.hpp>

#include <optional>
#include <utility>

namespace coterie::actors {

namespace {

struct container_state {
  static inline const char* name = "coterie.container";

  container_state(caf::event_based_actor* self_pointer,
                  std::unique_ptr<sandbox::container> sandbox_made)
      : self(self_pointer), sandbox(std::move(sandbox_made)) {
    install_handlers(self, name);
  }

  caf::behavior make_behavior() {
    return {
      [this](const put_files& m) { return on_put_files(m); },
      [this](const files_written& m) { on_files_written(m); },
      [this](const run_program& m) { on_run_program(m); },
      [this](const end_program& m) { sandbox->kill(m.why); },
      [this](const feed_program& m) { return on_feed(m); },
      [this](const open_files&) { return on_open_files(); },
      [this](const program_output& m) { self->send(runner, m); },
      [this](const program_exited& m) { on_program_exited(m); },
    };
  }

  caf::result<void> on_put_files(const put_files& m) {
    if (put)
      return to_error({errc::conflict, "files are being written already"});
    put = self->make_response_promise<void>();
    sandbox->put(*m.files, [me = weak_self()](result<void> outcome) {
      tell(me, files_written{std::move(outcome)});
    });
    return *put;
  }

  void on_files_written(const files_written& m) {
    if (!put)
      return;
    auto promise = *std::exchange(put, std::nullopt);
    if (m.outcome)
      promise.deliver();
    else
      promise.deliver(to_error(m.outcome.why()));
  }

  void on_run_program(const run_program& m) {
    auto asker = caf::actor_cast<caf::actor>(self->current_sender());
    if (!asker)
      return;
    if (runner) {
      sandbox::report refused;
      refused.detail = "a program is running in this container already";
      self->send(asker, program_exited{std::move(refused)});
      return;
    }
    runner = std::move(asker);
    is_input_open = m.what.keep_stdin_open;
    sandbox::run_events events;
    events.on_output = [me = weak_self()](sandbox::stream from, std::string_view bytes) {
      tell(me, program_output{from, std::string(bytes)});
    };
    events.on_exit = [me = weak_self()](const sandbox::report& report) {
      tell(me, program_exited{report});
    };
    sandbox->run(m.what, std::move(events));
  }

  caf::result<void> on_feed(const feed_program& m) {
    if (!runner)
      return to_error({errc::conflict, "the program is over"});
    if (!is_input_open)
      return to_error({errc::conflict, "the standard input of the program was closed"});
    if (!m.bytes.empty() && !sandbox->write_stdin(m.bytes))
      return to_error({errc::rate_limited, "the program has not read what was written before"});
    if (m.is_last) {
      is_input_open = false;
      sandbox->close_stdin();
    }
    return caf::unit;
  }

  caf::result<work_files> on_open_files() const {
    auto tree = sandbox->open_tree();
    if (!tree)
      return to_error(tree.why());
    return work_files{std::move(*tree)};
  }

  void on_program_exited(const program_exited& m) {
    if (runner)
      self->send(std::exchange(runner, caf::actor{}), m);
  }

  caf::weak_actor_ptr weak_self() const {
    return caf::actor_cast<caf::weak_actor_ptr>(self);
  }

  caf::event_based_actor* self;
  std::unique_ptr<sandbox::container> sandbox;
  std::optional<caf::typed_response_promise<void>> put; ///< files are being written
  caf::actor runner;                                    ///< null: idle
  bool is_input_open = false;                           ///< of the program that runs
};

} // namespace

caf::actor spawn_container(caf::actor_system& system, std::unique_ptr<sandbox::container> sandbox) {
  return system.spawn<caf::stateful_actor<container_state>>(std::move(sandbox));
}

} // namespace coterie::actors
