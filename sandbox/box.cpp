#include "sandbox/box.hpp"

#include "sandbox/beneath.hpp"
#include "sandbox/environment.hpp"
#include "sandbox/layout.hpp"
#include "sandbox/process_tree.hpp"
#include "sandbox/workdir.hpp"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/syscall.h>

#include <algorithm>
#include <csignal>

namespace coterie::sandbox {

namespace {

using namespace std::chrono_literals;
using std::chrono::microseconds;

// Least time between two looks at the used processor time.
constexpr auto check_wait_min = 5ms;
// Without a memory group every look is also the enforcement, so they must be frequent.
constexpr auto watch_wait_max = 20ms;
// The same for terminals, which live for hours.
constexpr auto terminals_watch_wait = 250ms;
// How long pid 1 may take to end a program before it is ended itself, and all with it.
constexpr auto force_wait = 300ms;
constexpr std::uint64_t stack_bytes = 64U << 20;
// RLIMIT_DATA counts thread stacks: without groups they must be small.
constexpr std::uint64_t watched_stack_bytes = 8U << 20;
constexpr std::uint64_t watched_data_extra_bytes = 256U << 20;
constexpr std::uint64_t shared_id_factor = 4;

std::uint64_t whole_seconds(std::chrono::milliseconds time) {
  return static_cast<std::uint64_t>(std::chrono::ceil<std::chrono::seconds>(time).count());
}

/// What the kernel is to keep of a container's limits where no group does.
void add_watched_limits(wire::process_limits& to, const container_limits& of, bool has_own_id) {
  to.stack_bytes = watched_stack_bytes;
  to.data_bytes = 2 * of.memory_bytes + watched_data_extra_bytes;
  // RLIMIT_NPROC counts per user: with the server's id, all containers together.
  to.processes = has_own_id ? of.processes : shared_id_factor * of.processes;
}

wire::run_program make_head(const command& what, const box_base& base) {
  const auto& limits = what.limits;
  wire::run_program head;
  head.no_input = what.stdin_bytes.empty() && !what.keep_stdin_open ? 1 : 0;
  head.limits.open_files = limits.open_files;
  head.limits.file_bytes = limits.file_bytes;
  head.limits.cpu_seconds = whole_seconds(limits.cpu) + 1;
  head.limits.stack_bytes = stack_bytes;
  if (!base.group)
    add_watched_limits(head.limits, {limits.memory_bytes, limits.processes, limits.cpus},
                       base.owner >= 0);
  return head;
}

report refused(std::string detail, bool has_ended = false) {
  report answer;
  answer.how = outcome::internal;
  answer.never_began = has_ended;
  answer.detail = std::move(detail);
  return answer;
}

} // namespace

box::box(event_loop& loop, box_base base, unique_fd control, hooks tell)
    : loop_(loop),
      base_(base),
      control_(std::move(control)),
      tell_(std::move(tell)),
      terminals_(loop, control_) {}

box::~box() = default;

void box::begin() {
  loop_.watch(control_.get(), EPOLLIN, [self = shared_from_this()] { self->on_frame(); });
}

bool box::on_frame() {
  alignas(16) std::byte buffer[256]; // pid 1 sends small frames only
  wire::packet frame;
  switch (wire::receive(control_.get(), buffer, frame)) {
  case wire::receive_status::nothing:
    return false;
  case wire::receive_status::closed:
    if (program_)
      program_->was_left_unread = frame.left_unread;
    on_control_closed();
    return false;
  case wire::receive_status::frame:
    break;
  }
  if (const auto born = wire::read_as<wire::born>(frame.bytes); born && !pidfd_ && frame.fd_count) {
    pid_ = born->pid;
    pidfd_ = std::move(frame.fds[0]);
    loop_.watch(pidfd_.get(), EPOLLIN, [self = shared_from_this()] { self->on_gone(); });
    if (state_ == state::ending)
      signal_pid_one();
  } else if (wire::read_as<wire::ready>(frame.bytes) && frame.fd_count) {
    take_place(frame.fds[0]);
  } else if (const auto failed = wire::read_as<wire::setup_failed>(frame.bytes)) {
    fail_making(system_failure(wire::to_string(failed->why.at), failed->why.error).detail);
  } else if (const auto done = wire::read_as<wire::finished>(frame.bytes)) {
    on_finished(*done);
  } else {
    terminals_.take(frame);
  }
  // The forker's and pid 1's frames come in either order.
  if (state_ == state::making && pidfd_ && place_) {
    state_ = state::idle;
    tell_.on_ready({});
  }
  return true;
}

void box::on_control_closed() {
  loop_.forget(control_.get());
  control_.reset();
  if (pidfd_) {
    signal_pid_one(); // if it is not on its way already; on_gone() has the rest
    return;
  }
  fail_making("the container ended while it was made");
  on_gone();
}

void box::fail_making(std::string why) {
  if (state_ != state::making)
    return;
  state_ = state::ending;
  tell_.on_ready(failure{errc::unavailable, std::move(why)});
}

void box::on_gone() {
  if (state_ == state::gone)
    return;
  const auto self = shared_from_this();
  if (pidfd_)
    loop_.forget(pidfd_.get());
  if (control_) {
    while (on_frame()) { // reports may have come just before the end
    }
    if (control_)
      loop_.forget(control_.get());
    control_.reset();
  }
  fail_making("the container ended while it was made");
  state_ = state::ending;
  if (program_) {
    report none;
    // What was not read may also be a kill_all, which `internal` never sends.
    const auto why = program_->killed.value_or(outcome::internal);
    none.never_began = program_->was_left_unread && why == outcome::internal;
    finish({.killed = program_->killed, .reported = false}, std::move(none));
  }
  terminals_.lose("the container has ended");
  terminals_.clear();
  state_ = state::gone;
  pidfd_.reset();
  if (terminals_timer_)
    loop_.cancel(*std::exchange(terminals_timer_, std::nullopt));
  if (watch_)
    watch_->finish();
  watch_.reset();
  place_.reset(); // frees the work directory's memory, unless somebody has the tree open
  tell_.on_gone();
}

void box::signal_pid_one() {
  // The kernel ends everything in the pid namespace with its pid 1, at once.
  if (pidfd_)
    ::syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGKILL, nullptr, 0);
}

