#pragma once

// For load balancers, people and Prometheus: /health, its details, and /metrics.

#include "net/api/context.hpp"
#include "net/router.hpp"

namespace coterie::net {

/// How long a health check waits for its answer: shorter than any prober does.
inline constexpr std::chrono::milliseconds health_timeout{2'000};

void add_health_api(router& routes, api_context_ptr context);

} // namespace coterie::net
