#include "actors/dispatcher.hpp"

#include "actors/blocking_worker.hpp"
#include "actors/container.hpp"
#include "actors/container_loans.hpp"
#include "actors/container_supply.hpp"
#include "actors/errors.hpp"
#include "actors/fair_queue.hpp"
#include "actors/job.hpp"
#include "actors/job_plan.hpp"
#include "actors/job_rows.hpp"
#include "actors/job_waiters.hpp"
#include "actors/live_jobs.hpp"
#include "actors/metrics.hpp"
#include "actors/supervision.hpp"
#include "actors/workspace.hpp"
#include "base/log.hpp"
#include "config/ignored_paths.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <set>
#include <unordered_map>
#include <utility>

namespace coterie::actors {

namespace {

// Jobs are read from the database in small pages, because their rows hold whole requests, and
// the next page when no more than this many wait.
constexpr std::size_t page_rows = 64;
constexpr std::size_t refill_below = 32;
constexpr std::chrono::seconds refill_pause{1};   ///< after a listing that failed
constexpr std::chrono::seconds write_timeout{10}; ///< for the job and its container to take input

std::string joined(const std::vector<std::string>& sentences) {
  std::string text;
  for (const auto& sentence : sentences)
    text += (text.empty() ? "" : "; ") + sentence;
  return text;
}

std::shared_ptr<const sandbox::ignore_rules> usual_ignore_rules() {
  auto rules = sandbox::ignore_rules::parse(config::default_ignored_paths());
  return std::make_shared<const sandbox::ignore_rules>(rules ? std::move(*rules)
                                                             : sandbox::ignore_rules{});
}

using phase = live_job::phase;

/// What jobs and the launcher tell and ask, besides the public protocol.
using parent_actor =
  dispatcher_actor::extend<caf::result<void>(job_started), caf::result<void>(job_done),
                           caf::result<void>(borrow_container), caf::result<void>(container_made)>;

struct dispatcher_state {
  static inline const char* name = "coterie.dispatcher";

  dispatcher_state(parent_actor::pointer self_pointer, dispatcher_context made_of)
      : self(self_pointer),
        context(std::move(made_of)),
        queue(dispatcher_bounds::queued_max, dispatcher_bounds::queued_per_key_max),
        containers(can_run() ? context.warm_target : 0) {
    install_handlers(self, name);
    self->set_down_handler([this](const caf::down_msg& m) {
      if (workspaces.erase(m.source) > 0)
        return;
      if (loans.end_with(m.source))
        pump();
      else
        on_job_down(m);
    });
  }

  ~dispatcher_state() {
    pool_timer.dispose();
    refill_timer.dispose();
    stop_timer.dispose();
  }

  parent_actor::behavior_type make_behavior() {
    pump();
    return {
      [this](const submit_job& m) { return on_submit(m); },
      [this](const cancel_job& m) { return on_cancel(m); },
      [this](const write_run& m) { return on_write(m); },
      [this](const find_job& m) { return on_find(m); },
      [this](const wait_job& m) { return on_wait(m); },
      [this](const open_workspace& m) { return on_open_workspace(m); },
      [this](const describe_queue&) { return describe(); },
      [this](const stop_jobs& m) { return on_stop(m); },
      [this](const job_started& m) { on_job_started(m); },
      [this](const job_done& m) { on_job_done(m); },
      [this](const borrow_container& m) { on_borrow(m); },
      [this](const container_made& m) { on_container_made(m); },
    };
  }

  // -- containers of rooms ----------------------------------------------------------------------

  caf::result<caf::actor> on_open_workspace(const open_workspace& m) {
    if (!can_run())
      return to_error({errc::unavailable, "this server can not run programs"});
    if (stopping)
      return to_error({errc::shutting_down, "the server is stopping"});
    if (workspaces.size() >= context.workspaces_max)
      return to_error({errc::queue_full, "every container for rooms is in use; try again later"});
    auto made = spawn_workspace(self->home_system(), {context.launcher, files_worker(), ignored,
                                                      context.workspace_spec, m.listener});
    self->monitor(made);
    workspaces.insert(made.address());
    log::info("a container for a room", {{"room", m.room.str()}, {"now", workspaces.size()}});
    return made;
  }

