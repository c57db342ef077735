#include "actors/job.hpp"

#include "actors/container.hpp"
#include "actors/errors.hpp"
#include "actors/job_plan.hpp"
#include "actors/job_rows.hpp"
#include "actors/judging.hpp"
#include "actors/output_batch.hpp"
#include "actors/supervision.hpp"
#include "actors/trial.hpp"
#include "base/log.hpp"

#include <caf/all.hpp>

#include <utility>

namespace coterie::actors {

namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

job_plan make_plan(const job_context& context, const storage::job_record& record,
                   run_request request) {
  const auto* language = context.languages->find(request.language);
  const bool retry_left = request.options.retry && record.starts == 0;
  return {std::move(request), *language, retry_left};
}

struct job_state {
  static inline const char* name = "coterie.job";

  job_state(caf::event_based_actor* self_pointer, job_context made_of, storage::job_record row,
            run_request request)
      : self(self_pointer),
        context(std::move(made_of)),
        record(std::move(row)),
        spec(container_spec_for(request, *context.languages->find(request.language))),
        plan(make_plan(context, record, std::move(request))),
        tests(self, context, plan, [this](job_step step) { follow(std::move(step)); }) {
    install_handlers(self, name);
    self->set_down_handler([this](const caf::down_msg& m) {
      if (m.source == context.dispatcher)
        self->quit(); // without a dispatcher nobody counts this job: recovery will
      else
        tests.on_down(m);
    });
    self->monitor(context.dispatcher);
  }

  ~job_state() {
    flush_timer.dispose();
    overdue_timer.dispose();
    look_timer.dispose();
    // The dispatcher lives on, and with it each entry in its list of monitors; an entry keeps the
    // memory of the actor that it names.
    self->demonitor(context.dispatcher);
    caf::anon_send_exit(context.container, caf::exit_reason::user_shutdown);
  }

  caf::behavior make_behavior() {
    return {
      [this](const run_job&) { on_run_job(); },
      [this](const cancel_run& m) { on_cancel(m); },
      [this](const feed_run& m) { return on_feed(m); },
      [this](const program_output& m) { on_program_output(m); },
      [this](const program_exited& m) { on_program_exited(m); },
      [this](const container_lent& m) { on_lent(m); },
      [this](const trial_done& m) { tests.on_trial_done(m); },
    };
  }

  void on_run_job() {
    files = std::make_shared<const std::vector<sandbox::input_file>>(plan.take_files());
    write_files([this](const result<void>& written) { follow(plan.on_files_written(written)); });
  }

  void write_files(const std::function<void(const result<void>&)>& then) {
    self->request(context.container, job_bounds::put_timeout, put_files{files})
      .then([then] { then({}); },
            [then](const caf::error& why) { then(result<void>(to_failure(why))); });
  }

  // -- what the plan says ---------------------------------------------------------------------

  void follow(job_step step) {
    std::visit([this](auto& what) { take(what); }, step);
  }

  void take(todo::nothing&) {}

  void take(todo::commit_start&) {
    if (context.new_row)
      return store_started();
    const auto at = context.now();
    auto task = make_store_task(
      [id = record.id, node = context.node, starts = record.starts, at](storage::backend& backend) {
        return start_row(backend, id, node, starts, at);
      });
    ask_until_stored(self, context.store, task, [this, at](std::optional<failure> why) {
      if (!why)
        on_start_stored(at);
      else if (why->code == errc::conflict || why->code == errc::not_found)
        on_row_taken();
      else
        follow(plan.on_start_failed(std::move(*why)));
    });
  }

  /// Asked once: somebody waits to hear whether the job was accepted.
  void store_started() {
    const auto at = context.now();
    auto task =
      make_store_task([row = context.new_row, node = context.node, at](storage::backend& backend) {
        return create_started_row(backend, *row, node, at);
      });
    self->request(context.store, store_patience::request_timeout, std::move(task))
      .then([this, at] { on_start_stored(at); },
            [this](const caf::error& why) {
              finish(
                {.id = record.id, .was_not_stored = true, .why = to_failure(why), .final = {}});
            });
  }

  /// The program runs once the parent knows: whoever asked for the job hears that it was accepted
  /// before anything of what it does.
  void on_start_stored(timestamp at) {
    self->request(context.dispatcher, caf::infinite, job_started{record.id, at})
      .then([this, at] { on_started(at); },
            [this](const caf::error&) { self->quit(); }); // without a dispatcher: recovery
  }

