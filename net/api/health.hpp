#pragma once

// For load balancers, people and Prometheus: /health, its details, and /metrics.

#include "net/api/context.hpp"
#include "net/router.hpp"

#include <functional>

namespace coterie::net {

/// How long a health check waits for its answer: shorter than any prober does.
inline constexpr std::chrono::milliseconds health_timeout{2'000};

/// /health/db, /health/queue, /health/docker and /metrics.
void add_health_parts(router& routes, const api_context_ptr& context);
/// The same and /health.
void add_health_api(router& routes, const api_context_ptr& context);

/// Whether this server works, for a dialect that words that itself; `done` is called once.
void ask_health(const api_context_ptr& context, std::function<void(bool is_healthy)> done);

} // namespace coterie::net