  /// Shared by everybody: its tasks are short, and a container has one under way.
  caf::actor files_worker() {
    if (!context.files_worker)
      context.files_worker = spawn_blocking_worker(self->home_system());
    return context.files_worker;
  }

  // -- new jobs -------------------------------------------------------------------------------

  caf::result<void> on_submit(const submit_job& m) {
    if (auto refused = refuse(m))
      return to_error(*refused);
    if (auto admitted = queue.admit(m.fairness_key); !admitted)
      return to_error(admitted.why());
    auto& job = jobs.add(make_record(m), m.fairness_key);
    job.listener = m.listener;
    auto row = std::make_shared<storage::job_record>(job.record);
    row->request = encode(m.request);
    job.new_row = std::move(row);
    auto promise = self->make_response_promise<void>();
    job.tell_asker = [promise, id = m.id,
                      request_id = m.request_id](const result<void>& stored) mutable {
      if (!stored)
        return promise.deliver(to_error(stored.why()));
      promise.deliver();
      log::info("job accepted", {{"job", id.str()}, {"request_id", request_id}});
    };
    if (auto ready = ready_container(m.request))
      begin_at_once(job, m.request, std::move(ready));
    else
      store_new(job, m.request);
    return promise;
  }

  /// For a job that nobody has to wait for, when there is one.
  caf::actor ready_container(const run_request& request) {
    if (!is_slot_free() || queue.size() > 0)
      return nullptr;
    const auto& language = *context.languages->find(request.language);
    return containers.take_ready(container_spec_for(request, language), self->clock().now());
  }

  /// One commit less: the row is stored with the start.
  void begin_at_once(live_job& job, const run_request& request, caf::actor container) {
    queue.give_back(job.key);
    job.slot_since = self->clock().now();
    job.request = request;
    start(job, std::move(container));
    make_containers();
    report();
  }

  void store_new(live_job& job, const run_request& request) {
    jobs.keep_request(job, request);
    auto task = make_store_task(
      [row = job.new_row](storage::backend& backend) { return backend.create_job(*row); });
    const auto id = job.record.id;
    self->request(context.store, store_patience::request_timeout, std::move(task))
      .then([this, id] { on_queued(jobs.at(id)); },
            [this, id](const caf::error& why) {
              auto& refused = jobs.at(id);
              queue.give_back(refused.key);
              on_not_stored(refused, to_failure(why));
            });
  }

  /// A container was ready, but could not be used.
  void queue_new(live_job& job) {
    if (auto admitted = queue.admit(job.key); !admitted)
      return on_not_stored(job, admitted.why());
    const auto request = decode_run_request(job.new_row->request);
    jobs.move_to(job, phase::storing);
    store_new(job, request.value()); // it was encoded here
  }

  std::optional<failure> refuse(const submit_job& m) const {
    if (stopping)
      return failure{errc::shutting_down, "the server is stopping"};
    if (!can_run())
      return failure{errc::unavailable,
                     "this host cannot run programs: " + joined(host_status().missing)};
    if (jobs.contains(m.id))
      return failure{errc::conflict, "an execution with this id exists"};
    if (const auto wrong = check_run_request(m.request, *context.languages); !wrong.empty())
      return failure{errc::invalid_argument, joined(wrong)};
    return std::nullopt;
  }

  storage::job_record make_record(const submit_job& m) const {
    storage::job_record record;
    record.id = m.id;
    record.room = m.room;
    record.language = m.request.language;
    record.exclusive = m.exclusive;
    record.retry = m.request.options.retry;
    record.created_at = context.now();
    return record;
  }

  /// The row of a new job is stored.
  void accept(live_job& job) {
    job.new_row = nullptr;
    std::exchange(job.tell_asker, nullptr)({});
    if (context.counters)
      context.counters->on_job_accepted(job.record.language);
  }

