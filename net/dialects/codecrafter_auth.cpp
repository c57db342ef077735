#include "net/dialects/codecrafter_auth.hpp"

#include "actors/account_rules.hpp"
#include "actors/accounts.hpp"
#include "net/api/accounts.hpp"
#include "net/dialects/codecrafter_presence.hpp"
#include "net/token_issuer.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <set>

namespace coterie::net {

namespace json = boost::json;

namespace {

constexpr auto field_max = crafter_auth_bounds::field_bytes_max;

json::object profile_of(const actors::user_view& user) {
  boost::system::error_code wrong;
  auto profile = json::parse(user.profile, wrong);
  return wrong || !profile.is_object() ? json::object() : std::move(profile.get_object());
}

json::object signed_up_json(const actors::user_view& user) {
  auto told = crafter_user_json(user);
  told["email"] = user.email;
  told["role"] = user.is_admin ? "admin" : "user";
  return told;
}

/// With what only the user sees.
json::object me_json(const actors::user_view& user) {
  auto told = signed_up_json(user);
  auto profile = profile_of(user);
  json::object preferences{
    {"theme", "dark"}, {"language", "javascript"}, {"fontSize", 14}, {"tabSize", 2}};
  if (const auto* chosen = profile.if_contains("preferences"); chosen && chosen->is_object())
    for (const auto& [name, value] : chosen->get_object())
      preferences[name] = value;
  profile.erase("preferences");
  told["preferences"] = std::move(preferences);
  told["profile"] = std::move(profile);
  return told;
}

/// One sentence for each problem; the same one counts once.
std::vector<std::string> sentences_of(const std::vector<actors::account_problem>& problems) {
  std::vector<std::string> lines;
  for (const auto& problem : problems)
    if (std::ranges::find(lines, problem.sentence) == lines.end())
      lines.push_back(problem.sentence);
  return lines;
}

template <class R, class Message, class Done>
void ask_accounts(const codecrafter_ptr& site, Message message, Done done) {
  ask<R>(site->context->system, site->context->node.accounts, ask_bounds::timeout,
         std::move(message), answer_callback<R>(std::move(done)));
}

response with_tokens(const codecrafter& site, unsigned status, json::object body,
                     const actors::login_granted& granted) {
  const auto access = site.context->tokens->issue(granted.user, granted.login, system_now());
  if (!access)
    return crafter_error(500, "Authentication error", "AUTH_ERROR");
  body["tokens"] = {{"accessToken", access->text}, {"refreshToken", granted.refresh_token}};
  auto answer = json_response(status, body);
  answer.headers.emplace_back("Cache-Control", "no-store");
  return answer;
}

/// A first and a last name of one that is written together.
std::pair<std::string, std::string> parts_of(const std::string& name) {
  const auto space = name.rfind(' ');
  if (space == std::string::npos)
    return {name, name};
  return {name.substr(0, space), name.substr(space + 1)};
}

void sign_up(const codecrafter_ptr& site, const request& from, const responder_ptr& reply) {
  const auto body = crafter_body(from, reply);
  if (!body)
    return;
  complaints wrong;
  const field_reader fields{*body, wrong};
  actors::register_user wish;
  wish.from = source_of(from);
  wish.email = fields.text("email", field_max).value_or("");
  wish.password = fields.text("password", field_max).value_or("");
  wish.username = fields.text("username", field_max).value_or("");
  wish.first_name = fields.text("firstName", field_max).value_or("");
  wish.last_name = fields.text("lastName", field_max).value_or("");
  if (const auto name = fields.text("name", field_max); name && wish.username.empty()) {
    std::tie(wish.first_name, wish.last_name) = parts_of(*name);
    wish.username = crafter_username(wish.email);
  }
  if (wrong.empty()) {
    wrong = sentences_of(actors::problems_of(wish));
    if (actors::clean_name(wish.first_name).empty())
      wrong.emplace_back("First name is required");
    if (actors::clean_name(wish.last_name).empty())
      wrong.emplace_back("Last name is required");
  }
  if (!wrong.empty())
    return reply->send(crafter_invalid(wrong));
  ask_accounts<actors::login_granted>(
    site, std::move(wish), [site, reply](const result<actors::login_granted>& granted) {
      if (granted)
        return reply->send(with_tokens(
          *site, 201,
          {{"message", "User registered successfully"}, {"user", signed_up_json(granted->user)}},
          *granted));
      if (granted.why().code == errc::conflict)
        return reply->send(
          crafter_error(409, "User already exists with this email or username", "USER_EXISTS"));
      crafter_refuse(reply, granted.why());
    });
}

void log_in(const codecrafter_ptr& site, const request& from, const responder_ptr& reply) {
  const auto body = crafter_body(from, reply);
  if (!body)
    return;
  complaints wrong;
  const field_reader fields{*body, wrong};
  actors::log_in wish{source_of(from), fields.text("email", field_max).value_or(""),
                      fields.text("password", field_max).value_or("")};
  if (wish.name.empty())
    wrong.emplace_back("Email is required");
  if (wish.password.empty())
    wrong.emplace_back("Password is required");
  if (!wrong.empty())
    return reply->send(crafter_invalid(wrong));
  ask_accounts<actors::login_granted>(
    site, std::move(wish), [site, reply](const result<actors::login_granted>& granted) {
      if (granted)
        return reply->send(with_tokens(
          *site, 200, {{"message", "Login successful"}, {"user", signed_up_json(granted->user)}},
          *granted));
      if (granted.why().code == errc::unauthorized)
        return reply->send(crafter_error(401, "Invalid email or password", "INVALID_CREDENTIALS"));
      crafter_refuse(reply, granted.why());
    });
}

/// A token that is presented and no good is answered with 403, never with 401: the clients answer
/// each 401 with another refresh.
void refresh(const codecrafter_ptr& site, const request& from, const responder_ptr& reply) {
  const auto body = crafter_body(from, reply);
  if (!body)
    return;
  complaints wrong;
  actors::refresh_login wish{
    source_of(from), field_reader{*body, wrong}.text("refreshToken", field_max).value_or("")};
  if (wrong.empty() && wish.token.empty())
    return reply->send(crafter_error(401, "Refresh token is required", "REFRESH_TOKEN_REQUIRED"));
  if (!wrong.empty())
    return reply->send(crafter_invalid(wrong));
  ask_accounts<actors::login_granted>(
    site, std::move(wish), [site, reply](const result<actors::login_granted>& granted) {
      if (granted)
        return reply->send(with_tokens(*site, 200, {}, *granted));
      const auto code = granted.why().code;
      if (code == errc::not_found)
        return reply->send(crafter_error(403, "User not found", "USER_NOT_FOUND"));
      if (code == errc::invalid_token || code == errc::token_expired || code == errc::unauthorized)
        return reply->send(crafter_error(403, "Invalid refresh token", "INVALID_REFRESH_TOKEN"));
      crafter_refuse(reply, granted.why());
    });
}

void log_out(const codecrafter_ptr& site, const request& from, const responder_ptr& reply) {
  const auto user = crafter_user(from, reply);
  if (!user)
    return;
  ask_accounts<void>(site, actors::log_out{source_of(from), user->user, user->login},
                     [reply](const result<void>& done) {
                       if (!done && done.why().code != errc::not_found)
                         return crafter_refuse(reply, done.why());
                       reply->send(json_response(200, {{"message", "Logout successful"}}));
                     });
}

response no_such_user() {
  return crafter_error(404, "User not found", "USER_NOT_FOUND");
}

void show_me(const codecrafter_ptr& site, const request& from, const responder_ptr& reply) {
  const auto user = crafter_user(from, reply);
  if (!user)
    return;
  ask_accounts<actors::user_view>(
    site, actors::find_user{user->user.str()}, [reply](const result<actors::user_view>& found) {
      if (found)
        return reply->send(json_response(200, {{"user", me_json(*found)}}));
      if (found.why().code == errc::not_found)
        return reply->send(no_such_user());
      crafter_refuse(reply, found.why());
    });
}

/// What is not named here is ignored: nobody makes himself an administrator.
void change_me(const codecrafter_ptr& site, const request& from, const responder_ptr& reply) {
  const auto user = crafter_user(from, reply);
  if (!user)
    return;
  const auto body = crafter_body(from, reply);
  if (!body)
    return;
  complaints wrong;
  const field_reader fields{*body, wrong};
  actors::change_profile wish;
  wish.user = user->user;
  wish.username = fields.text("username", field_max);
  wish.first_name = fields.text("firstName", field_max);
  wish.last_name = fields.text("lastName", field_max);
  json::object profile;
  if (const auto* given = fields.object("profile"))
    profile = *given;
  if (const auto* preferences = fields.object("preferences"))
    profile["preferences"] = *preferences;
  if (!profile.empty())
    wish.profile = json::serialize(profile);
  if (wrong.empty())
    wrong = sentences_of(actors::problems_of(wish));
  if (!wrong.empty())
    return reply->send(crafter_invalid(wrong));
  ask_accounts<actors::user_view>(
    site, std::move(wish), [reply](const result<actors::user_view>& changed) {
      if (changed)
        return reply->send(json_response(
          200, {{"message", "Profile updated successfully"}, {"user", me_json(*changed)}}));
      if (changed.why().code == errc::conflict)
        return reply->send(crafter_error(409, "Username is already taken", "USER_EXISTS"));
      if (changed.why().code == errc::not_found)
        return reply->send(no_such_user());
      crafter_refuse(reply, changed.why());
    });
}

void change_password(const codecrafter_ptr& site, const request& from, const responder_ptr& reply) {
  const auto user = crafter_user(from, reply);
  if (!user)
    return;
  const auto body = crafter_body(from, reply);
  if (!body)
    return;
  complaints wrong;
  const field_reader fields{*body, wrong};
  actors::change_password wish{source_of(from), user->user, user->login,
                               fields.text("currentPassword", field_max).value_or(""),
                               fields.text("newPassword", field_max).value_or("")};
  const auto again = fields.text("confirmPassword", field_max);
  if (wrong.empty()) {
    wrong = sentences_of(actors::problems_of(wish));
    if (wish.current.empty())
      wrong.emplace_back("Current password is required");
    if (again != wish.next)
      wrong.emplace_back("Passwords do not match");
    if (wish.current == wish.next)
      wrong.emplace_back("New password must be different from the current password");
  }
  if (!wrong.empty())
    return reply->send(crafter_invalid(wrong));
  // The contract's clients log in again: the one refresh token of the user is gone.
  const actors::log_out ends{wish.from, wish.user, wish.login};
  ask_accounts<void>(site, std::move(wish), [site, reply, ends](const result<void>& done) {
    if (!done && done.why().code == errc::forbidden)
      return reply->send(
        crafter_error(401, "Current password is incorrect", "INVALID_CURRENT_PASSWORD"));
    if (!done)
      return crafter_refuse(reply, done.why());
    ask_accounts<void>(site, ends, [reply](const result<void>&) {
      reply->send(json_response(200, {{"message", "Password changed successfully"}}));
    });
  });
}

} // namespace

std::string crafter_username(std::string_view email) {
  using bounds = actors::account_bounds;
  std::string name;
  for (const char c : email.substr(0, email.find('@')))
    name += (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ? c : '_';
  name.resize(std::clamp(name.size(), bounds::username_min, bounds::username_max), '_');
  return name;
}

void add_crafter_auth(router& routes, const codecrafter_ptr& site) {
  const auto with = [site](auto serve) {
    return
      [site, serve](const request& from, const responder_ptr& reply) { serve(site, from, reply); };
  };
  // An old access token in the header is no reason to refuse somebody who wants a new one.
  const route_rules entering{.body_bytes_max = crafter_auth_bounds::body_bytes_max,
                             .media_types = {},
                             .errors = crafter_route_error,
                             .cors = &site->settings.cors,
                             .needs = access::open,
                             .budget = site->requests};
  routes.add(method::post, "/api/auth/register", with(sign_up), entering);
  routes.add(method::post, "/api/auth/signup", with(sign_up), entering);
  routes.add(method::post, "/api/auth/login", with(log_in), entering);
  routes.add(method::post, "/api/auth/refresh", with(refresh), entering);
  auto inside = entering;
  inside.needs = access::user;
  routes.add(method::post, "/api/auth/logout", with(log_out), inside);
  routes.add(method::get, "/api/auth/me", with(show_me), inside);
  routes.add(method::put, "/api/auth/me", with(change_me), inside);
  routes.add(method::post, "/api/auth/change-password", with(change_password), inside);
}

} // namespace coterie::net
