#pragma once

// /api/v1/runs and /api/v1/rooms/{id}/runs: starting, watching and cancelling programs.
// Contract: docs/api.md.

#include "actors/run.hpp"
#include "net/api/context.hpp"
#include "net/router.hpp"

#include <boost/json/object.hpp>

#include <chrono>

namespace coterie::net {

struct runs_api_bounds {
  /// 8 MiB of files (actors::run_bounds) as base64, and the rest of the request.
  static constexpr std::size_t body_bytes_max = 12U << 20;
  /// How long `?wait=true` holds a request; then 202, and the client polls.
  static constexpr std::chrono::milliseconds wait_max{60'000};
};

/// The run as clients see it; what came of it only when it is over.
boost::json::object run_json(const actors::job_view& run);

void add_runs_api(router& routes, api_context_ptr context);

} // namespace coterie::net