  void on_queued(live_job& job) {
    accept(job);
    jobs.move_to(job, phase::queued);
    queue.push(job.key, job.record.id);
    if (job.is_cancelled)
      end_unstarted(job, result_without_run(sandbox::outcome::cancelled, ""));
    pump();
  }

  void on_not_stored(live_job& job, const failure& why) {
    const auto id = job.record.id;
    std::exchange(job.tell_asker, nullptr)(why);
    waiters.fail(id, why);
    if (!is_permanent(why)) {
      // The row may be there all the same, or come later. Its asker was told that it is not: it
      // must not run behind their back. The store answers in order, so this finds it.
      auto task =
        make_store_task([id, node = context.node, at = context.now()](storage::backend& backend) {
          return withdraw_row(backend, id, node, "it was not accepted in time", at);
        });
      ask_until_stored(self, context.store, task, [](const std::optional<failure>&) {});
    }
    jobs.forget(id);
    pump();
  }

  // -- who is next ----------------------------------------------------------------------------

  /// Gives free slots to waiting jobs, then to tests, makes containers, reads more jobs.
  void pump() {
    while (!stopping && can_run() && is_slot_free()) {
      const auto next = queue.pop();
      if (!next)
        break;
      begin(jobs.at(*next));
    }
    lend_containers();
    make_containers();
    refill();
    report();
  }

  bool is_slot_free() const {
    return jobs.slots_taken() + loans.extra_slots() < context.parallel;
  }

  void begin(live_job& job) {
    job.slot_since = self->clock().now();
    if (job.request)
      return get_container(job);
    jobs.move_to(job, phase::loading);
    const auto id = job.record.id;
    auto task = make_store_task([id](storage::backend& backend) { return backend.load_job(id); });
    self->request(context.store, store_patience::request_timeout, std::move(task))
      .then([this, id](const storage::job_record& row) { on_loaded(id, row); },
            [this, id](const caf::error& why) { on_try_failed(jobs.at(id), to_failure(why)); });
  }

  void on_loaded(job_id id, const storage::job_record& row) {
    auto& job = jobs.at(id);
    if (job.is_cancelled)
      return end_unstarted(job, result_without_run(sandbox::outcome::cancelled, ""));
    if (stopping)
      return on_try_failed(job, {errc::shutting_down, "the server is stopping"});
    auto request = decode_run_request(row.request);
    if (!request || !context.languages->find(request->language))
      return end_unstarted(job, result_without_run(sandbox::outcome::internal,
                                                   "the stored request cannot be run here"));
    job.record.starts = row.starts;
    job.request = std::move(*request);
    get_container(job);
    make_containers();
  }

  void get_container(live_job& job) {
    jobs.move_to(job, phase::wants_container);
    const auto& language = *context.languages->find(job.request->language);
    const auto spec = container_spec_for(*job.request, language);
    if (auto ready = containers.request(job.record.id, spec, self->clock().now()))
      start(job, std::move(ready));
  }

  void start(live_job& job, caf::actor container) {
    jobs.move_to(job, phase::running);
    job_context made_of{.store = context.store,
                        .node = context.node,
                        .container = std::move(container),
                        .listener = job.listener,
                        .dispatcher = caf::actor_cast<caf::actor>(self),
                        .new_row = job.new_row,
                        .worker =
                          job.request->options.tests.empty() ? caf::actor{} : files_worker(),
                        .languages = context.languages,
                        .now = context.now};
    job.job =
      spawn_job(self->home_system(), std::move(made_of), job.record, jobs.take_request(job));
    self->monitor(job.job);
    actors_of[job.job.address()] = job.record.id;
  }

  /// Reads waiting jobs that this process did not accept itself.
  void refill() {
    if (is_refilling || !has_more || stopping || !can_run() || queue.size() > refill_below)
      return;
    is_refilling = true;
    auto task =
      make_store_task([](storage::backend& backend) { return list_waiting(backend, page_rows); });
    self->request(context.store, store_patience::request_timeout, std::move(task))
      .then([this](const std::vector<storage::job_record>& rows) { on_listed(rows); },
            [this](const caf::error& why) {
              log::warning("queued jobs not read", {{"why", to_failure(why).detail}});
              refill_timer = self->run_delayed(refill_pause, [this] {
                is_refilling = false;
                refill();
              });
            });
  }

