#define CAF_SUITE token_issuer

#include "net/token_issuer.hpp"

#include "tests/net_api/jwt_maker.hpp"
#include "tests/storage/temporary_directory.hpp"
#include "tests/support/results.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <fstream>
#include <sys/stat.h>

using namespace coterie;
using namespace coterie::net;
using namespace std::chrono_literals;
using coterie::testing::base64url;
using coterie::testing::code_of;
using coterie::testing::must;
using coterie::testing::signed_token;

namespace {

constexpr timestamp start{std::chrono::milliseconds{1'700'000'000'000}};
const std::string secret(32, 's');

struct fixture {
  static token_issuer with(const std::string& key, const std::string& previous = {},
                           std::shared_ptr<const actors::revocations> list = nullptr) {
    token_settings settings;
    settings.secret = key;
    settings.previous_secret = previous;
    return {settings, std::move(list)};
  }
  std::string token(timestamp at = start) const {
    return must(issuer.issue(ada, login, at)).text;
  }
  std::string outcome(std::string_view text, timestamp at = start) const {
    return code_of(issuer.verify(text, at));
  }
  /// A token with all that is needed, but that one claim has another value.
  std::string forged(std::string_view name = {}, const boost::json::value& value = nullptr,
                     const std::string& key = secret,
                     std::string_view header = R"({"alg":"HS256","typ":"JWT"})") const {
    boost::json::object claims{{"iss", "codecrafter"}, {"aud", "codecrafter-users"},
                               {"sub", ada.id.str()},  {"sid", login.str()},
                               {"iat", 1'700'000'000}, {"exp", 1'700'000'900}};
    if (!name.empty())
      claims[name] = value;
    return signed_token(boost::json::serialize(claims), key, header);
  }
  /// The same, signed with another key or said to be signed in another way.
  std::string signed_with(const std::string& key, std::string_view header) const {
    return forged({}, nullptr, key, header);
  }

  static actors::user_view somebody() {
    actors::user_view made;
    made.id = user_id::random();
    made.email = "ada@example.org";
    made.username = "ada";
    return made;
  }

  actors::user_view ada = somebody();
  login_id login = login_id::random();
  std::shared_ptr<actors::revocations> revoked = std::make_shared<actors::revocations>(930s);
  token_issuer issuer = with(secret, {}, revoked);
};

} // namespace

BEGIN_FIXTURE_SCOPE(fixture)

SCENARIO("a token tells whose it is, for fifteen minutes and the leeway") {
  const auto who = must(issuer.verify(token(), start));
  CHECK(who.user == ada.id);
  CHECK(who.login == login);
  CHECK_EQ(who.user_name, "ada");
  CHECK(!who.is_admin);
  CHECK_EQ(outcome(token(), start + 15min + 29s), "accepted");
  CHECK_EQ(outcome(token(), start + 15min + 30s), "token_expired");
}

SCENARIO("a token made by hand like ours is good, and each thing wrong with it is enough") {
  constexpr auto usual = R"({"alg":"HS256","typ":"JWT"})";
  CHECK_EQ(outcome(forged()), "accepted");
  CHECK_EQ(outcome(signed_with("another key", usual)), "invalid_token");
  CHECK_EQ(outcome(signed_with("", usual)), "invalid_token");
  for (const auto* alg : {"none", "HS384", "HS512", "RS256", "hs256"})
    CHECK_EQ(outcome(signed_with(secret, R"({"alg":")" + std::string(alg) + R"("})")),
             "invalid_token");
  CHECK_EQ(outcome(forged("iss", "another")), "invalid_token");
  CHECK_EQ(outcome(forged("aud", "another")), "invalid_token");
  CHECK_EQ(outcome(forged("nbf", 1'700'000'031)), "invalid_token");
  CHECK_EQ(outcome(forged("exp", 1'699'999'970)), "token_expired");
  CHECK_EQ(outcome(forged("exp", "tomorrow")), "invalid_token");
  CHECK_EQ(outcome(forged("sub", "ada")), "invalid_token");
  CHECK_EQ(outcome(forged("sid", 7)), "invalid_token");
  CHECK_EQ(outcome(forged("iat", "now")), "invalid_token");
}

SCENARIO("a token without a signature is refused") {
  const auto whole = token();
  const auto claims = whole.substr(whole.find('.') + 1, whole.rfind('.') - whole.find('.') - 1);
  for (const auto* alg : {"none", "None", "NONE", ""})
    CHECK_EQ(outcome(base64url(R"({"alg":")" + std::string(alg) + R"("})") + "." + claims + "."),
             "invalid_token");
  CHECK_EQ(outcome(whole.substr(0, whole.rfind('.') + 1)), "invalid_token");
  CHECK_EQ(outcome(whole.substr(0, whole.size() - 4)), "invalid_token");
  CHECK_EQ(outcome(""), "invalid_token");
  CHECK_EQ(outcome(".."), "invalid_token");
}

SCENARIO("the tokens of a login that has ended are refused at once") {
  const auto text = token();
  revoked->add({login, revoked->until(start)}, start);
  CHECK_EQ(outcome(text), "invalid_token");
}

SCENARIO("a secret is changed without logging anybody out") {
  const std::string next(32, 'n');
  const auto old_token = token();
  const auto both = with(next, secret);
  CHECK_EQ(code_of(both.verify(old_token, start)), "accepted");
  const auto new_token = must(both.issue(ada, login, start)).text;
  CHECK_EQ(code_of(with(next).verify(new_token, start)), "accepted");
  CHECK_EQ(code_of(with(next).verify(old_token, start)), "invalid_token");
  CHECK_EQ(code_of(issuer.verify(new_token, start)), "invalid_token");
}

SCENARIO("a secret that is too short is refused, one that is short is taken") {
  CHECK_EQ(code_of(check_token_secret("auth.secret", "")), "accepted");
  CHECK_EQ(code_of(check_token_secret("auth.secret", std::string(32, 'x'))), "accepted");
  CHECK_EQ(code_of(check_token_secret("auth.secret", std::string(16, 'x'))), "accepted");
  CHECK_EQ(code_of(check_token_secret("auth.secret", std::string(15, 'x'))), "invalid_argument");
}

SCENARIO("a secret is made once, for its owner only") {
  const coterie::storage::testing::temporary_directory directory;
  const auto path = directory / "token.secret";
  const auto made = must(load_or_make_secret(path));
  CHECK_GE(made.size(), 32u);
  CHECK_EQ(must(load_or_make_secret(path)), made);
  struct stat status {};
  REQUIRE_EQ(::stat(path.c_str(), &status), 0);
  CHECK_EQ(status.st_mode & 0777U, 0600u);
  std::ofstream(path) << "short";
  CHECK_EQ(code_of(load_or_make_secret(path)), "invalid_argument");
}

END_FIXTURE_SCOPE()
