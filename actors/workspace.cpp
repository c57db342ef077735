#include "actors/workspace.hpp"

#include "actors/blocking_worker.hpp"
#include "actors/container.hpp"
#include "actors/shell.hpp"
#include "actors/supervision.hpp"
#include "actors/tell.hpp"
#include "actors/tree_mirror.hpp"

#include <caf/all.hpp>

#include <deque>
#include <map>
#include <utility>

namespace coterie::actors {

namespace {

struct workspace_state {
  static inline const char* name = "coterie.workspace";

  workspace_state(caf::event_based_actor* self_pointer, workspace_context given)
      : self(self_pointer), context(std::move(given)) {
    install_handlers(self, name);
    self->monitor(context.room);
    self->set_down_handler([this](const caf::down_msg&) { self->quit(); });
  }

  ~workspace_state() {
    next_look.dispose();
    for (auto& timer : timers)
      timer.second.dispose();
  }

  caf::behavior make_behavior() {
    context.launcher->create(
      context.spec, [me = weak_self()](result<std::unique_ptr<sandbox::container>> made) {
        container_made answer;
        if (made)
          answer.sandbox = std::make_shared<std::unique_ptr<sandbox::container>>(std::move(*made));
        else
          answer.why = made.why();
        tell(me, std::move(answer));
      });
    return {
      [this](const container_made& m) { on_made(m); },
      [this](const wanted_changes& m) { return on_wanted(m); },
      [this](const settle_files&) { return on_settle(); },
      [this](const tree_touched& m) { on_touched(m); },
      [this](const open_shell& m) { on_open(m); },
      [this](const type_into_shell& m) { on_type(m); },
      [this](const resize_shell& m) {
        if (auto* known = find(m.number))
          known->line().resize(m.size);
      },
      [this](const close_shell& m) {
        if (auto* known = find(m.number))
          known->line().close();
      },
      [this](const replay_shell& m) { on_replay(m); },
      [this](const shell_opened& m) { self->send(context.room, m); },
      [this](const shell_heard& m) { on_heard(m); },
      [this](const shell_ended& m) { on_ended(m); },
    };
  }

  // -- the container ---------------------------------------------------------------------------

  void on_made(const container_made& m) {
    if (!m.sandbox)
      return end(m.why);
    box = std::move(*m.sandbox);
    auto tree = box->open_tree();
    if (!tree)
      return end(tree.why());
    mirror = std::make_shared<tree_mirror>(std::move(*tree), context.ignored);
    work();
  }

  void end(const failure& why) {
    self->quit(to_error(why));
  }

  // -- files -----------------------------------------------------------------------------------

  /// What the worker does next for this container; one at a time, in order.
  struct errand {
    std::function<found_changes(tree_mirror&, tree_mirror::time_point)> run;
    std::function<void()> done;
  };

  caf::result<void> on_wanted(const wanted_changes& m) {
    auto promise = self->make_response_promise<void>();
    errands.push_back(
      {[m](tree_mirror& files, tree_mirror::time_point now) { return files.apply(m, now); },
       [this, promise]() mutable {
         promise.deliver();
         if (!std::exchange(is_filled, true))
           open();
       }});
    work();
    return promise;
  }

  caf::result<void> on_settle() {
    auto promise = self->make_response_promise<void>();
    sandbox::tree_changes everything;
    everything.rescan = true;
    look(std::move(everything), [promise]() mutable { promise.deliver(); });
    return promise;
  }

  /// The room's files are there: programs may start, and what they do is watched.
  void open() {
    box->watch(context.ignored, [me = weak_self()](sandbox::tree_changes hint) {
      tell(me, tree_touched{std::move(hint)});
    });
    for (const auto& wanted : std::exchange(waiting, {}))
      on_open(wanted);
  }

  void on_touched(const tree_touched& m) {
    const bool is_last = m.hint.is_last;
    look(m.hint, [this, is_last] {
      if (is_last)
        end({errc::inactive, "the container has ended"});
      else
        box->changes_handled();
    });
  }

