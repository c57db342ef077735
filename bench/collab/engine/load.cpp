#include "load.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace yload {

namespace {

/// Writers in a ring, evenly spread over one period in random order.
class pacer {
public:
  pacer(std::vector<member*> writers, double rate, std::mt19937_64& random)
      : writers_(std::move(writers)), start_(now()) {
    std::ranges::shuffle(writers_, random);
    if (rate > 0 && !writers_.empty())
      step_ = 1e9 / rate / static_cast<double>(writers_.size());
  }

  instant start() const {
    return start_;
  }

  /// Has everybody write whose turn it is (not too many at once, so that somebody reads, too);
  /// answers when the next turn is.
  instant write(const span_of_time& measured, histogram& lateness) {
    if (step_ == 0)
      return instant::max();
    const auto at = now();
    for (int i = 0; i < turns_at_once_max && due() <= at; ++i, ++turn_) {
      auto& writer = *writers_[turn_ % writers_.size()];
      if (!writer.is_ready())
        continue;
      writer.write();
      if (at >= measured.start)
        lateness.add(at - due());
    }
    return due();
  }

private:
  static constexpr int turns_at_once_max = 256;

  instant due() const {
    return start_ + nanoseconds{std::llround(static_cast<double>(turn_) * step_)};
  }

  std::vector<member*> writers_;
  instant start_;
  double step_ = 0; ///< nanoseconds from one turn to the next
  std::uint64_t turn_ = 0;
};

/// What has been used of the CPUs until now.
struct cpu_reading {
  explicit cpu_reading(const options& wanted)
      : server(read_processes(wanted.processes)),
        machine_seconds(read_machine_cpu()),
        own_seconds(read_own_cpu()) {}

  process_figures server;
  double machine_seconds;
  double own_seconds;
};

void settle(crowd& everybody) {
  const auto end = now() + std::chrono::milliseconds{200};
  while (now() < end)
    everybody.poll(end);
}

/// Writes until `end`.
void write_until(instant end, pacer& pace, crowd& everybody, histogram& lateness) {
  while (now() < end)
    everybody.poll(std::min(pace.write(everybody.counts().measured, lateness), end));
}

void drain(const options& wanted, crowd& everybody, std::uint64_t expected) {
  const auto end = now() + from_seconds(wanted.drain_seconds);
  while (now() < end && everybody.counts().arrived < expected)
    everybody.poll(std::min(end, now() + std::chrono::milliseconds{10}));
}

void note_cpu(run_figures& found, const cpu_reading& before, const cpu_reading& after) {
  found.start = before.server;
  found.end = after.server;
  found.server_cpu_seconds = after.server.cpu_seconds - before.server.cpu_seconds;
  found.generator_cpu_seconds = after.own_seconds - before.own_seconds;
  const auto all = after.machine_seconds - before.machine_seconds;
  found.foreign_cpu_seconds =
    std::max(0.0, all - found.server_cpu_seconds - found.generator_cpu_seconds);
}

} // namespace

run_figures run_load(const options& wanted, crowd& everybody, std::mt19937_64& random) {
  run_figures found;
  auto& counts = everybody.counts();
  const auto connect_start = now();
  everybody.connect_all();
  found.connect_seconds = to_seconds(now() - connect_start);
  found.connected = counts.ready;
  if (found.connected == 0)
    throw std::runtime_error("no connection became ready");
  settle(everybody);

  pacer pace{everybody.writers(), wanted.rate, random};
  auto& measured = counts.measured;
  measured.start = pace.start() + from_seconds(wanted.warmup_seconds);
  measured.end = measured.start + from_seconds(wanted.seconds);
  write_until(measured.start, pace, everybody, found.lateness);
  const cpu_reading before{wanted};
  write_until(measured.end, pace, everybody, found.lateness);
  note_cpu(found, before, cpu_reading{wanted});

  found.expected = everybody.expected();
  drain(wanted, everybody, found.expected);
  found.drained = read_processes(wanted.processes);
  return found;
}

} // namespace yload
