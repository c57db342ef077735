#include "sandbox/launcher.hpp"

#include "base/log.hpp"
#include "sandbox/box.hpp"
#include "sandbox/cgroup.hpp"
#include "sandbox/container_handle.hpp"
#include "sandbox/event_loop.hpp"
#include "sandbox/helper.hpp"
#include "sandbox/seccomp.hpp"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <deque>
#include <filesystem>
#include <fstream>
#include <future>
#include <sstream>
#include <thread>

namespace coterie::sandbox {

namespace {

using namespace std::chrono_literals;

// Slots beyond those in use: a container may be made while an earlier one is still torn down.
constexpr std::uint32_t spare_slots = 4;
constexpr auto start_wait_max = 10s;  // for the helper to build its file tree
constexpr auto create_wait_max = 10s; // for one container; afterwards the helper is replaced
constexpr auto restart_wait_min = 50ms;
constexpr auto restart_wait_max = 5s;
constexpr auto group_wait = 5ms; // between tries to use or remove a busy group
constexpr int group_tries_max = 200;
// Launchers of one process take their user ids as if they were processes far apart.
constexpr int launcher_distance = 250'007;

std::string read_file(const char* path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// Everything below runs on the loop's thread, except construction and the public calls.
class engine final : public launcher {
public:
  explicit engine(launcher_settings settings) : settings_(std::move(settings)) {
    settings_.slots_max =
      std::clamp<std::uint32_t>(settings_.slots_max, 1, wire::slots_max - spare_slots);
    slots_.resize(settings_.slots_max + spare_slots);
  }

  ~engine() override {
    if (!thread_.joinable())
      return;
    shared_->loop.post([this] { stop(); }, true);
    thread_.join();
  }

  /// Starts the thread and waits until it knows whether programs can be run.
  result<void> begin() {
    if (!shared_->loop.is_usable())
      return system_failure("epoll_create1", errno);
    open_images();
    static std::atomic<std::uint32_t> launchers{0};
    const std::uint32_t number = ++launchers;
    groups_ = control_groups::detect(settings_.use_cgroups, number, host_.missing);
    host_.cgroups = groups_->mode();
    if (settings_.uid_base == 0)
      settings_.uid_base =
        pick_uid_base(::getpid() + static_cast<int>(number - 1) * launcher_distance,
                      static_cast<std::uint32_t>(slots_.size()), read_file("/proc/self/uid_map"));
    if (settings_.uid_base == 0 && ::geteuid() == 0) {
      // With id 0 a program would own what the server owns.
      host_.missing.emplace_back(
        "Programs cannot be run: this user namespace has no ids to spare.");
      is_first_start_ = false;
      trouble_ = host_.missing.back();
      thread_ = std::thread([this] { shared_->loop.run(); });
      return {};
    }
    auto filter = compile_syscall_filter();
    if (!filter)
      return filter.why();
    filter_ = std::move(*filter);
    auto first_start = first_start_.get_future();
    thread_ = std::thread([this] { serve(); });
    first_start.wait();
    return {};
  }

  void create(container_spec spec,
              std::function<void(result<std::unique_ptr<container>>)> done) override {
    const auto work = [this, spec = std::move(spec), done] {
      on_create({spec, done, group_tries_max});
    };
    if (!shared_->loop.post(work))
      done(failure{errc::unavailable, "the launcher has stopped or is overloaded"});
  }

  const host_status& host() const override {
    return host_;
  }

private:
  struct slot {
    std::optional<slot_group> group;
    std::shared_ptr<box> occupant;
    std::optional<event_loop::timer_id> deadline; ///< for making the occupant
    bool has_forker = false;                      ///< of the present helper
    bool is_free = true;
    bool is_handed_out = false; ///< counted in handles_
  };

  struct creation {
    container_spec spec;
    std::function<void(result<std::unique_ptr<container>>)> done;
    int tries_left;
  };

  void serve() {
    // Writing to a program that went away must not end the server.
    sigset_t all;
    sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
    ::pthread_setname_np(::pthread_self(), "sandbox");
    start_helper();
    shared_->loop.run();
  }

  void open_images() {
    if (settings_.image_root.empty())
      return;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(settings_.image_root, ignored)) {
      unique_fd directory{
        ::open(entry.path().c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
      if (!directory)
        continue;
      if (images_.size() == wire::images_max) {
        host_.missing.push_back("There are more than " + std::to_string(wire::images_max)
                                + " images; the rest is not offered.");
        return;
      }
      images_.push_back({entry.path().filename().string(), std::move(directory)});
    }
  }

  // --- the helper -------------------------------------------------------------------------------

  void start_helper() {
    auto started = spawn_helper(filter_.get());
    if (!started)
      return helper_failed(started.why().detail);
    helper_ = std::move(*started);
    wire::start start{.uid_base = settings_.uid_base,
                      .uid_count = static_cast<std::uint32_t>(slots_.size()),
                      .images = static_cast<std::uint32_t>(images_.size())};
    std::vector<int> directories;
    for (const auto& image : images_)
      directories.push_back(image.directory.get());
    wire::send(helper_.control.get(), start, directories); // an error shows as a closed socket
    shared_->loop.watch(helper_.control.get(), EPOLLIN, [this] { on_helper_frame(); });
    start_timer_ = shared_->loop.after(start_wait_max, [this] {
      start_timer_.reset();
      lose_helper("the sandbox helper does not answer");
    });
  }

  void on_helper_frame() {
    alignas(16) std::byte buffer[256];
    wire::packet frame;
    const auto got = wire::receive(helper_.control.get(), buffer, frame);
    if (got == wire::receive_status::nothing)
      return;
    if (got == wire::receive_status::closed)
      return lose_helper("sandbox helper lost");
    if (const auto failed = wire::read_as<wire::setup_failed>(frame.bytes))
      return lose_helper(explain(failed->why));
    const auto hello = wire::read_as<wire::hello>(frame.bytes);
    if (!hello)
      return;
    cancel_start_timer();
    is_ready_ = true;
    runs_as_user_ = hello->user_namespace != 0;
    restart_wait_ = restart_wait_min;
    if (is_first_start_) {
      host_.usable = true;
      host_.user_namespaces = runs_as_user_;
      if (runs_as_user_)
        host_.missing.emplace_back("The server is not root: programs run under its own user id, "
                                   "and only namespaces keep them apart.");
      finish_first_start();
    }
    next_creation();
  }

  static std::string explain(const wire::trouble& why) {
    return "the sandbox failed at " + system_failure(wire::to_string(why.at), why.error).detail;
  }

  void lose_helper(const std::string& why) {
    cancel_start_timer();
    is_ready_ = false;
    if (helper_.control)
      shared_->loop.forget(helper_.control.get());
    reap_helper(helper_);
    helper_ = {};
    for (auto& each : slots_) {
      each.has_forker = false;
      if (each.occupant)
        each.occupant->end(outcome::internal, why);
    }
    helper_failed(why);
  }

  void helper_failed(const std::string& why) {
    log::error("sandbox helper is away", {{"why", why}});
    trouble_ = why;
    if (is_first_start_) {
      // Nothing will get better by itself: the operator must act.
      host_.missing.insert(host_.missing.begin(), "Programs cannot be run: " + why + ".");
      finish_first_start();
      return;
    }
    for (auto& each : std::exchange(waiting_, {}))
      each.done(failure{errc::unavailable, why});
    if (!host_.usable)
      return;
    shared_->loop.after(restart_wait_, [this] { start_helper(); });
    restart_wait_ = std::min<std::chrono::milliseconds>(restart_wait_ * 2, restart_wait_max);
  }

  void finish_first_start() {
    is_first_start_ = false;
    first_start_.set_value();
  }

  void cancel_start_timer() {
    if (start_timer_)
      shared_->loop.cancel(*start_timer_);
    start_timer_.reset();
  }

  // --- containers -------------------------------------------------------------------------------

  void on_create(creation wanted) {
    if (is_stopping_)
      return wanted.done(failure{errc::shutting_down, "the launcher is stopping"});
    if (!is_ready_)
      return wanted.done(failure{errc::unavailable, trouble_});
    if (!find_image(wanted.spec.image))
      return wanted.done(
        failure{errc::unsupported, "there is no image \"" + wanted.spec.image + "\""});
    if (handles_ + waiting_.size() >= settings_.slots_max)
      return wanted.done(failure{errc::queue_full,
                                 "all " + std::to_string(settings_.slots_max) + " slots are used"});
    waiting_.push_back(std::move(wanted));
    next_creation();
  }

  /// 0 is the host's tree, then the images in order.
  std::optional<std::uint32_t> find_image(const std::string& name) const {
    if (name == "host")
      return 0;
    for (std::size_t i = 0; i < images_.size(); ++i)
      if (images_[i].name == name)
        return static_cast<std::uint32_t>(i + 1);
    return std::nullopt;
  }

  void next_creation() {
    while (is_ready_ && !waiting_.empty()) {
      const auto free =
        std::find_if(slots_.begin(), slots_.end(), [](const slot& each) { return each.is_free; });
      if (free == slots_.end())
        return; // release() calls again
      auto wanted = std::move(waiting_.front());
      waiting_.pop_front();
      make(*free, std::move(wanted));
    }
  }

  /// Prepares the slot's group; the memory of its last container may still be being freed.
  bool prepare_group(slot& in, unsigned index, const container_spec& spec) {
    if (groups_->mode() == cgroup_mode::none)
      return true;
    if (!in.group)
      in.group = groups_->open_slot(index);
    return in.group && in.group->apply(spec.memory_bytes, spec.processes, spec.cpus);
  }

  void make(slot& in, creation wanted) {
    const auto index = static_cast<unsigned>(&in - slots_.data());
    in.is_free = false;
    if (!prepare_group(in, index, wanted.spec)) {
      const int error = errno;
      if (wanted.tries_left-- <= 0) {
        in.is_free = true;
        return wanted.done(system_failure("setting up a control group", error));
      }
      // Counted as handed out meanwhile, so that slots_max holds.
      take(in);
      shared_->loop.after(group_wait, [this, &in, wanted = std::move(wanted)]() mutable {
        give_back(in);
        is_ready_ ? make(in, std::move(wanted))
                  : (in.is_free = true, wanted.done(failure{errc::unavailable, trouble_}));
      });
      return;
    }
    take(in);
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
      const int error = errno;
      release(in);
      return wanted.done(system_failure("socketpair", error));
    }
    unique_fd ours{ends[0]};
    const unique_fd theirs{ends[1]};
    ::fcntl(ours.get(), F_SETFL, O_NONBLOCK);
    if (const int error = order(in, index, wanted.spec, theirs.get())) {
      release(in);
      return wanted.done(system_failure("asking the sandbox helper", error));
    }
    occupy(in, index, std::move(ours), std::move(wanted));
  }

  void occupy(slot& in, unsigned index, unique_fd control, creation wanted) {
    const box_base base{.group = in.group ? &*in.group : nullptr,
                        .owner = runs_as_user_ ? -1 : static_cast<long>(settings_.uid_base + index),
                        .limits = {.memory_bytes = wanted.spec.memory_bytes,
                                   .processes = wanted.spec.processes,
                                   .cpus = wanted.spec.cpus}};
    in.occupant = std::make_shared<box>(
      shared_->loop, base, std::move(control),
      box::hooks{.on_ready = [this, &in, done = std::move(wanted.done)](
                               const result<void>& made) { on_made(in, made, done); },
                 .on_released = [this, &in] { give_back(in); },
                 .on_gone = [this, &in] { on_gone(in, group_tries_max); }});
    in.deadline = shared_->loop.after(create_wait_max, [this, &in] {
      in.deadline.reset();
      lose_helper("the sandbox helper does not make containers");
    });
    in.occupant->begin();
  }

  /// Sends the helper what it needs; 0 or an errno.
  int order(slot& in, unsigned index, const container_spec& spec, int control) {
    if (groups_->mode() == cgroup_mode::v1 && !in.has_forker) {
      if (const int error = wire::send(helper_.control.get(), wire::add_slot{.slot = index},
                                       in.group->join_files()))
        return error;
      in.has_forker = true;
    }
    std::vector<int> fds{control};
    if (in.group && in.group->directory() >= 0)
      fds.push_back(in.group->directory());
    return wire::send(helper_.control.get(),
                      wire::make_container{.slot = index,
                                           .image = *find_image(spec.image),
                                           .inodes = spec.inodes,
                                           .disk_bytes = spec.disk_bytes,
                                           .shows_system = spec.shows_system ? 1U : 0U},
                      fds);
  }

  void on_made(slot& in, const result<void>& made,
               const std::function<void(result<std::unique_ptr<container>>)>& done) {
    if (in.deadline)
      shared_->loop.cancel(*in.deadline);
    in.deadline.reset();
    if (made)
      return done(make_container_handle(shared_, in.occupant));
    done(made.why());
  }

  void on_gone(slot& in, int tries_left) {
    in.occupant.reset();
    if (groups_->mode() == cgroup_mode::v2 && in.group) {
      if (!groups_->remove(*in.group) && tries_left > 0) {
        shared_->loop.after(group_wait, [this, &in, tries_left] { on_gone(in, tries_left - 1); });
        return;
      }
      in.group.reset();
    }
    release(in);
  }

  void take(slot& in) {
    in.is_handed_out = true;
    ++handles_;
  }

  void give_back(slot& in) {
    if (std::exchange(in.is_handed_out, false))
      --handles_;
  }

  void release(slot& in) {
    give_back(in);
    in.is_free = true;
    if (is_stopping_)
      finish_stop();
    else
      next_creation();
  }

  // --- the end ----------------------------------------------------------------------------------

  void stop() {
    is_stopping_ = true;
    for (auto& each : std::exchange(waiting_, {}))
      each.done(failure{errc::shutting_down, "the launcher is stopping"});
    for (auto& each : slots_)
      if (each.occupant)
        each.occupant->end(outcome::internal, "the launcher is stopping");
    // A program that the kernel cannot end at once must not hold up the server for ever.
    shared_->loop.after(5s, [this] { leave(); });
    finish_stop();
  }

  void finish_stop() {
    if (std::none_of(slots_.begin(), slots_.end(),
                     [](const slot& each) { return each.occupant != nullptr; }))
      leave();
  }

  void leave() {
    if (helper_.control)
      shared_->loop.forget(helper_.control.get());
    reap_helper(helper_);
    helper_ = {};
    is_ready_ = false;
    for (auto& each : slots_)
      each.group.reset();
    groups_.reset();
    shared_->loop.stop();
  }

  struct image_source {
    std::string name;
    unique_fd directory;
  };

  launcher_settings settings_;
  host_status host_;
  std::vector<image_source> images_;
  std::unique_ptr<control_groups> groups_;
  unique_fd filter_;
  std::shared_ptr<shared_loop> shared_ = std::make_shared<shared_loop>();
  std::thread thread_;
  std::promise<void> first_start_;

  helper_process helper_;
  bool is_first_start_ = true;
  bool is_ready_ = false;
  bool is_stopping_ = false;
  bool runs_as_user_ = false;
  std::string trouble_;
  std::optional<event_loop::timer_id> start_timer_;
  std::chrono::milliseconds restart_wait_{restart_wait_min};
  std::vector<slot> slots_;
  std::size_t handles_ = 0;      ///< slots that are handed out or being made
  std::deque<creation> waiting_; ///< at most slots_max
};

} // namespace

result<std::unique_ptr<launcher>> launcher::start(const launcher_settings& settings) {
  auto made = std::make_unique<engine>(settings);
  if (auto begun = made->begin(); !begun)
    return begun.why();
  return std::unique_ptr<launcher>{std::move(made)};
}

} // namespace coterie::sandbox
