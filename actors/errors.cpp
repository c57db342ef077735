#include "actors/errors.hpp"

#include <caf/exit_reason.hpp>
#include <caf/make_message.hpp>
#include <caf/sec.hpp>

namespace coterie::actors {

caf::error to_error(const failure& why) {
  if (why.retry_after)
    return caf::make_error(why.code, why.detail, std::int64_t{why.retry_after->count()});
  return caf::make_error(why.code, why.detail);
}

namespace {

/// The sentence that to_error stored, else whatever CAF says about its own error.
std::string detail_of(const caf::error& why) {
  const auto context = why.context();
  if (context.match_elements<std::string>() || context.match_elements<std::string, std::int64_t>())
    return context.get_as<std::string>(0);
  return caf::to_string(why);
}

std::optional<std::chrono::milliseconds> retry_after_of(const caf::error& why) {
  if (const auto context = why.context(); context.match_elements<std::string, std::int64_t>())
    return std::chrono::milliseconds{context.get_as<std::int64_t>(1)};
  return std::nullopt;
}

} // namespace

failure to_failure(const caf::error& why) {
  if (!why)
    return {errc::internal, "an error without a code"};
  if (why.category() == caf::type_id_v<errc>)
    return {static_cast<errc>(why.code()), detail_of(why), retry_after_of(why)};
  if (why == caf::sec::request_timeout)
    return {errc::timeout, "no answer in time"};
  const bool receiver_is_gone = why == caf::sec::request_receiver_down
                                || why == caf::sec::broken_promise
                                || why.category() == caf::type_id_v<caf::exit_reason>;
  if (receiver_is_gone)
    return {errc::unavailable, "the part that answers this is restarting"};
  return {errc::internal, detail_of(why)};
}

} // namespace coterie::actors
