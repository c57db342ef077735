#include "net/api/context.hpp"

#include "base/log.hpp"

namespace coterie::net {

actors::caller caller_of(const request& from) {
  if (from.user) {
    actors::caller who;
    who.address = from.remote_address;
    who.request_id = from.id;
    who.user = from.user->user;
    who.user_name = from.user->user_name;
    who.client = from.user->user.str() + '\n' + from.user->login.str();
    return who;
  }
  std::string token(from.bearer());
  if (token.empty())
    token = from.query_value("token").value_or("");
  auto who = actors::caller::with_token(token, from.remote_address);
  who.request_id = from.id;
  who.needs_grant = from.needs_grant;
  who.client = who.token_hash.empty()
                 ? from.remote_address + '\n' + std::string(from.header("user-agent"))
                 : who.token_hash;
  return who;
}

failure presentable(failure why) {
  if (why.code != errc::internal && why.code != errc::system)
    return why;
  log::error("request failed", {{"errc", to_string(why.code)}, {"why", why.detail}});
  return {errc::internal, "Internal server error"};
}

std::optional<std::chrono::milliseconds> retry_after(const failure& why) {
  using std::chrono::milliseconds;
  if (why.retry_after)
    return why.retry_after;
  switch (why.code) {
  case errc::unavailable:
  case errc::stale_epoch:
  case errc::lease_held:
  case errc::rate_limited:
    return milliseconds{1'000}; // about the time in which a room moves or a store comes back
  case errc::queue_full:
  case errc::shutting_down:
    return milliseconds{5'000}; // about the time in which a restart or a few runs are over
  default:
    return std::nullopt;
  }
}

void refuse(const responder_ptr& reply, failure why) {
  const auto told = presentable(std::move(why));
  reply->fail(told, {}, retry_after(told));
}

} // namespace coterie::net