  void on_listed(const std::vector<storage::job_record>& rows) {
    is_refilling = false;
    has_more = rows.size() >= page_rows;
    for (const auto& row : rows) {
      if (jobs.contains(row.id))
        continue;
      auto& job = jobs.add(row, row.room ? row.room->str() : "");
      jobs.move_to(job, phase::queued);
      queue.push_accepted(job.key, row.id);
      log::info("job found waiting", {{"job", row.id.str()}, {"language", row.language}});
    }
    pump();
  }

  // -- containers -----------------------------------------------------------------------------

  void make_containers() {
    if (!can_run())
      return;
    containers.make(*context.launcher, caf::actor_cast<caf::weak_actor_ptr>(self),
                    self->clock().now());
    const auto at = containers.due_at();
    if (!at || (pool_timer_at && *pool_timer_at <= *at))
      return;
    pool_timer.dispose();
    pool_timer_at = at;
    pool_timer = self->run_delayed(*at - self->clock().now(), [this] {
      pool_timer_at.reset();
      make_containers();
      report();
    });
  }

  void on_container_made(const container_made& m) {
    if (!m.sandbox) {
      on_container_failed(m);
      return;
    }
    if (auto made = containers.on_made(self->home_system(), m, self->clock().now())) {
      if (auto* const loan = loans.find(made->job))
        lend(*loan, std::move(made->container));
      else
        start(jobs.at(made->job), std::move(made->container));
    }
    report();
  }

  void on_container_failed(const container_made& m) {
    // queue_full: a container that just ended still has its slot; nobody's fault.
    const bool charge = m.why.code != errc::queue_full;
    if (charge)
      log::warning("container not made", {{"why", m.why.detail}});
    const auto charged = containers.on_failed(m, charge, self->clock().now());
    if (charged && loans.find(*charged))
      on_loan_failed(*charged, m.why, charge);
    else if (charged && charge)
      on_try_failed(jobs.at(*charged), m.why);
    else if (charged)
      get_container(jobs.at(*charged));
    make_containers();
  }

  // -- containers of tests --------------------------------------------------------------------

  void on_borrow(const borrow_container& m) {
    const auto* job = jobs.find(m.job);
    if (!job || !job->job)
      return; // it has failed since
    if (m.last_was_dead)
      containers.renew();
    loans.ask(m);
    pump();
  }

  /// Queued jobs go first: one gets the next slot, however many tests of others are left.
  void lend_containers() {
    const auto may_take_slot = [this] { return is_slot_free() && (stopping || queue.size() == 0); };
    while (const auto ticket = loans.begin_next(may_take_slot()))
      get_container(*ticket);
  }

  void get_container(job_id ticket) {
    auto& loan = *loans.find(ticket);
    if (auto ready = containers.request(ticket, loan.spec, self->clock().now()))
      lend(loan, std::move(ready));
  }

  void lend(container_loans::loan& loan, caf::actor container) {
    self->monitor(container);
    caf::anon_send(jobs.at(loan.job).job, container_lent{container, {}});
    loan.container = std::move(container);
  }

  void on_loan_failed(job_id ticket, const failure& why, bool charge) {
    auto& loan = *loans.find(ticket);
    if (charge && ++loan.failures == dispatcher_bounds::claims_max) {
      caf::anon_send(jobs.at(loan.job).job, container_lent{{}, why});
      loans.end(ticket);
      pump();
    } else {
      get_container(ticket);
    }
  }

  // -- what becomes of jobs -------------------------------------------------------------------

  void on_job_started(const job_started& m) {
    auto& job = jobs.at(m.id);
    const bool is_new = job.new_row != nullptr;
    if (is_new)
      accept(job);
    if (is_new && job.is_cancelled)
      caf::anon_send(job.job, cancel_run{});
    job.record.status = storage::job_status::running;
    job.record.started_at = m.at;
    if (context.counters)
      context.counters->on_sandbox_start(std::chrono::duration_cast<std::chrono::microseconds>(
        self->clock().now() - job.slot_since));
  }

