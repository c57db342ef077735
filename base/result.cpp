#include "base/result.hpp"

#include <system_error>

namespace coterie {

std::string_view to_string(errc code) noexcept {
  switch (code) {
  case errc::invalid_argument:
    return "invalid_argument";
  case errc::unauthorized:
    return "unauthorized";
  case errc::token_expired:
    return "token_expired";
  case errc::invalid_token:
    return "invalid_token";
  case errc::forbidden:
    return "forbidden";
  case errc::not_found:
    return "not_found";
  case errc::conflict:
    return "conflict";
  case errc::version_mismatch:
    return "version_mismatch";
  case errc::too_large:
    return "too_large";
  case errc::unsupported:
    return "unsupported";
  case errc::rate_limited:
    return "rate_limited";
  case errc::queue_full:
    return "queue_full";
  case errc::inactive:
    return "inactive";
  case errc::stale_epoch:
    return "stale_epoch";
  case errc::lease_held:
    return "lease_held";
  case errc::timeout:
    return "timeout";
  case errc::unavailable:
    return "unavailable";
  case errc::shutting_down:
    return "shutting_down";
  case errc::newer_schema:
    return "newer_schema";
  case errc::already_running:
    return "already_running";
  case errc::system:
    return "system";
  case errc::internal:
    return "internal";
  }
  return "internal";
}

failure system_failure(std::string_view what, int error_number) {
  return failure{errc::system,
                 std::string(what) + ": " + std::generic_category().message(error_number)};
}

} // namespace coterie
