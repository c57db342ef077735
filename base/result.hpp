#pragma once

// How a function below the actors says that it could not do its work: a value, or a failure
// with a code and one sentence. (The standard library of our compiler has no std::expected.)

#include <cassert>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace coterie {

/// Why something failed. The comment of each code says how it arises and whose it is. Numbers
/// start at 1: to CAF an error whose code is 0 is no error.
enum class errc : std::uint8_t {
  invalid_argument = 1, ///< client: the request is malformed or breaks a documented limit
  unauthorized,         ///< client: who is asking is unknown
  token_expired,        ///< client: the access token is past its time; refresh it
  invalid_token,        ///< client: the token is malformed, not ours, revoked or used up
  forbidden,            ///< client: known, but not allowed to do this
  not_found,            ///< client: no such room, file, job or route
  conflict,             ///< client: the state of the thing does not allow this now
  version_mismatch,     ///< client: If-Match named another version than the stored one
  too_large,            ///< client: more bytes or entries than the limit of this input
  unsupported,          ///< client: media type, language or feature that is not offered
  rate_limited,         ///< client: too often; try again later
  queue_full,           ///< ours: a bounded queue is full; try again later
  inactive,             ///< client: the room or session is closed
  stale_epoch,          ///< ours: a write came from a lease that another node has taken over
  lease_held,           ///< ours: another live node owns the room
  timeout,              ///< dependency: no answer in time
  unavailable,          ///< dependency: database, launcher or node is away; retry with back-off
  shutting_down,        ///< ours: the server is stopping
  newer_schema,         ///< operator: the database was written by a newer version
  already_running,      ///< operator: another server uses this data directory
  system,               ///< dependency: a system call failed; the detail names it
  internal,             ///< ours: a defect
};

/// The snake_case name of a code: what API errors carry in "code" and log lines in `errc`.
std::string_view to_string(errc code) noexcept;

/// A code and one sentence for the person who reads it; never holds secrets or host paths of
/// other users.
struct failure {
  errc code = errc::internal;
  std::string detail;
  /// When trying again may help; nothing: whatever is usual for the code.
  std::optional<std::chrono::milliseconds> retry_after{};

  friend bool operator==(const failure&, const failure&) = default;
};

/// A failure that names a system call and its errno.
failure system_failure(std::string_view what, int error_number);

/// A value of type T, or the failure that prevented it.
template <class T>
class [[nodiscard]] result {
public:
  result(T value) : content_(std::in_place_index<0>, std::move(value)) {}
  result(failure why) : content_(std::in_place_index<1>, std::move(why)) {}
  result(errc code, std::string detail)
      : content_(std::in_place_index<1>, failure{code, std::move(detail), {}}) {}

  bool has_value() const noexcept {
    return content_.index() == 0;
  }
  explicit operator bool() const noexcept {
    return has_value();
  }

  T& value() & {
    assert(has_value());
    return *std::get_if<0>(&content_);
  }
  const T& value() const& {
    assert(has_value());
    return *std::get_if<0>(&content_);
  }
  T&& value() && {
    assert(has_value());
    return std::move(*std::get_if<0>(&content_));
  }
  T& operator*() & {
    return value();
  }
  const T& operator*() const& {
    return value();
  }
  T&& operator*() && {
    return std::move(*this).value();
  }
  T* operator->() {
    return &value();
  }
  const T* operator->() const {
    return &value();
  }

  const failure& why() const& {
    assert(!has_value());
    return *std::get_if<1>(&content_);
  }
  failure&& why() && {
    assert(!has_value());
    return std::move(*std::get_if<1>(&content_));
  }

private:
  std::variant<T, failure> content_;
};

/// Success without a value, or a failure.
template <>
class [[nodiscard]] result<void> {
public:
  result() = default;
  result(failure why) : failed_(true), why_(std::move(why)) {}
  result(errc code, std::string detail) : failed_(true), why_{code, std::move(detail), {}} {}

  bool has_value() const noexcept {
    return !failed_;
  }
  explicit operator bool() const noexcept {
    return has_value();
  }
  const failure& why() const& {
    assert(failed_);
    return why_;
  }
  failure&& why() && {
    assert(failed_);
    return std::move(why_);
  }

private:
  bool failed_ = false;
  failure why_;
};

} // namespace coterie