void box::take_place(const unique_fd& work) {
  tree_place place{open_beneath(work.get(), layout::work_tree, O_PATH | O_DIRECTORY),
                   open_beneath(work.get(), layout::work_incoming, O_PATH | O_DIRECTORY),
                   base_.owner};
  if (place.top && place.incoming)
    place_ = std::make_shared<const tree_place>(std::move(place));
  else
    fail_making("its work directory cannot be opened");
}

void box::watch(std::shared_ptr<const ignore_rules> ignored,
                std::function<void(tree_changes)> on_changes) {
  auto place = place_ ? place_->duplicate() : failure{errc::inactive, "the container has ended"};
  if (!place)
    return on_changes(nothing_more());
  watch_ = std::make_unique<tree_watch>(
    loop_, std::move(place->top),
    tree_watch::settings{.ignored = std::move(ignored),
                         .on_changes = std::move(on_changes),
                         .is_active = [this] { return was_active(); }});
  watch_->begin();
}

void box::changes_handled() {
  if (watch_)
    watch_->handled();
}

/// Whether a program may have done something since the last call.
bool box::was_active() {
  const bool has_run = std::exchange(has_run_, program_ != nullptr) || program_;
  if (!base_.group || !base_.group->counts_cpu())
    return has_run;
  const auto used = base_.group->read().cpu_microseconds;
  return std::exchange(active_cpu_us_, used) != used;
}

void box::put(const std::vector<input_file>& files, const std::function<void(result<void>)>& done) {
  if (!place_)
    return done(failure{errc::inactive, "the container has ended"});
  for (const auto& file : files)
    if (auto written = write_file(place_->top.get(), file, base_.owner); !written)
      return done(std::move(written));
  done({});
}