  void on_job_done(const job_done& m) {
    auto& job = jobs.at(m.id);
    forget_actor(job);
    if (m.was_not_stored) {
      on_not_stored(job, m.why);
    } else if (m.retry_before_start) {
      containers.renew(); // the helper may have died, and every container with it
      if (job.new_row)
        queue_new(job);
      else
        on_try_failed(job, m.why);
    } else if (storage::is_final(m.final.status)) {
      finish(m.id, m.final);
    } else {
      waiters.fail(m.id, {errc::shutting_down, "the server is stopping"});
      jobs.forget(m.id);
      pump();
    }
    answer_stop();
  }

  /// A job actor that ended without job_done failed: a defect, or an exception in a library.
  void on_job_down(const caf::down_msg& m) {
    const auto found = actors_of.find(m.source);
    if (found == actors_of.end())
      return;
    auto& job = jobs.at(found->second);
    forget_actor(job);
    const failure why{errc::internal, "the part that ran it failed"};
    if (job.new_row)
      on_not_stored(job, why);
    else if (job.record.started_at)
      end_unstarted(job, result_without_run(sandbox::outcome::internal, why.detail));
    else
      on_try_failed(job, why);
    answer_stop();
  }

  void forget_actor(live_job& job) {
    actors_of.erase(job.job.address());
    job.job = nullptr;
    for (const auto& ticket : loans.end_all(job.record.id))
      containers.withdraw(ticket);
  }

  /// The program was not started. Tries again with growing pauses, then gives up.
  void on_try_failed(live_job& job, const failure& why) {
    const auto id = job.record.id;
    jobs.move_to(job, phase::delayed);
    const auto step = actors::on_start_failed(job, stopping);
    if (step == start_failure_step::end_cancelled)
      return end_unstarted(job, result_without_run(sandbox::outcome::cancelled, ""));
    if (step == start_failure_step::leave_to_restart) {
      waiters.fail(id, {errc::shutting_down, "the server is stopping"});
      return jobs.forget(id);
    }
    log::warning("job could not be started",
                 {{"job", id.str()}, {"tries", job.tries}, {"why", why.detail}});
    if (step == start_failure_step::give_up)
      return end_unstarted(job, result_without_run(sandbox::outcome::internal,
                                                   "it could not be started: " + why.detail));
    auto task = make_store_task([id, node = context.node](storage::backend& backend) {
      return count_claim(backend, id, node);
    });
    ask_until_stored(self, context.store, task, [](const std::optional<failure>&) {});
    job.timer = self->run_delayed(retry_pause(job), [this, id] { try_again(id); });
    pump();
  }

  void try_again(job_id id) {
    auto* const job = jobs.find(id);
    if (!job || job->at != phase::delayed)
      return;
    jobs.move_to(*job, phase::queued);
    queue.push_again(job->key, id);
    pump();
  }

  /// Ends a job whose program does not run: makes the end durable, then tells everybody.
  void end_unstarted(live_job& job, run_result outcome) {
    const auto id = job.record.id;
    queue.remove(id);
    containers.withdraw(id);
    job.timer.dispose();
    jobs.move_to(job, phase::ending);
    job.record.status = status_of(outcome);
    job.record.completed_at = context.now();
    auto view = view_of(job.record);
    auto task =
      make_store_task([id, node = context.node, status = view.status, encoded = encode(outcome),
                       at = *view.completed_at](storage::backend& backend) {
        return end_row(backend, id, node, status, encoded, at);
      });
    view.result = std::move(outcome);
    ask_until_stored(self, context.store, task,
                     [this, view = std::move(view)](const std::optional<failure>& why) {
                       on_end_stored(view, why);
                     });
    pump();
  }