  void look(sandbox::tree_changes hint, std::function<void()> done) {
    errands.push_back({[hint = std::move(hint)](tree_mirror& files, tree_mirror::time_point now) {
                         return files.look(hint, now);
                       },
                       std::move(done)});
    work();
  }

  void work() {
    if (is_working || errands.empty() || !mirror)
      return;
    is_working = true;
    auto next = std::move(errands.front());
    errands.pop_front();
    self
      ->request(
        context.worker, caf::infinite,
        blocking_task{[run = std::move(next.run), files = mirror, now = self->clock().now()] {
          return caf::make_message(run(*files, now));
        }})
      .then(
        [this, done = std::move(next.done)](const found_changes& found) {
          is_working = false;
          if (found.number != 0)
            self->send(context.room, found);
          done();
          look_again();
          work();
        },
        [this](const caf::error& why) { end(to_failure(why)); });
  }

  void look_again() {
    const auto at = mirror->look_again_at();
    if (!at || std::exchange(will_look, true))
      return;
    next_look = self->run_delayed(mirror_bounds::missing_for, [this] {
      will_look = false;
      look({}, [] {});
    });
  }

  // -- terminals -------------------------------------------------------------------------------

  shell* find(terminal_number number) {
    const auto known = shells.find(number);
    return known == shells.end() ? nullptr : known->second.get();
  }

  void on_open(const open_shell& m) {
    if (!is_filled) {
      waiting.push_back(m); // the room bounds them
      return;
    }
    shells.emplace(m.number, std::make_unique<shell>(*box, m, weak_self()));
  }

  void on_type(const type_into_shell& m) {
    if (auto* known = find(m.number); known && !known->line().write(m.bytes))
      log::debug("a terminal does not take what is typed", {{"terminal", m.number}});
  }

  void on_heard(const shell_heard& m) {
    if (auto* known = find(m.number)) {
      known->hear(m.bytes);
      pass_on(m.number, *known);
    }
  }

  /// What is due now, and a timer for what is due later.
  void pass_on(terminal_number number, shell& from) {
    if (auto due = from.feed().take_due(self->clock().now())) {
      self->send(context.room, shell_output{number, due->offset, std::move(due->bytes), {}});
      from.read_on();
    }
    const auto at = from.feed().due_at();
    if (!at || std::exchange(from.is_timer_set, true))
      return;
    timers[number] = self->run_scheduled(*at, [this, number] {
      if (auto* known = find(number)) {
        known->is_timer_set = false;
        pass_on(number, *known);
      }
    });
  }

  void on_replay(const replay_shell& m) {
    auto* known = find(m.number);
    if (!known)
      return;
    if (m.was_too_slow)
      known->feed().slow_down(self->clock().now());
    auto again = known->feed().read_again(m.from);
    self->send(context.room, shell_output{m.number, again.offset, std::move(again.bytes), m.to});
  }

  void on_ended(const shell_ended& m) {
    if (auto* known = find(m.number)) {
      if (auto rest = known->feed().take_all(); !rest.bytes.empty())
        self->send(context.room, shell_output{m.number, rest.offset, std::move(rest.bytes), {}});
      if (auto timer = timers.extract(m.number))
        timer.mapped().dispose();
      shells.erase(m.number);
    }
    self->send(context.room, m);
  }

  caf::weak_actor_ptr weak_self() const {
    return caf::actor_cast<caf::weak_actor_ptr>(self);
  }

  caf::event_based_actor* self;
  workspace_context context;
  std::unique_ptr<sandbox::container> box;
  std::shared_ptr<tree_mirror> mirror; // the worker's while is_working
  std::deque<errand> errands;
  bool is_working = false;
  bool is_filled = false;
  bool will_look = false;
  caf::disposable next_look;
  std::vector<open_shell> waiting;
  std::map<terminal_number, std::unique_ptr<shell>> shells; // before the box: they end with it
  std::map<terminal_number, caf::disposable> timers;
};

} // namespace

caf::actor spawn_workspace(caf::actor_system& system, workspace_context context) {
  return system.spawn<caf::stateful_actor<workspace_state>>(std::move(context));
}

} // namespace coterie::actors
