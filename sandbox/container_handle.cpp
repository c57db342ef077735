#include "sandbox/container_handle.hpp"

namespace coterie::sandbox {

namespace {

/// The caller's side of a terminal.
class terminal_handle final : public terminal {
public:
  terminal_handle(std::shared_ptr<shared_loop> shared, std::shared_ptr<terminal_session> session)
      : shared_(std::move(shared)), session_(std::move(session)) {}

  ~terminal_handle() override {
    close();
  }

  bool write(std::string bytes) override {
    auto& controls = session_->controls();
    const auto size = bytes.size();
    if (controls.closed || !reserve_input(controls.waiting, size))
      return false;
    const bool queued =
      shared_->loop.post([session = session_, bytes = std::move(bytes)]() mutable {
        session->feed(std::move(bytes));
      });
    if (!queued)
      controls.waiting->fetch_sub(size);
    return queued;
  }

  bool resize(terminal_size size) override {
    if (!is_possible(size))
      return false;
    session_->controls().size = size;
    refresh();
    return true;
  }

  void pause() override {
    session_->controls().paused = true; // looked at before each read
  }

  void resume() override {
    session_->controls().paused = false;
    refresh();
  }

  void close() override {
    if (!session_->controls().closed.exchange(true))
      shared_->loop.post([session = session_] { session->close(); }, true);
  }

private:
  /// Must not be lost, so it is bounded otherwise: one at a time.
  void refresh() {
    if (!session_->controls().refreshing.exchange(true))
      shared_->loop.post([session = session_] { session->refresh(); }, true);
  }

  std::shared_ptr<shared_loop> shared_;
  std::shared_ptr<terminal_session> session_;
};

/// The caller's side of a container: posts everything to the launcher's thread.
class container_handle final : public container {
public:
  container_handle(std::shared_ptr<shared_loop> shared, const std::shared_ptr<box>& target)
      : shared_(std::move(shared)),
        box_(target),
        place_(target->place()),
        gauge_(target->gauge()) {}

  ~container_handle() override {
    shared_->loop.post(
      [box = box_] {
        if (const auto target = box.lock())
          target->release();
      },
      true);
  }

  void put(std::vector<input_file> files, std::function<void(result<void>)> done) override {
    const auto work = [box = box_, files = std::move(files), done] {
      if (const auto target = box.lock())
        target->put(files, done);
      else
        done(failure{errc::inactive, "the container has ended"});
    };
    if (!shared_->loop.post(work))
      done(failure{errc::unavailable, "the launcher has stopped or is overloaded"});
  }

  result<std::unique_ptr<tree>> open_tree() override {
    const auto place = place_.lock();
    if (!place)
      return failure{errc::inactive, "the container has ended"};
    auto copy = place->duplicate();
    if (!copy)
      return copy.why();
    return std::make_unique<tree>(std::move(*copy));
  }

  void watch(std::shared_ptr<const ignore_rules> ignored,
             std::function<void(tree_changes)> on_changes) override {
    auto work = [box = box_, ignored = std::move(ignored), on_changes] {
      if (const auto target = box.lock())
        target->watch(ignored, on_changes);
      else
        on_changes(nothing_more());
    };
    if (!shared_->loop.post(std::move(work), true))
      on_changes(nothing_more());
  }

  void changes_handled() override {
    post([](box& target) { target.changes_handled(); });
  }

  void run(command what, run_events events) override {
    const auto on_exit = events.on_exit;
    auto work = [box = box_, what = std::move(what), events = std::move(events)]() mutable {
      if (const auto target = box.lock())
        return target->run(std::move(what), std::move(events));
      refuse(events.on_exit, "the container has ended", true);
    };
    if (!shared_->loop.post(std::move(work)))
      refuse(on_exit, "the launcher has stopped or is overloaded");
  }

  bool write_stdin(std::string bytes) override {
    const auto size = bytes.size();
    if (!reserve_input(gauge_, size))
      return false;
    const bool queued =
      shared_->loop.post([box = box_, gauge = gauge_, bytes = std::move(bytes)]() mutable {
        if (const auto target = box.lock())
          target->feed(std::move(bytes));
        else
          gauge->fetch_sub(bytes.size());
      });
    if (!queued)
      gauge_->fetch_sub(size);
    return queued;
  }

  void close_stdin() override {
    post([](box& target) { target.close_input(); });
  }

  void kill(outcome why) override {
    post([why](box& target) { target.kill(why); });
  }

  std::shared_ptr<terminal> open_terminal(terminal_command what, terminal_events events) override {
    const auto session =
      std::make_shared<terminal_session>(shared_->loop, std::move(events), what.size);
    const auto work = [box = box_, session, what = std::move(what)] {
      if (const auto target = box.lock())
        target->open_terminal(session, what);
      else
        session->refuse({errc::inactive, "the container has ended"});
    };
    if (!shared_->loop.post(work))
      session->refuse({errc::unavailable, "the launcher has stopped or is overloaded"});
    return std::make_shared<terminal_handle>(shared_, session);
  }

private:
  static void refuse(const std::function<void(const report&)>& on_exit, const char* why,
                     bool has_ended = false) {
    report answer;
    answer.detail = why;
    answer.never_began = has_ended;
    if (on_exit)
      on_exit(answer);
  }

  template <class F>
  void post(F work) {
    shared_->loop.post(
      [box = box_, work] {
        if (const auto target = box.lock())
          work(*target);
      },
      true);
  }

  std::shared_ptr<shared_loop> shared_;
  std::weak_ptr<box> box_;
  std::weak_ptr<const tree_place> place_; ///< the box lets go of it when the container ends
  input_gauge gauge_;
};

} // namespace

std::unique_ptr<container> make_container_handle(std::shared_ptr<shared_loop> shared,
                                                 const std::shared_ptr<box>& target) {
  return std::make_unique<container_handle>(std::move(shared), target);
}

} // namespace coterie::sandbox
