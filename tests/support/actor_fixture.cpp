#include "support/actor_fixture.hpp"

#include "actors/blocking_worker.hpp"
#include "actors/errors.hpp"
#include "actors/historian.hpp"
#include "actors/workspace.hpp"

namespace coterie::testing {

namespace {

// Before the first actor_system_config, so before main.
const bool registered = (register_messages(), true);

const std::shared_ptr<const config::language_table>& built_in_languages() {
  static const auto table =
    std::make_shared<const config::language_table>(config::language_table::built_in());
  return table;
}

} // namespace

dispatcher_actor spawn_scripted_dispatcher(caf::actor_system& system,
                                           std::shared_ptr<dispatcher_script> script) {
  return system.spawn([script](dispatcher_actor::pointer self) -> dispatcher_actor::behavior_type {
    return {
      [=](const open_workspace& m) -> caf::result<caf::actor> {
        if (!script->containers)
          return to_error({errc::unavailable, "not in this test"});
        auto ignored = std::make_shared<const sandbox::ignore_rules>(
          *sandbox::ignore_rules::parse("ignored/\n"));
        return spawn_workspace(self->home_system(),
                               {script->containers,
                                spawn_blocking_worker(self->home_system(), false),
                                std::move(ignored),
                                {},
                                m.listener});
      },
      [=](const submit_job& m) -> caf::result<void> {
        script->submitted.push_back(m);
        if (script->refuse)
          return to_error(*script->refuse);
        auto promise = self->make_response_promise<void>();
        script->held.push_back(promise);
        if (!script->hold)
          script->answer_submits();
        return promise;
      },
      [=](const cancel_job& m) {
        script->cancelled.push_back(m.id);
        script->cancelled_in.push_back(m.room);
      },
      [=](const write_run& m) { script->written.push_back(m); },
      [=](const find_job&) -> caf::result<job_view> {
        return to_error({errc::not_found, "there is no such job"});
      },
      [=](const wait_job& m) -> caf::result<job_view> {
        auto promise = self->make_response_promise<job_view>();
        script->waiting[m.id].push_back(promise);
        return promise;
      },
      [=](describe_queue) { return queue_status{}; },
      // A promise may only be kept by its own actor: tests send this to end `hold`.
      [=](const stop_jobs&) { script->answer_submits(); },
    };
  });
}

actor_fixture::actor_fixture() : languages(built_in_languages()) {
  CAF_REQUIRE(registered);
  wall_now = day_one;
  auto engine = std::make_unique<scripted_backend>(disk, read_wall_now);
  CAF_REQUIRE(engine->register_node(node).has_value());
  store = spawn_store(sys, std::move(engine), false);
  historian = spawn_historian(sys, {store, {}, read_wall_now}, false);
  dispatcher = spawn_scripted_dispatcher(sys, jobs);
}

actor_fixture::~actor_fixture() {
  for (const auto& still_there : to_end)
    caf::anon_send_exit(still_there, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(dispatcher, caf::exit_reason::user_shutdown);
  consume_messages();
  jobs->held.clear();
  jobs->waiting.clear();
  caf::anon_send_exit(historian, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(store, caf::exit_reason::user_shutdown);
  consume_messages();
  // A timer that still ran would keep its actor and hang the base's destructor.
  sched.clock().schedule.clear();
}

void actor_fixture::pass(std::chrono::milliseconds time) {
  constexpr auto step = 100ms;
  consume_messages();
  for (; time > 0ms; time -= std::min(step, time)) {
    const auto now = std::min(step, time);
    wall_now += now;
    advance_time(now);
    consume_messages();
  }
}

failure actor_fixture::to_failure_of(const caf::error& why) {
  return to_failure(why);
}

room_fixture::room_fixture() {
  room_context rooms;
  rooms.store = store;
  rooms.historian = historian;
  rooms.dispatcher = dispatcher;
  rooms.languages = languages;
  rooms.now = read_wall_now;
  directory = spawn_directory(sys, {std::move(rooms), node});
  consume_messages();
}

room_fixture::~room_fixture() {
  *disk = storage_script{};
  const auto closed = request<void>(directory, close_rooms{});
  pass(11s); // whatever waits for an answer gives up by then
  if (!*closed)
    CAF_ERROR("rooms were left behind");
  caf::anon_send_exit(directory, caf::exit_reason::user_shutdown);
}

room_opened room_fixture::open(storage::visibility seen_by, std::string language) {
  open_room wanted;
  wanted.title = "algebra";
  wanted.language = std::move(language);
  wanted.seen_by = seen_by;
  return must(ask<room_opened>(directory, std::move(wanted)));
}

} // namespace coterie::testing
