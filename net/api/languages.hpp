#pragma once

// What can be run here, and in which version.

#include "net/api/context.hpp"
#include "net/json.hpp"
#include "net/router.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace coterie::net {

/// The languages that this server offers: those whose toolchain answered a probe after the
/// start. Thread-safe.
class language_catalog {
public:
  /// Offers `name` (canonical) in this version, one line for people.
  void set(std::string_view name, std::string_view version);

  /// All probes are done; from now on what was not set is not offered.
  void set_ready();
  bool is_ready() const;

  /// The version, or nothing when it is not offered (yet).
  std::optional<std::string> version_of(std::string_view name) const;

  /// Nothing is offered: this host cannot run programs, but it still keeps rooms.
  bool is_empty() const;

private:
  mutable std::mutex mutex_;
  std::map<std::string, std::string, std::less<>> versions_;
  bool ready_ = false;
};

/// How long a request waits for the probes of a server that has just started.
inline constexpr std::chrono::milliseconds catalog_wait_max{5'000};

/// Calls `then` once the catalog is ready or catalog_wait_max is over: at once on this thread, or
/// later on an actor thread.
void when_languages_are_known(const api_context_ptr& context, std::function<void()> then);

/// The language of that name or alias if it is offered, or if nothing is (then the refusal comes
/// when something shall run). Else adds a complaint that lists what is offered.
const config::language* find_offered(const api_context& context, std::string_view name,
                                     const field_reader& fields, std::string_view field);

/// Limits in the units of the wire: {"wall_ms", "cpu_ms", "memory_mb", ...}.
boost::json::object limits_json(const config::limits& limits);

/// GET /api/v1/languages
void add_languages_api(router& routes, api_context_ptr context);

} // namespace coterie::net