void box::run(command what, run_events events) {
  if (state_ == state::running)
    return events.on_exit(refused("a program is running already"));
  if (state_ != state::idle || !control_)
    return events.on_exit(refused("the container has ended", true));
  if (!terminals_.is_empty())
    return events.on_exit(refused("the container has terminals"));
  program_ = std::make_unique<running_program>();
  program_->what = std::move(what);
  program_->events = std::move(events);
  state_ = state::running;
  has_run_ = true;
  if (auto started = start_program(); !started) {
    const auto failed = std::move(program_);
    state_ = state::idle;
    failed->events.on_exit(refused(started.why().detail, started.why().code == errc::inactive));
  }
}

void box::open_terminal(const std::shared_ptr<terminal_session>& wanted,
                        const terminal_command& what) {
  if (state_ == state::running)
    return wanted->refuse({errc::conflict, "a program is running in the container"});
  if (state_ != state::idle)
    return wanted->refuse({errc::inactive, "the container has ended"});
  const auto& limits = base_.limits;
  // A program that ran before may have had others.
  if (base_.group && !base_.group->apply(limits.memory_bytes, limits.processes, limits.cpus))
    return wanted->refuse(
      {errc::unavailable, system_failure("setting the limits of the control group", errno).detail});
  wire::process_limits own{
    .open_files = what.open_files, .file_bytes = what.file_bytes, .stack_bytes = stack_bytes};
  if (!base_.group)
    add_watched_limits(own, limits, base_.owner >= 0);
  terminals_.open(wanted, what, own);
  if (!base_.group)
    watch_terminals();
}

void box::watch_terminals() {
  if (terminals_timer_ || terminals_.is_empty())
    return;
  terminals_timer_ = loop_.after(terminals_watch_wait, [this] {
    terminals_timer_.reset();
    if (control_ && measure_tree(pid_).rss_bytes > base_.limits.memory_bytes)
      wire::send(control_.get(), wire::kill_all{});
    watch_terminals();
  });
}

result<void> box::start_program() {
  auto& now = *program_;
  const auto& limits = now.what.limits;
  const auto frame =
    wire::encode_command(make_head(now.what, base_), now.what.argv, make_environment(now.what.env));
  if (!frame)
    return failure{errc::invalid_argument, "the program's arguments are empty, malformed or longer "
                                           "than 128 KiB together"};
  if (base_.group) {
    if (!base_.group->apply(limits.memory_bytes, limits.processes, limits.cpus))
      return system_failure("setting the limits of the control group", errno);
    base_.group->reset_peak();
    now.before = base_.group->read();
  }
  now.io = std::make_unique<program_io>(
    loop_,
    program_io::settings{.output_bytes_max = limits.output_bytes,
                         .truncate = now.what.truncate_output,
                         .on_output = now.events.on_output,
                         .on_overflow = [this] { kill(outcome::output_limit); }},
    gauge_);
  const bool with_input = !now.what.stdin_bytes.empty() || now.what.keep_stdin_open;
  if (auto opened = now.io->open(with_input); !opened)
    return opened;
  now.started = event_loop::clock::now();
  if (const int error = wire::send_bytes(control_.get(), *frame, now.io->program_ends())) {
    auto why = system_failure("handing the program to its container", error);
    why.code = errc::inactive;
    return why;
  }
  now.io->feed(std::move(now.what.stdin_bytes), false);
  if (!now.what.keep_stdin_open)
    now.io->close_input();
  now.wall_timer = loop_.after(limits.wall, [this] { kill(outcome::wall_time); });
  arm_check();
  now.io->begin();
  return {};
}

void box::feed(std::string bytes) {
  if (program_)
    program_->io->feed(std::move(bytes), true);
  else
    gauge_->fetch_sub(bytes.size());
}

void box::close_input() {
  if (program_)
    program_->io->close_input();
}

void box::kill(outcome why) {
  if (!program_ || program_->killed)
    return;
  program_->killed = why;
  if (!control_ || wire::send(control_.get(), wire::kill_all{}) != 0) {
    signal_pid_one();
    return;
  }
  program_->force_timer = loop_.after(force_wait, [this] {
    program_->force_timer.reset();
    signal_pid_one();
  });
}

