#include "net/api/accounts.hpp"

#include "actors/account_rules.hpp"
#include "actors/accounts.hpp"
#include "net/json.hpp"
#include "net/rate_limit.hpp"
#include "net/token_issuer.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace coterie::net {

namespace json = boost::json;

namespace {

// Longer than any rule allows, so that the rule says what is wrong.
constexpr std::size_t field_bytes_max = 4'096;

json::object user_json(const actors::user_view& user) {
  boost::system::error_code wrong;
  auto profile = json::parse(user.profile, wrong);
  return {{"id", user.id.str()},
          {"email", user.email},
          {"username", user.username},
          {"first_name", user.first_name},
          {"last_name", user.last_name},
          {"role", user.is_admin ? "admin" : "user"},
          {"profile", wrong ? json::value(json::object()) : std::move(profile)},
          {"created_at", format_rfc3339(user.created_at)},
          {"updated_at", format_rfc3339(user.updated_at)}};
}

std::vector<std::string> lines_of(const std::vector<actors::account_problem>& problems) {
  std::vector<std::string> lines;
  for (const auto& problem : problems)
    lines.push_back(problem.field + ": " + problem.sentence);
  return lines;
}

/// Answers 401 and gives nothing when nobody is signed in.
std::optional<signed_in> require_user(const request& from, const responder_ptr& reply) {
  if (!from.user)
    reply->fail({errc::unauthorized, "Log in first.", {}});
  return from.user;
}

std::optional<json::object> require_body(const request& from, const responder_ptr& reply) {
  auto body = parse_json_object(from.body);
  if (!body) {
    refuse(reply, std::move(body).why());
    return std::nullopt;
  }
  return std::move(*body);
}

/// Asks the accounts actor; a failure is answered here.
template <class R, class Message, class Done>
void ask_accounts(const api_context_ptr& context, Message message, const responder_ptr& reply,
                  Done done) {
  ask<R>(context->system, context->node.accounts, ask_bounds::timeout, std::move(message),
         answer_callback<R>([reply, done = std::move(done)](result<R> answer) {
           if (!answer)
             return refuse(reply, std::move(answer).why());
           if constexpr (std::is_void_v<R>)
             done(reply);
           else
             done(reply, std::move(*answer));
         }));
}

/// RFC 6749, 5.1, with the user. Never kept by a cache.
void send_tokens(const api_context& context, const responder_ptr& reply, unsigned status,
                 const actors::login_granted& granted) {
  const auto access = context.tokens->issue(granted.user, granted.login, system_now());
  if (!access)
    return refuse(reply, access.why());
  auto answer =
    json_response(status, {{"access_token", access->text},
                           {"token_type", "Bearer"},
                           {"expires_in", access->life.count()},
                           {"refresh_token", granted.refresh_token},
                           {"refresh_expires_at", format_rfc3339(granted.refresh_expires_at)},
                           {"login_id", granted.login.str()},
                           {"user", user_json(granted.user)}});
  answer.headers.emplace_back("Cache-Control", "no-store");
  reply->send(std::move(answer));
}

void register_account(const api_context_ptr& context, const request& from,
                      const responder_ptr& reply) {
  const auto body = require_body(from, reply);
  if (!body)
    return;
  complaints wrong;
  const field_reader fields{*body, wrong};
  actors::register_user wish;
  wish.from = source_of(from);
  wish.email = fields.text("email", field_bytes_max).value_or("");
  wish.username = fields.text("username", field_bytes_max).value_or("");
  wish.first_name = fields.text("first_name", field_bytes_max).value_or("");
  wish.last_name = fields.text("last_name", field_bytes_max).value_or("");
  wish.password = fields.text("password", field_bytes_max).value_or("");
  if (wrong.empty())
    wrong = lines_of(actors::problems_of(wish));
  if (!wrong.empty())
    return reply->fail({errc::invalid_argument, "The account cannot be made like this.", {}},
                       wrong);
  ask_accounts<actors::login_granted>(
    context, std::move(wish), reply,
    [context](const responder_ptr& to, const actors::login_granted& granted) {
      send_tokens(*context, to, 201, granted);
    });
}

void log_in(const api_context_ptr& context, const request& from, const responder_ptr& reply) {
  const auto body = require_body(from, reply);
  if (!body)
    return;
  complaints wrong;
  const field_reader fields{*body, wrong};
  actors::log_in wish;
  wish.from = source_of(from);
  const auto email = fields.text("email", field_bytes_max);
  wish.name = email ? *email : fields.text("username", field_bytes_max).value_or("");
  wish.password = fields.text("password", field_bytes_max).value_or("");
  if (wrong.empty() && wish.name.empty())
    fields.complain("email", "is required, or username in its place");
  if (wrong.empty() && wish.password.empty())
    fields.complain("password", "is required");
  if (!wrong.empty())
    return reply->fail({errc::invalid_argument, "Email and password are needed.", {}}, wrong);
  ask_accounts<actors::login_granted>(
    context, std::move(wish), reply,
    [context](const responder_ptr& to, const actors::login_granted& granted) {
      send_tokens(*context, to, 200, granted);
    });
}

void refresh(const api_context_ptr& context, const request& from, const responder_ptr& reply) {
  const auto body = require_body(from, reply);
  if (!body)
    return;
  complaints wrong;
  const field_reader fields{*body, wrong};
  actors::refresh_login wish{source_of(from),
                             fields.text("refresh_token", field_bytes_max).value_or("")};
  if (wrong.empty() && wish.token.empty())
    fields.complain("refresh_token", "is required");
  if (!wrong.empty())
    return reply->fail({errc::invalid_argument, "A refresh token is needed.", {}}, wrong);
  ask_accounts<actors::login_granted>(
    context, std::move(wish), reply,
    [context](const responder_ptr& to, const actors::login_granted& granted) {
      send_tokens(*context, to, 200, granted);
    });
}

void log_out(const api_context_ptr& context, const request& from, const responder_ptr& reply) {
  if (const auto user = require_user(from, reply))
    ask_accounts<void>(context, actors::log_out{source_of(from), user->user, user->login}, reply,
                       [](const responder_ptr& to) { to->send(empty_response(204)); });
}

void log_out_everywhere(const api_context_ptr& context, const request& from,
                        const responder_ptr& reply) {
  if (const auto user = require_user(from, reply))
    ask_accounts<void>(context, actors::log_out_everywhere{source_of(from), user->user}, reply,
                       [](const responder_ptr& to) { to->send(empty_response(204)); });
}

void show_me(const api_context_ptr& context, const request& from, const responder_ptr& reply) {
  if (const auto user = require_user(from, reply))
    ask_accounts<actors::user_view>(context, actors::find_user{user->user.str()}, reply,
                                    [](const responder_ptr& to, const actors::user_view& found) {
                                      to->send(json_response(200, user_json(found)));
                                    });
}

void change_me(const api_context_ptr& context, const request& from, const responder_ptr& reply) {
  const auto user = require_user(from, reply);
  if (!user)
    return;
  const auto body = require_body(from, reply);
  if (!body)
    return;
  complaints wrong;
  const field_reader fields{*body, wrong};
  actors::change_profile wish;
  wish.user = user->user;
  wish.username = fields.text("username", field_bytes_max);
  wish.first_name = fields.text("first_name", field_bytes_max);
  wish.last_name = fields.text("last_name", field_bytes_max);
  if (const auto* profile = fields.object("profile"))
    wish.profile = json::serialize(*profile);
  if (wrong.empty())
    wrong = lines_of(actors::problems_of(wish));
  if (!wrong.empty())
    return reply->fail({errc::invalid_argument, "The account cannot be changed like this.", {}},
                       wrong);
  ask_accounts<actors::user_view>(context, std::move(wish), reply,
                                  [](const responder_ptr& to, const actors::user_view& changed) {
                                    to->send(json_response(200, user_json(changed)));
                                  });
}

void change_password(const api_context_ptr& context, const request& from,
                     const responder_ptr& reply) {
  const auto user = require_user(from, reply);
  if (!user)
    return;
  const auto body = require_body(from, reply);
  if (!body)
    return;
  complaints wrong;
  const field_reader fields{*body, wrong};
  actors::change_password wish{source_of(from), user->user, user->login,
                               fields.text("current_password", field_bytes_max).value_or(""),
                               fields.text("new_password", field_bytes_max).value_or("")};
  if (wrong.empty() && wish.current.empty())
    fields.complain("current_password", "is required");
  if (wrong.empty())
    wrong = lines_of(actors::problems_of(wish));
  if (!wrong.empty())
    return reply->fail({errc::invalid_argument, "The password cannot be changed like this.", {}},
                       wrong);
  ask_accounts<void>(context, std::move(wish), reply,
                     [](const responder_ptr& to) { to->send(empty_response(204)); });
}

void list_logins(const api_context_ptr& context, const request& from, const responder_ptr& reply) {
  const auto user = require_user(from, reply);
  if (!user)
    return;
  ask_accounts<actors::login_listing>(
    context, actors::list_logins{user->user}, reply,
    [current = user->login](const responder_ptr& to, const actors::login_listing& found) {
      json::array rows;
      for (const auto& login : found.logins)
        rows.push_back(json::object{{"id", login.id.str()},
                                    {"client", login.client},
                                    {"is_current", login.id == current},
                                    {"created_at", format_rfc3339(login.created_at)},
                                    {"last_used_at", format_rfc3339(login.last_used_at)},
                                    {"expires_at", format_rfc3339(login.expires_at)}});
      to->send(json_response(200, {{"logins", std::move(rows)}}));
    });
}

void end_login(const api_context_ptr& context, const request& from, const responder_ptr& reply) {
  const auto user = require_user(from, reply);
  if (!user)
    return;
  if (const auto login = id_from_path<login_id>(from, reply))
    ask_accounts<void>(context, actors::log_out{source_of(from), user->user, *login}, reply,
                       [](const responder_ptr& to) { to->send(empty_response(204)); });
}

} // namespace