  void on_started(timestamp at) {
    record.started_at = at;
    log::info("job started", {{"job", record.id.str()},
                              {"room", record.room ? record.room->str() : ""},
                              {"language", record.language}});
    if (context.listener)
      self->send(context.listener, job_started{record.id, at});
    follow(plan.on_started());
  }

  void take(todo::run& step) {
    overdue_timer.dispose();
    overdue_timer = self->run_delayed(step.what.limits.wall + job_bounds::overdue_after, [this] {
      self->send(self, program_exited{overdue_report()});
    });
    self->send(context.container, run_program{std::move(step.what)});
  }

  static sandbox::report overdue_report() {
    sandbox::report report;
    report.detail = "the sandbox did not say how the program ended";
    return report;
  }

  void take(todo::judge&) {
    tests.begin({record.id, spec});
  }

  void take(todo::move& step) {
    log::warning("a container ended before the program of its job began",
                 {{"job", record.id.str()}, {"why", step.why.detail}});
    caf::anon_send_exit(context.container, caf::exit_reason::user_shutdown);
    is_moving = true;
    self->send(context.dispatcher, borrow_container{record.id, spec, true});
  }

  void on_lent(const container_lent& m) {
    if (!std::exchange(is_moving, false))
      return tests.on_lent(m);
    if (!m.container)
      return follow(plan.on_moved(m.why));
    context.container = m.container;
    write_files([this](const result<void>& written) { follow(plan.on_moved(written)); });
  }

  void take(todo::kill& step) {
    self->send(context.container, end_program{step.why});
    tests.kill(step.why);
  }

  void take(todo::give_back& step) {
    log::warning("job not started", {{"job", record.id.str()}, {"why", step.why.detail}});
    finish({.id = record.id, .retry_before_start = true, .why = std::move(step.why), .final = {}});
  }

  void take(todo::leave&) {
    log::info("job left to be started again", {{"job", record.id.str()}});
    take_leave();
  }

  void take(todo::store&) {
    record.completed_at = context.now();
    record.status = status_of(plan.result());
    auto task =
      make_store_task([id = record.id, node = context.node, status = record.status,
                       encoded = std::make_shared<const std::string>(encode(plan.result())),
                       at = *record.completed_at](storage::backend& backend) {
        return end_row(backend, id, node, status, *encoded, at);
      });
    ask_until_stored(self, context.store, task, [this](std::optional<failure> why) {
      if (why && why->code == errc::conflict)
        return on_row_taken();
      if (why)
        log::error("result not stored", {{"job", record.id.str()}, {"why", why->detail}});
      on_stored();
    });
  }

  void on_stored() {
    auto view = view_of(record);
    view.result = plan.result();
    const auto& ran = view.result->run.report;
    log::info("job ended", {{"job", record.id.str()},
                            {"room", record.room ? record.room->str() : ""},
                            {"language", record.language},
                            {"status", storage::to_string(record.status)},
                            {"outcome", sandbox::to_string(view.result->how)},
                            {"wall_ms", duration_cast<milliseconds>(ran.wall).count()}});
    end_with(std::move(view));
  }

  // -- a row that is not as we left it --------------------------------------------------------

  /// Somebody else ended the job, or has it: what is stored counts, not what we know.
  void on_row_taken() {
    log::warning("job is not ours any more", {{"job", record.id.str()}});
    is_taken = true;
    caf::anon_send_exit(context.container, caf::exit_reason::user_shutdown);
    look_at_row();
  }

  void look_at_row() {
    auto task =
      make_store_task([id = record.id](storage::backend& backend) { return backend.load_job(id); });
    self->request(context.store, store_patience::request_timeout, std::move(task))
      .then([this](const storage::job_record& stored) { on_row_read(stored); },
            [this](const caf::error& why) {
              if (to_failure(why).code == errc::not_found)
                end_unstored();
              else
                look_again();
            });
  }

  void on_row_read(const storage::job_record& stored) {
    const bool is_ours = stored.node == context.node;
    if (storage::is_final(stored.status))
      end_with(view_of(stored));
    else if (stored.status == storage::job_status::running && is_ours)
      end_lost();
    else if (stored.status == storage::job_status::queued && (is_ours || stored.node.is_nil()))
      finish({.id = record.id,
              .retry_before_start = true,
              .why = {errc::conflict, "its row was taken and given back"},
              .final = {}});
    else
      look_again(); // another node has it, and ends it or is recovered
  }