void box::end(outcome why, const std::string& detail) {
  if (state_ == state::gone)
    return;
  if (program_ && !program_->killed) {
    program_->killed = why;
    program_->detail = detail;
  }
  terminals_.lose(detail.empty() ? "the container was ended" : detail);
  fail_making("the container was ended while it was made");
  if (state_ != state::running)
    state_ = state::ending;
  signal_pid_one();
}

void box::release() {
  tell_.on_released();
  end(outcome::cancelled, {});
}

void box::arm_check() {
  auto& now = *program_;
  const auto used = microseconds(measure_cpu());
  const auto left = std::max<microseconds>(now.what.limits.cpu - used, 0us);
  // Half of what is left, less where several processors can use it up at once.
  const auto share = std::max(2.0, 2 * now.what.limits.cpus);
  auto wait = std::chrono::duration_cast<event_loop::clock::duration>(left / share);
  wait = std::max<event_loop::clock::duration>(wait, check_wait_min);
  if (!base_.group)
    wait = std::min<event_loop::clock::duration>(wait, watch_wait_max);
  now.check_timer = loop_.after(wait, [this] { check_usage(); });
}

void box::check_usage() {
  auto& now = *program_;
  if (microseconds(measure_cpu()) >= now.what.limits.cpu)
    kill(outcome::cpu_time);
  else if (!base_.group && now.watched_rss_bytes > now.what.limits.memory_bytes)
    kill(outcome::memory);
  arm_check();
}

std::uint64_t box::measure_cpu() {
  auto& now = *program_;
  if (base_.group && base_.group->counts_cpu())
    return base_.group->read().cpu_microseconds - now.before.cpu_microseconds;
  const auto usage = measure_tree(pid_);
  // A process that ends between two looks leaves the sum: keep the largest.
  now.watched_cpu_us = std::max(now.watched_cpu_us, usage.cpu_microseconds);
  now.watched_rss_bytes = usage.rss_bytes;
  return now.watched_cpu_us;
}

void box::on_finished(const wire::finished& done) {
  if (!program_)
    return;
  report so_far;
  so_far.cpu = microseconds(done.cpu_microseconds);
  so_far.memory_peak_bytes = done.rss_bytes_max;
  if (done.why)
    so_far.detail =
      system_failure(program_->what.argv[0] + ": " + std::string(wire::to_string(done.why.at)),
                     done.why.error)
        .detail;
  finish({.started = !done.why, .killed = program_->killed, .wait_status = done.wait_status},
         std::move(so_far));
}

void box::finish(const ending& facts, report answer) {
  auto& now = *program_;
  answer.wall = std::chrono::duration_cast<microseconds>(event_loop::clock::now() - now.started);
  ending all = facts;
  if (base_.group) {
    const auto after = base_.group->read();
    all.out_of_memory = after.oom_kills > now.before.oom_kills;
    answer.memory_peak_bytes = std::max(answer.memory_peak_bytes, after.memory_peak_bytes);
    if (base_.group->counts_cpu())
      answer.cpu = microseconds(after.cpu_microseconds - now.before.cpu_microseconds);
  }
  answer.cpu = std::max(answer.cpu, microseconds(now.watched_cpu_us));
  all.cpu_used_up = answer.cpu >= now.what.limits.cpu;
  now.io->drain();
  all.killed = now.killed; // draining may have found too much output
  decide(all, answer);
  answer.stdout_truncated = now.io->is_truncated(stream::out);
  answer.stderr_truncated = now.io->is_truncated(stream::err);
  if (answer.how == outcome::internal && answer.detail.empty())
    answer.detail = now.detail.empty() ? "the container ended without a report" : now.detail;
  loop_.cancel(now.wall_timer);
  loop_.cancel(now.check_timer);
  if (now.force_timer)
    loop_.cancel(*now.force_timer);
  const auto ended = std::move(program_);
  if (state_ == state::running)
    state_ = state::idle;
  ended->io.reset();
  if (ended->events.on_exit)
    ended->events.on_exit(answer);
}

} // namespace coterie::sandbox
