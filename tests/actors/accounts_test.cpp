#define CAF_SUITE accounts

#include "actors/accounts.hpp"

#include "support/actor_fixture.hpp"

using namespace coterie;
using namespace coterie::testing;

namespace {

const std::string password = "Analytical1";

struct fixture : actor_fixture {
  fixture() {
    account_settings settings;
    settings.store = store;
    settings.revoked = revoked;
    settings.cost = password_cost::least();
    settings.now = read_wall_now;
    accounts = spawn_accounts(sys, std::move(settings), false);
    to_end.push_back(caf::actor_cast<caf::actor>(accounts));
  }

  static sign_in_source at(std::string address) {
    return {std::move(address), "a browser", "r1"};
  }
  register_user ada() {
    return {at("192.0.2.1"), "Ada@example.org", "ada", "Ada", "Lovelace", password};
  }
  login_granted enroll(const register_user& wish) {
    return must(ask<login_granted>(accounts, wish));
  }
  result<login_granted> log_in_as(const std::string& name, const std::string& with,
                                  const std::string& address = "192.0.2.1") {
    return ask<login_granted>(accounts, log_in{at(address), name, with});
  }
  result<login_granted> refresh(const std::string& token) {
    return ask<login_granted>(accounts, refresh_login{at("192.0.2.1"), token});
  }
  bool is_revoked(login_id login) {
    return revoked->is_revoked(login, wall_now);
  }
  std::size_t count_logins(user_id user) {
    return must(ask<login_listing>(accounts, list_logins{user})).logins.size();
  }

  std::shared_ptr<revocations> revoked = std::make_shared<revocations>(15min);
  accounts_actor accounts;
};

} // namespace

BEGIN_FIXTURE_SCOPE(fixture)

SCENARIO("who registers is logged in, and can log in by email or username in any case") {
  const auto made = enroll(ada());
  CHECK_EQ(made.user.email, "Ada@example.org");
  CHECK(made.refresh_token.starts_with(made.login.str() + "."));
  for (const auto* name : {"ada@EXAMPLE.org", "ADA"}) {
    const auto again = log_in_as(name, password);
    REQUIRE(again.has_value());
    CHECK(again->user.id == made.user.id);
    CHECK(again->login != made.login);
  }
  CHECK_EQ(count_logins(made.user.id), 3u);
}

SCENARIO("an account that breaks the rules or takes another's name is not made") {
  enroll(ada());
  auto second = ada();
  CHECK_EQ(code_of(ask<login_granted>(accounts, second)), "conflict");
  second.email = "eve@example.org";
  const auto refused = ask<login_granted>(accounts, second);
  CHECK_EQ(code_of(refused), "conflict");
  CHECK_EQ(refused.why().detail, "This username is taken");
  second.username = "x";
  CHECK_EQ(code_of(ask<login_granted>(accounts, second)), "invalid_argument");
}

