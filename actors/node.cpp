#include "actors/node.hpp"

#include "actors/errors.hpp"
#include "actors/historian.hpp"
#include "actors/run.hpp"
#include "actors/store.hpp"
#include "base/log.hpp"

#include <caf/all.hpp>

#include <cstdlib>

namespace coterie::actors {

namespace {

constexpr std::chrono::seconds start_timeout{30};

/// Registers this incarnation and settles what earlier ones left behind, in one transaction.
result<std::vector<job_id>> recover(storage::backend& db, node_id self) {
  if (auto known = db.register_node(self); !known)
    return known.why();
  const auto lost = encode(
    result_without_run(sandbox::outcome::node_lost, "the server stopped while the program ran"));
  return db.recover_jobs(lost, system_now());
}

/// Whatever was acknowledged is in the database.
void end_process(std::string_view) {
  std::_Exit(EXIT_FAILURE);
}

/// Reports the end of `part` unless stop_node caused it.
template <class Handle>
void watch(const Handle& part, std::string name, std::function<void(std::string_view)> on_crash) {
  caf::actor_cast<caf::actor>(part)->attach_functor(
    [name = std::move(name), on_crash = std::move(on_crash)](const caf::error& why) {
      if (why == caf::exit_reason::user_shutdown)
        return;
      log::error("a part of the server died", {{"part", name}, {"why", caf::to_string(why)}});
      on_crash(name);
    });
}

/// Asks and waits: only for start and stop, on the main thread.
template <class Answer, class Handle, class Message>
result<Answer> ask_and_wait(caf::scoped_actor& self, const Handle& handle,
                            std::chrono::milliseconds timeout, Message message) {
  result<Answer> answer = failure{errc::internal, "no answer"};
  if constexpr (std::is_void_v<Answer>)
    self->request(handle, timeout, std::move(message))
      .receive([&] { answer = {}; }, [&](const caf::error& why) { answer = to_failure(why); });
  else
    self->request(handle, timeout, std::move(message))
      .receive([&](const Answer& value) { answer = value; },
               [&](const caf::error& why) { answer = to_failure(why); });
  return answer;
}

} // namespace

result<node> start_node(caf::actor_system& system, node_settings settings) {
  node made;
  made.id = node_id::random();
  made.counters = settings.counters;
  made.languages = settings.languages;
  made.store = spawn_store(system, std::move(settings.backend), true, settings.counters);

  caf::scoped_actor self{system};
  const auto lost = ask_and_wait<std::vector<job_id>>(
    self, made.store, start_timeout,
    make_store_task([id = made.id](storage::backend& db) { return recover(db, id); }));
  if (!lost) {
    self->send_exit(made.store, caf::exit_reason::user_shutdown);
    return lost.why();
  }
  if (!lost->empty())
    log::warning("jobs were lost with an earlier server", {{"jobs", lost->size()}});

  const auto revoked = std::make_shared<revocations>(settings.access_life);
  const auto now = system_now();
  const auto ended = ask_and_wait<std::vector<storage::ended_login>>(
    self, made.store, start_timeout,
    make_store_task([now](storage::backend& db) { return db.list_ended_logins(now); }));
  if (!ended) {
    self->send_exit(made.store, caf::exit_reason::user_shutdown);
    return ended.why();
  }
  for (const auto& login : *ended)
    revoked->add(login, now);
  made.revoked = revoked;
  auto people = std::move(settings.accounts);
  people.store = made.store;
  people.revoked = revoked;
  made.accounts = spawn_accounts(system, std::move(people));

  made.cluster = spawn_cluster(system, made.store, made.id);
  dispatcher_context jobs;
  jobs.store = made.store;
  jobs.node = made.id;
  jobs.launcher = std::move(settings.launcher);
  jobs.languages = settings.languages;
  jobs.counters = settings.counters;
  jobs.parallel = settings.parallel_jobs;
  jobs.warm_target = settings.warm_containers;
  jobs.workspaces_max = settings.room_containers;
  jobs.workspace_spec = settings.room_container;
  made.dispatcher = spawn_dispatcher(system, std::move(jobs));

  historian_settings past;
  past.store = made.store;
  past.keep = settings.keep_history;
  made.historian = spawn_historian(system, std::move(past));

  room_context rooms;
  rooms.store = made.store;
  rooms.historian = made.historian;
  rooms.dispatcher = made.dispatcher;
  rooms.languages = settings.languages;
  rooms.counters = settings.counters;
  rooms.idle_after = settings.room_idle_after;
  made.directory = spawn_directory(system, {std::move(rooms), made.id});
  const auto on_crash = settings.on_crash ? std::move(settings.on_crash) : end_process;
  watch(made.store, "store", on_crash);
  watch(made.historian, "historian", on_crash);
  watch(made.cluster, "cluster", on_crash);
  watch(made.dispatcher, "dispatcher", on_crash);
  watch(made.directory, "directory", on_crash);
  watch(made.accounts, "accounts", on_crash);
  log::info("node is up", {{"node", made.id.str()}});
  return made;
}

void stop_node(caf::actor_system& system, node& running, std::chrono::milliseconds deadline) {
  const auto ends_at = std::chrono::steady_clock::now() + deadline;
  const auto left = [&] {
    const auto rest = std::chrono::duration_cast<std::chrono::milliseconds>(
      ends_at - std::chrono::steady_clock::now());
    return std::max(rest, std::chrono::milliseconds{100});
  };
  caf::scoped_actor self{system};
  const auto note = [](std::string_view step, const result<void>& done) {
    if (!done)
      log::warning("a step of stopping did not finish",
                   {{"step", step}, {"why", done.why().detail}});
  };
  note("drain", ask_and_wait<void>(self, running.cluster, left(), drain{}));
  note("jobs", ask_and_wait<void>(self, running.dispatcher, left(), stop_jobs{left() / 2}));
  note("rooms", ask_and_wait<void>(self, running.directory, left(), close_rooms{}));
  // The store last: what the others sent it stands before this in its mailbox.
  note("storage",
       ask_and_wait<void>(self, running.store, left(),
                          make_store_task([](storage::backend& db) { return db.check(); })));
  const auto end = [&](const auto& handle) {
    self->monitor(handle);
    self->send_exit(handle, caf::exit_reason::user_shutdown);
  };
  end(running.directory);
  end(running.dispatcher);
  end(running.cluster);
  end(running.historian);
  end(running.accounts);
  end(running.store);
  for (int gone = 0; gone < 6; ++gone) {
    bool timed_out = false;
    self->receive([](const caf::down_msg&) {}, caf::after(left()) >> [&] { timed_out = true; });
    if (timed_out) {
      log::warning("an actor did not end in time");
      break;
    }
  }
  running = {};
}

} // namespace coterie::actors