actors::sign_in_source source_of(const request& from) {
  return {from.remote_address, std::string(from.header("user-agent")), from.id};
}

void add_accounts_api(router& routes, const api_context_ptr& context) {
  const auto with = [context](auto serve) {
    return [context, serve](const request& from, const responder_ptr& reply) {
      serve(context, from, reply);
    };
  };
  // An old access token in the header is no reason to refuse somebody who wants a new one.
  const route_rules entering{
    .body_bytes_max = accounts_api_bounds::body_bytes_max,
    .needs = access::open,
    .budget = std::make_shared<rate_budget>(
      rate_rules{.requests = context->settings.auth_requests_per_minute,
                 .complaint = "Too many requests to log in; wait before the next one."})};
  routes.add(method::post, "/api/v1/auth/register", with(register_account), entering);
  routes.add(method::post, "/api/v1/auth/login", with(log_in), entering);
  routes.add(method::post, "/api/v1/auth/refresh", with(refresh), entering);
  const route_rules inside{.body_bytes_max = accounts_api_bounds::body_bytes_max,
                           .needs = access::user};
  routes.add(method::post, "/api/v1/auth/logout", with(log_out), inside);
  routes.add(method::post, "/api/v1/auth/logout-all", with(log_out_everywhere), inside);
  routes.add(method::get, "/api/v1/auth/me", with(show_me), inside);
  routes.add(method::patch, "/api/v1/auth/me", with(change_me), inside);
  routes.add(method::post, "/api/v1/auth/change-password", with(change_password), inside);
  routes.add(method::get, "/api/v1/auth/logins", with(list_logins), inside);
  routes.add(method::del, "/api/v1/auth/logins/{id}", with(end_login), inside);
}

} // namespace coterie::net