  void look_again() {
    look_timer = self->run_delayed(job_bounds::look_again_every, [this] { look_at_row(); });
  }

  /// This node's, started by its row, but not by this actor: an answer of the store got lost and so
  /// did whoever waited for it. Nobody else will end it; a start is never repeated.
  void end_lost() {
    const auto lost = result_without_run(sandbox::outcome::node_lost,
                                         "its start was stored, but not followed by its program");
    auto task = make_store_task([id = record.id, node = context.node, encoded = encode(lost),
                                 at = context.now()](storage::backend& backend) {
      return end_row(backend, id, node, storage::job_status::failed, encoded, at);
    });
    ask_until_stored(self, context.store, task, [this](const std::optional<failure>& why) {
      if (why)
        look_again();
      else
        look_at_row();
    });
  }

  /// There is no row any more.
  void end_unstored() {
    auto view = view_of(record);
    view.result = result_without_run(sandbox::outcome::internal, "its record is gone");
    view.status = status_of(*view.result);
    view.completed_at = context.now();
    end_with(std::move(view));
  }

  void on_cancel(const cancel_run& m) {
    if (!is_taken)
      return follow(plan.end(m.why));
    if (m.why == sandbox::outcome::node_lost) // this node stops: whoever has it goes on
      take_leave();
  }

  void take_leave() {
    auto view = view_of(record);
    view.status = storage::job_status::running;
    finish({.id = record.id, .why = {}, .final = std::move(view)});
  }

  // -- the end --------------------------------------------------------------------------------

  void end_with(job_view view) {
    send_all_output();
    if (context.listener && storage::is_final(view.status))
      self->send(context.listener, job_ended{view});
    finish({.id = record.id, .why = {}, .final = std::move(view)});
  }

  void finish(job_done done) {
    self->send(context.dispatcher, std::move(done));
    self->quit();
  }

  // -- what the program is told ---------------------------------------------------------------

  caf::result<void> on_feed(const feed_run& m) {
    const auto is_running = plan.on_input(m.bytes, m.is_last);
    if (!is_running)
      return to_error(is_running.why());
    if (!*is_running)
      return caf::unit;
    auto promise = self->make_response_promise<void>();
    self->request(context.container, job_bounds::feed_timeout, feed_program{m.bytes, m.is_last})
      .then([promise]() mutable { promise.deliver(); },
            [promise](const caf::error& why) mutable { promise.deliver(why); });
    return promise;
  }

  // -- what the program does ------------------------------------------------------------------

  void on_program_output(const program_output& m) {
    plan.on_output(m.from, m.bytes);
    if (!context.listener)
      return;
    batch.add(m.from, m.bytes);
    send_due_output();
  }

  void on_program_exited(const program_exited& m) {
    overdue_timer.dispose();
    send_all_output();
    follow(plan.on_exited(m.report));
  }

  void send_due_output() {
    for (const auto from : {sandbox::stream::out, sandbox::stream::err})
      if (auto bytes = batch.take_due(from, self->clock().now()))
        self->send(context.listener, job_output{record.id, from, std::move(*bytes)});
    const auto next = batch.due_at();
    if (!next || is_flush_planned)
      return;
    is_flush_planned = true;
    flush_timer = self->run_delayed(*next - self->clock().now(), [this] {
      is_flush_planned = false;
      send_due_output();
    });
  }

  void send_all_output() {
    for (const auto from : {sandbox::stream::out, sandbox::stream::err})
      if (auto bytes = batch.take_all(from); !bytes.empty())
        self->send(context.listener, job_output{record.id, from, std::move(bytes)});
  }

  caf::event_based_actor* self;
  job_context context;
  storage::job_record record; ///< without request and result
  sandbox::container_spec spec;
  job_plan plan;
  judging tests;
  std::shared_ptr<const std::vector<sandbox::input_file>> files; ///< kept for another container
  bool is_moving = false; ///< another container is asked for, which is not a test's
  output_batch batch;
  bool is_flush_planned = false;
  caf::disposable flush_timer;
  bool is_taken = false; ///< see on_row_taken
  caf::disposable overdue_timer;
  caf::disposable look_timer;
};

} // namespace

caf::actor spawn_job(caf::actor_system& system, job_context context, storage::job_record record,
                     run_request request) {
  auto job = system.spawn<caf::stateful_actor<job_state>>(std::move(context), std::move(record),
                                                          std::move(request));
  caf::anon_send(job, run_job{});
  return job;
}

} // namespace coterie::actors