SCENARIO("a wrong password and an unknown user are refused in the same words") {
  enroll(ada());
  const auto wrong = log_in_as("ada", "Wrong1234");
  const auto unknown = log_in_as("nobody", "Wrong1234");
  CHECK_EQ(code_of(wrong), "unauthorized");
  CHECK(wrong.why() == unknown.why());
  CHECK(wrong.why() == log_in_as("ada", std::string(1'000, 'x')).why());
}

SCENARIO("whoever guesses has to wait, and nobody at another address does") {
  enroll(ada());
  for (int i = 0; i < 5; ++i)
    CHECK_EQ(code_of(log_in_as("ada", "Wrong1234", "203.0.113.9")), "unauthorized");
  const auto throttled = log_in_as("ada", password, "203.0.113.9");
  CHECK_EQ(code_of(throttled), "rate_limited");
  CHECK(throttled.why().retry_after == 1'000ms);
  CHECK_EQ(code_of(log_in_as("ada", password)), "accepted");
  pass(1s);
  CHECK_EQ(code_of(log_in_as("ada", password, "203.0.113.9")), "accepted");
}

SCENARIO("tries that wait for their turn are counted when it comes") {
  enroll(ada());
  std::vector<pending<login_granted>> answers;
  for (int i = 0; i < 50; ++i)
    answers.push_back(request<login_granted>(
      accounts, log_in{at("203.0.113.9"), "user" + std::to_string(i), "Wrong1234"}));
  consume_messages();
  std::map<std::string, int> codes;
  for (const auto& answer : answers)
    ++codes[code_of(answer)];
  CHECK_EQ(codes["unauthorized"] + codes["rate_limited"], 50);
  // At most one more than the bucket has for each hasher that was at work.
  CHECK_LE(codes["unauthorized"], 11);
}

SCENARIO("more passwords than can wait are refused with when to come again") {
  std::vector<pending<login_granted>> answers;
  const auto most = account_limits::hashing_max + account_limits::hashers;
  for (std::size_t i = 0; i < most + 20; ++i) {
    auto wish = ada();
    wish.email = "u" + std::to_string(i) + "@example.org";
    wish.username = "user" + std::to_string(i);
    answers.push_back(request<login_granted>(accounts, wish));
  }
  consume_messages();
  std::map<std::string, std::size_t> codes;
  for (const auto& answer : answers)
    ++codes[code_of(answer)];
  CHECK_EQ(codes["accepted"] + codes["queue_full"], most + 20);
  CHECK_GT(codes["accepted"], 0u);
}

SCENARIO("a refresh token is good once, and the next one after it") {
  const auto made = enroll(ada());
  const auto second = must(refresh(made.refresh_token));
  CHECK(second.login == made.login);
  CHECK_NE(second.refresh_token, made.refresh_token);
  CHECK_EQ(code_of(refresh(second.refresh_token)), "accepted");
}

SCENARIO("a refresh token that is used again ends its login at once, and no other") {
  const auto made = enroll(ada());
  const auto other = must(log_in_as("ada", password));
  const auto second = must(refresh(made.refresh_token));
  CHECK_EQ(code_of(refresh(made.refresh_token)), "invalid_token");
  CHECK_EQ(code_of(refresh(second.refresh_token)), "invalid_token");
  CHECK(is_revoked(made.login));
  CHECK(!is_revoked(other.login));
  CHECK_EQ(code_of(refresh(other.refresh_token)), "accepted");
}

SCENARIO("what is no refresh token is refused") {
  const auto made = enroll(ada());
  for (const auto& token :
       {std::string(), std::string("x"), made.login.str(), made.login.str() + ".",
        login_id::random().str() + ".secret", std::string(10'000, 'x'), "a." + made.refresh_token})
    CHECK_EQ(code_of(refresh(token)), "invalid_token");
  CHECK_EQ(code_of(refresh(made.refresh_token)), "accepted");
}

SCENARIO("a login that nobody used for a week is over") {
  const auto made = enroll(ada());
  wall_now += 24h * 7;
  CHECK_EQ(code_of(refresh(made.refresh_token)), "token_expired");
  CHECK_EQ(code_of(refresh(made.refresh_token)), "invalid_token");
}

SCENARIO("logging out ends one login, or all of them") {
  const auto made = enroll(ada());
  const auto second = must(log_in_as("ada", password));
  const auto third = must(log_in_as("ada", password));
  const auto user = made.user.id;
  CHECK_EQ(code_of(ask<void>(accounts, log_out{at("x"), user, made.login})), "accepted");
  CHECK_EQ(code_of(ask<void>(accounts, log_out{at("x"), user, made.login})), "not_found");
  CHECK(is_revoked(made.login));
  CHECK(!is_revoked(second.login));
  CHECK_EQ(code_of(ask<void>(accounts, log_out{at("x"), user_id::random(), second.login})),
           "not_found");
  CHECK_EQ(code_of(ask<void>(accounts, log_out_everywhere{at("x"), user})), "accepted");
  CHECK(is_revoked(second.login));
  CHECK(is_revoked(third.login));
  CHECK_EQ(count_logins(user), 0u);
}

SCENARIO("a logout that could not be stored is not told as done") {
  const auto made = enroll(ada());
  disk->next_commit = failure{errc::unavailable, "disk full"};
  CHECK_EQ(code_of(ask<void>(accounts, log_out{at("x"), made.user.id, made.login})), "unavailable");
  CHECK(!is_revoked(made.login));
}

SCENARIO("a new password ends all other logins, and the old one is no good") {
  const auto made = enroll(ada());
  const auto other = must(log_in_as("ada", password));
  const auto change = [&](const std::string& current) {
    return ask<void>(
      accounts, change_password{at("192.0.2.1"), made.user.id, made.login, current, "Difference2"});
  };
  CHECK_EQ(code_of(change("Wrong1234")), "forbidden");
  CHECK_EQ(code_of(change(password)), "accepted");
  CHECK(!is_revoked(made.login));
  CHECK(is_revoked(other.login));
  CHECK_EQ(code_of(log_in_as("ada", password)), "unauthorized");
  CHECK_EQ(code_of(log_in_as("ada", "Difference2")), "accepted");
  CHECK_EQ(code_of(refresh(made.refresh_token)), "accepted");
}

SCENARIO("guessing the current password of a stolen login has to wait, too") {
  const auto made = enroll(ada());
  const change_password guess{at("203.0.113.9"), made.user.id, made.login, "Wrong1234",
                              "Difference2"};
  for (int i = 0; i < 5; ++i)
    CHECK_EQ(code_of(ask<void>(accounts, guess)), "forbidden");
  CHECK_EQ(code_of(ask<void>(accounts, guess)), "rate_limited");
}

SCENARIO("a user is found by every name, and changes names and profile") {
  const auto made = enroll(ada());
  const auto id = made.user.id;
  for (const auto& name :
       {id.str(), storage::short_id(id), std::string("ada@example.org"), std::string("ADA")})
    CHECK_EQ(must(ask<user_view>(accounts, actors::find_user{name})).id, id);
  CHECK_EQ(code_of(ask<user_view>(accounts, actors::find_user{"eve"})), "not_found");
  change_profile wish;
  wish.user = id;
  wish.username = "countess";
  wish.first_name = " <Ada> ";
  wish.profile = R"({"bio":"hello"})";
  const auto changed = must(ask<user_view>(accounts, wish));
  CHECK_EQ(changed.username, "countess");
  CHECK_EQ(changed.first_name, "Ada");
  CHECK_EQ(changed.last_name, "Lovelace");
  CHECK_EQ(changed.profile, R"({"bio":"hello"})");
  CHECK_EQ(must(ask<user_listing>(accounts, find_users{{id, user_id::random()}})).users.size(), 1u);
}

SCENARIO("a password is hashed anew when its cost has changed") {
  const auto made = enroll(ada());
  const auto hash_of = [&] {
    const auto find = [id = made.user.id](storage::backend& db) { return db.find_user(id); };
    return must(ask<storage::user_record>(store, make_store_task(find))).password_hash;
  };
  const auto before = hash_of();
  account_settings dearer;
  dearer.store = store;
  dearer.revoked = revoked;
  dearer.cost = {password_cost::least().passes + 1, password_cost::least().memory_bytes};
  const auto later = spawn_accounts(sys, std::move(dearer), false);
  to_end.push_back(caf::actor_cast<caf::actor>(later));
  CHECK_EQ(code_of(ask<login_granted>(later, log_in{at("x"), "ada", password})), "accepted");
  CHECK_NE(hash_of(), before);
  CHECK_EQ(code_of(ask<login_granted>(later, log_in{at("x"), "ada", password})), "accepted");
}

SCENARIO("of too many logins of one user the oldest ends, and its tokens with it") {
  const auto made = enroll(ada());
  for (int i = 0; i < 20; ++i) {
    pass(1s);
    CHECK_EQ(code_of(log_in_as("ada", password)), "accepted");
  }
  CHECK(is_revoked(made.login));
  CHECK_EQ(count_logins(made.user.id), 20u);
}

END_FIXTURE_SCOPE()