  void on_end_stored(const job_view& view, const std::optional<failure>& why) {
    if (why)
      log::error("end of job not stored", {{"job", view.id.str()}, {"why", why->detail}});
    log::info("job ended", {{"job", view.id.str()},
                            {"room", view.room ? view.room->str() : ""},
                            {"language", view.language},
                            {"status", storage::to_string(view.status)},
                            {"outcome", sandbox::to_string(view.result->how)},
                            {"wall_ms", 0}});
    if (const auto& listener = jobs.at(view.id).listener)
      caf::anon_send(listener, job_ended{view});
    finish(view.id, view);
    answer_stop();
  }

  void finish(job_id id, const job_view& view) {
    if (context.counters)
      context.counters->on_job_ended(view.language, view.status);
    waiters.deliver(id, view);
    jobs.forget(id);
    pump();
  }

  // -- questions ------------------------------------------------------------------------------

  caf::result<void> on_cancel(const cancel_job& m) {
    auto* const job = jobs.find(m.id);
    if (!job)
      return cancel_stored(m);
    if (m.room && job->record.room != m.room)
      return to_error(no_such_job());
    const auto step = cancel(*job);
    if (step == cancel_step::end_now)
      end_unstarted(*job, result_without_run(sandbox::outcome::cancelled, ""));
    else if (step == cancel_step::tell_job)
      caf::anon_send(job->job, cancel_run{});
    return caf::unit;
  }

  /// A job that waits in the database only, or is over.
  caf::result<void> cancel_stored(const cancel_job& m) {
    auto promise = self->make_response_promise<void>();
    auto task = make_store_task([m, at = context.now()](storage::backend& backend) {
      return cancel_waiting(backend, m.id, m.room, at);
    });
    self->request(context.store, store_patience::request_timeout, std::move(task))
      .then(
        [this, promise](const storage::job_record& row) mutable {
          promise.deliver();
          waiters.deliver(row.id, view_of(row));
        },
        [promise](const caf::error& why) mutable { promise.deliver(why); });
    return promise;
  }

  caf::result<void> on_write(const write_run& m) {
    if (m.bytes.size() > dispatcher_bounds::write_bytes_max)
      return to_error({errc::too_large, "at most 64 KiB can be written at once"});
    const auto* job = jobs.find(m.id);
    if (job && m.room && job->record.room != m.room)
      return to_error(no_such_job());
    if (job && !job->job)
      return to_error(job->at == phase::ending ? job_is_over() : job_has_not_started());
    if (!job)
      return refuse_to_write(m);
    auto promise = self->make_response_promise<void>();
    self->request(job->job, write_timeout, feed_run{m.bytes, m.is_last})
      .then([promise]() mutable { promise.deliver(); },
            [promise](const caf::error& why) mutable {
              auto told = to_failure(why);
              const bool is_gone = told.code == errc::unavailable; // it ended before it answered
              promise.deliver(to_error(is_gone ? job_is_over() : told));
            });
    return promise;
  }

  /// A job that no program of this node runs for.
  caf::result<void> refuse_to_write(const write_run& m) {
    auto promise = self->make_response_promise<void>();
    auto task = make_store_task(
      [m](storage::backend& backend) { return refuse_input(backend, m.id, m.room); });
    self->request(context.store, store_patience::request_timeout, std::move(task))
      .then([promise]() mutable { promise.deliver(to_error(job_is_over())); },
            [promise](const caf::error& why) mutable { promise.deliver(why); });
    return promise;
  }

  caf::result<job_view> on_find(const find_job& m) {
    if (const auto* job = jobs.find(m.id); job && job->is_shown())
      return view_of(job->record);
    auto promise = self->make_response_promise<job_view>();
    load_view(
      m.id, [promise](const job_view& view) mutable { promise.deliver(view); },
      [promise](const caf::error& why) mutable { promise.deliver(why); });
    return promise;
  }

  caf::result<job_view> on_wait(const wait_job& m) {
    if (stopping)
      return to_error({errc::shutting_down, "the server is stopping"});
    auto promise = self->make_response_promise<job_view>();
    if (auto added = waiters.add(m.id, promise, self->clock().now()); !added)
      return to_error(added.why());
    if (jobs.contains(m.id))
      return promise;
    load_view(
      m.id,
      [this](const job_view& view) {
        if (storage::is_final(view.status))
          waiters.deliver(view.id, view);
      },
      [this, id = m.id](const caf::error& why) { waiters.fail(id, to_failure(why)); });
    return promise;
  }

