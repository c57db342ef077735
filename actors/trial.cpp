#include "actors/trial.hpp"

#include "actors/blocking_worker.hpp"
#include "actors/container.hpp"
#include "actors/errors.hpp"
#include "actors/job.hpp"
#include "actors/job_plan.hpp"
#include "actors/phase_record.hpp"
#include "actors/supervision.hpp"
#include "sandbox/tree_copy.hpp"

#include <caf/all.hpp>

#include <utility>

namespace coterie::actors {

namespace {

sandbox::report ended_before_start(sandbox::outcome how, std::string detail) {
  sandbox::report report;
  report.how = how;
  report.detail = std::move(detail);
  return report;
}

struct trial_state {
  static inline const char* name = "coterie.trial";

  trial_state(caf::event_based_actor* self_pointer, trial_context made_of)
      : self(self_pointer), context(std::move(made_of)), record(job_plan::run_bytes_max) {
    install_handlers(self, name);
    self->set_down_handler([this](const caf::down_msg& m) {
      if (m.source == context.job)
        self->quit();
      else
        fail("the sandbox has ended");
    });
    self->monitor(context.job);
    self->monitor(context.container);
  }

  ~trial_state() {
    overdue_timer.dispose();
    caf::anon_send_exit(context.container, caf::exit_reason::user_shutdown);
  }

  caf::behavior make_behavior() {
    copy();
    return {
      [this](const end_program& m) { on_end(m); },
      [this](const program_output& m) { record.on_output(m.from, m.bytes); },
      [this](const program_exited& m) { finish(m.report); },
    };
  }

  void copy() {
    auto task = [model = context.model, files = context.files]() -> caf::message {
      if (auto copied = sandbox::copy_tree(*model, *files); !copied)
        return caf::make_message(to_error(copied.why()));
      return {};
    };
    // No timeout: every other task of the worker is bounded, and so is this one.
    self->request(context.worker, caf::infinite, blocking_task{std::move(task)})
      .then([this] { run(); },
            [this](const caf::error& why) {
              fail("the files of the test: " + to_failure(why).detail);
            });
  }

  void run() {
    overdue_timer = self->run_delayed(context.what.limits.wall + job_bounds::overdue_after, [this] {
      fail("the sandbox did not say how the program ended");
    });
    is_running = true;
    self->send(context.container, run_program{std::move(context.what)});
  }

  void on_end(const end_program& m) {
    if (is_running)
      self->send(context.container, m);
    else
      finish(ended_before_start(m.why, ""));
  }

  void fail(std::string why) {
    finish(ended_before_start(sandbox::outcome::internal, std::move(why)));
  }

  void finish(const sandbox::report& report) {
    self->send(context.job, trial_done{context.index, record.take(report)});
    self->quit();
  }

  caf::event_based_actor* self;
  trial_context context;
  phase_record record;
  bool is_running = false; ///< the container has been told
  caf::disposable overdue_timer;
};

} // namespace

caf::actor spawn_trial(caf::actor_system& system, trial_context context) {
  return system.spawn<caf::stateful_actor<trial_state>>(std::move(context));
}

} // namespace coterie::actors
