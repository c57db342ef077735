#include "actors/metrics.hpp"

#include <caf/all.hpp>
#include <caf/telemetry/collector/prometheus.hpp>
#include <caf/telemetry/importer/process.hpp>

#include <array>
#include <mutex>

namespace coterie::actors {

namespace {

namespace telemetry = caf::telemetry;

using counter_family = telemetry::metric_family_impl<telemetry::int_counter>;
using histogram_family = telemetry::metric_family_impl<telemetry::dbl_histogram>;

// Upper bounds in seconds. Requests: from a table look-up to a held `wait=true`.
constexpr std::array request_buckets{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                     0.1,    0.25,  0.5,    1.0,   2.5,  10.0,  60.0};
constexpr std::array start_buckets{0.0005, 0.001, 0.002, 0.003, 0.005, 0.01, 0.025, 0.1, 1.0};
constexpr std::array commit_buckets{0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.1, 1.0};

double seconds(std::chrono::microseconds took) {
  return std::chrono::duration<double>(took).count();
}

caf::string_view view(std::string_view text) {
  return {text.data(), text.size()};
}

} // namespace

struct metrics::parts {
  explicit parts(telemetry::metric_registry& known)
      : registry(known),
        process(known),
        http_requests(known.counter_family("http", "requests", {"method", "route", "status"},
                                           "HTTP requests answered", "1", true)),
        http_duration(known.histogram_family<double>(
          "http", "request-duration", {"method", "route"},
          caf::span<const double>{request_buckets.data(), request_buckets.size()},
          "From the complete request to the last byte handed to the kernel", "seconds")),
        http_connections(known.gauge_singleton("http", "connections-active", "Open connections")),
        websockets(known.gauge_singleton("websocket", "connections-active", "Open WebSockets")),
        queue_depth(known.gauge_singleton("coterie", "jobs-queued", "Jobs waiting for a slot")),
        running(known.gauge_singleton("coterie", "jobs-running", "Jobs that have a slot")),
        warm(known.gauge_singleton("coterie", "containers-warm", "Idle containers kept ready")),
        accepted(known.counter_family("coterie", "jobs-accepted", {"language"},
                                      "Jobs stored and queued", "1", true)),
        ended(known.counter_family("coterie", "jobs-ended", {"language", "status"},
                                   "Jobs that reached a final status", "1", true)),
        sandbox_start(known.histogram_singleton<double>(
          "coterie", "sandbox-start", {start_buckets.data(), start_buckets.size()},
          "From asking for a container to having it ready for a program", "seconds")),
        commits(known.histogram_singleton<double>("coterie", "storage-commit",
                                                  {commit_buckets.data(), commit_buckets.size()},
                                                  "Duration of a group commit", "seconds")),
        commit_tasks(known.counter_singleton("coterie", "storage-tasks",
                                             "Tasks that the store has committed", "1", true)),
        rooms(known.gauge_singleton("coterie", "rooms-awake", "Rooms in memory")),
        participants(known.gauge_singleton("coterie", "participants", "Participants in rooms")),
        updates(known.counter_family("coterie", "document-updates", {"outcome"},
                                     "Updates that clients sent to room documents", "1", true)),
        updates_integrated(updates->get_or_add({{"outcome", "integrated"}})),
        updates_refused(updates->get_or_add({{"outcome", "refused"}})) {
    collector.min_scrape_interval(caf::timespan{0});
  }

  telemetry::metric_registry& registry;
  std::mutex scraping; // guards `process` and `collector`
  telemetry::importer::process process;
  telemetry::collector::prometheus collector;
  counter_family* http_requests;
  histogram_family* http_duration;
  telemetry::int_gauge* http_connections;
  telemetry::int_gauge* websockets;
  telemetry::int_gauge* queue_depth;
  telemetry::int_gauge* running;
  telemetry::int_gauge* warm;
  counter_family* accepted;
  counter_family* ended;
  telemetry::dbl_histogram* sandbox_start;
  telemetry::dbl_histogram* commits;
  telemetry::int_counter* commit_tasks;
  telemetry::int_gauge* rooms;
  telemetry::int_gauge* participants;
  counter_family* updates;
  telemetry::int_counter* updates_integrated;
  telemetry::int_counter* updates_refused;
};

metrics::metrics(caf::actor_system& system) : parts_(std::make_unique<parts>(system.metrics())) {}

metrics::~metrics() = default;

void metrics::on_http_request(std::string_view verb, std::string_view route, unsigned status,
                              std::chrono::microseconds took) {
  const auto code = std::to_string(status);
  parts_->http_requests
    ->get_or_add({{"method", view(verb)}, {"route", view(route)}, {"status", view(code)}})
    ->inc();
  parts_->http_duration->get_or_add({{"method", view(verb)}, {"route", view(route)}})
    ->observe(seconds(took));
}

void metrics::set_http_connections(std::int64_t open) {
  parts_->http_connections->value(open);
}

void metrics::set_websocket_connections(std::int64_t open) {
  parts_->websockets->value(open);
}

void metrics::set_queue_depth(std::int64_t queued) {
  parts_->queue_depth->value(queued);
}

void metrics::set_jobs_running(std::int64_t running) {
  parts_->running->value(running);
}

void metrics::set_warm_containers(std::int64_t warm) {
  parts_->warm->value(warm);
}

void metrics::on_job_accepted(std::string_view language) {
  parts_->accepted->get_or_add({{"language", view(language)}})->inc();
}

void metrics::on_job_ended(std::string_view language, storage::job_status status) {
  parts_->ended
    ->get_or_add({{"language", view(language)}, {"status", view(storage::to_string(status))}})
    ->inc();
}

void metrics::on_sandbox_start(std::chrono::microseconds took) {
  parts_->sandbox_start->observe(seconds(took));
}

void metrics::on_commit(std::size_t tasks, std::chrono::microseconds took) {
  parts_->commits->observe(seconds(took));
  parts_->commit_tasks->inc(static_cast<std::int64_t>(tasks));
}

void metrics::set_rooms_awake(std::int64_t rooms) {
  parts_->rooms->value(rooms);
}

void metrics::add_participants(std::int64_t change) {
  parts_->participants->inc(change);
}

void metrics::on_document_updates(std::uint64_t integrated, std::uint64_t refused) {
  if (integrated != 0)
    parts_->updates_integrated->inc(static_cast<std::int64_t>(integrated));
  if (refused != 0)
    parts_->updates_refused->inc(static_cast<std::int64_t>(refused));
}

std::string metrics::prometheus_text() {
  const std::lock_guard guard(parts_->scraping);
  parts_->process.update();
  const auto text = parts_->collector.collect_from(parts_->registry);
  return {text.data(), text.size()};
}

} // namespace coterie::actors