  template <class OnView, class OnError>
  void load_view(job_id id, OnView on_view, OnError on_error) {
    auto task = make_store_task([id](storage::backend& backend) { return backend.load_job(id); });
    self->request(context.store, store_patience::request_timeout, std::move(task))
      .then([on_view](const storage::job_record& row) mutable { on_view(view_of(row)); },
            [on_error](const caf::error& why) mutable { on_error(why); });
  }

  queue_status describe() const {
    return {.queued = waiting(),
            .running = actors_of.size(),
            .slots = context.parallel,
            .warm_containers = containers.warm(),
            .queued_max = dispatcher_bounds::queued_max,
            .host = host_status()};
  }

  std::size_t waiting() const {
    return jobs.size() - std::min(jobs.size(), actors_of.size());
  }

  bool can_run() const {
    return context.launcher && context.launcher->host().usable;
  }

  sandbox::host_status host_status() const {
    if (context.launcher)
      return context.launcher->host();
    sandbox::host_status none;
    none.missing = {"the sandbox launcher did not start"};
    return none;
  }

  void report() {
    if (!context.counters)
      return;
    context.counters->set_queue_depth(static_cast<std::int64_t>(waiting()));
    context.counters->set_jobs_running(static_cast<std::int64_t>(actors_of.size()));
    context.counters->set_warm_containers(static_cast<std::int64_t>(containers.warm()));
  }

  // -- stopping -------------------------------------------------------------------------------

  caf::result<void> on_stop(const stop_jobs& m) {
    stopping = true;
    containers.close();
    auto promise = self->make_response_promise<void>();
    stops.push_back(promise);
    put_back_unstarted();
    stop_timer.dispose();
    stop_timer = self->run_delayed(m.grace, [this] { end_running(); });
    answer_stop();
    return promise;
  }

  /// Jobs that have a slot but no program yet wait for the next start like the queued ones.
  void put_back_unstarted() {
    for (auto& [id, job] : jobs) {
      if (job.at == phase::wants_container) {
        containers.withdraw(id);
        jobs.move_to(job, phase::queued);
      }
      if (job.at == phase::queued || job.at == phase::delayed)
        waiters.fail(id, {errc::shutting_down, "the server is stopping"});
    }
  }

  void end_running() {
    for (const auto& [address, id] : actors_of)
      caf::anon_send(jobs.at(id).job, cancel_run{sandbox::outcome::node_lost});
  }

  void answer_stop() {
    if (!stopping || !actors_of.empty() || jobs.ending() > 0)
      return;
    for (auto& promise : std::exchange(stops, {}))
      promise.deliver();
    waiters.fail_all({errc::shutting_down, "the server is stopping"});
  }

  parent_actor::pointer self;
  dispatcher_context context;
  fair_queue queue;
  container_supply containers;
  std::set<caf::actor_addr> workspaces; // of rooms; bounded by workspaces_max
  const std::shared_ptr<const sandbox::ignore_rules> ignored = usual_ignore_rules();
  job_waiters waiters;
  live_jobs jobs;
  container_loans loans;
  std::unordered_map<caf::actor_addr, job_id> actors_of; ///< job actors that run
  std::vector<caf::typed_response_promise<void>> stops;
  bool has_more = true; ///< the database may hold waiting jobs that are not in memory
  bool is_refilling = false;
  bool stopping = false;
  caf::disposable pool_timer;
  std::optional<container_pool::time_point> pool_timer_at;
  caf::disposable refill_timer;
  caf::disposable stop_timer;
};

} // namespace

dispatcher_actor spawn_dispatcher(caf::actor_system& system, dispatcher_context context) {
  return system.spawn<parent_actor::stateful_impl<dispatcher_state>>(std::move(context));
}

} // namespace coterie::actors
