#pragma once

// Counters and histograms of this server in CAF's metric registry; /metrics prints them.

#include "storage/records.hpp"

#include <caf/fwd.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace coterie::actors {

/// Thread-safe; every call is a few atomics. Names and labels are documented in docs/metrics.md.
class metrics {
public:
  explicit metrics(caf::actor_system& system);
  ~metrics();
  metrics(const metrics&) = delete;
  metrics& operator=(const metrics&) = delete;

  void on_http_request(std::string_view verb, std::string_view route, unsigned status,
                       std::chrono::microseconds took);
  void set_http_connections(std::int64_t open);
  void set_websocket_connections(std::int64_t open);
  void set_queue_depth(std::int64_t queued);
  void set_jobs_running(std::int64_t running);
  void set_warm_containers(std::int64_t warm);
  void on_job_accepted(std::string_view language);
  void on_job_ended(std::string_view language, storage::job_status status);
  /// From "give me a container" to "the program may start".
  void on_sandbox_start(std::chrono::microseconds took);
  void on_commit(std::size_t tasks, std::chrono::microseconds took);
  void set_rooms_awake(std::int64_t rooms);
  void add_participants(std::int64_t change); ///< +1 joined, -1 left
  /// Updates of room documents: those with something new in them, and those turned down.
  void on_document_updates(std::uint64_t integrated, std::uint64_t refused);

  /// Prometheus text exposition format 0.0.4 of the whole registry, process metrics included.
  std::string prometheus_text();

private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

} // namespace coterie::actors
