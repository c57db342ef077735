#define CAF_SUITE account_rules

#include "actors/account_rules.hpp"

#include "actors/accounts.hpp"
#include "tests/support/results.hpp"

using namespace coterie;
using namespace coterie::actors;

namespace {

register_user good() {
  return {{}, "ada@example.org", "ada_l", "Ada", "Lovelace", "Analytical1"};
}

/// The fields that something is wrong with, joined by spaces.
template <class Message>
std::string wrong_fields(const Message& wish) {
  std::string fields;
  for (const auto& problem : problems_of(wish))
    fields += (fields.empty() ? "" : " ") + problem.field;
  return fields;
}

std::string with_email(const std::string& email) {
  auto wish = good();
  wish.email = email;
  return wrong_fields(wish);
}
std::string with_username(const std::string& username) {
  auto wish = good();
  wish.username = username;
  return wrong_fields(wish);
}
std::string with_password(const std::string& password) {
  auto wish = good();
  wish.password = password;
  return wrong_fields(wish);
}
std::string with_profile(const std::string& profile) {
  change_profile wish;
  wish.profile = profile;
  return wrong_fields(wish);
}

} // namespace

SCENARIO("a usual account is accepted, and one without names of a person, too") {
  CHECK_EQ(wrong_fields(good()), "");
  auto wish = good();
  wish.first_name = wish.last_name = "";
  CHECK_EQ(wrong_fields(wish), "");
  CHECK(accept(problems_of(wish)).has_value());
}

SCENARIO("an email address looks like one") {
  for (const auto* email : {"a@b.co", "first.last+tag@sub.example.org"})
    CHECK_EQ(with_email(email), "");
  for (const auto* email :
       {"", "ada", "@example.org", "ada@", "ada@example", "ada@.org", "ada@example.", "a@b@c.org",
        "a d@example.org", "ada@exa..mple.org", "<ada@example.org>", "\xc3\xa4@example.org"})
    CHECK_EQ(with_email(email), "email");
  CHECK_EQ(with_email(std::string(250, 'a').append("@b.org")), "email");
}

SCENARIO("a username has 3 to 30 letters, digits and underscores") {
  CHECK_EQ(with_username("abc"), "");
  CHECK_EQ(with_username(std::string(30, 'x')), "");
  CHECK_EQ(with_username("ab"), "username");
  CHECK_EQ(with_username(std::string(31, 'x')), "username");
  CHECK_EQ(with_username("ada lovelace"), "username");
  CHECK_EQ(with_username("ada@x"), "username");
}

SCENARIO("a password is long, mixed, and none that everybody tries first") {
  CHECK_EQ(with_password("Analytical1"), "");
  CHECK_EQ(with_password("Short1"), "password");
  CHECK_EQ(with_password("Aa1" + std::string(126, 'x')), "password");
  CHECK_EQ(with_password("analytical1"), "password");
  CHECK_EQ(with_password("ANALYTICAL1"), "password");
  CHECK_EQ(with_password("Analytical"), "password");
  CHECK_EQ(with_password("MyPassWord1"), "password");
  CHECK_EQ(with_password("xxQwErTy123"), "password");
  auto wish = good();
  wish.username = "Analytical1";
  CHECK_EQ(wrong_fields(wish), "password");
}

SCENARIO("all that is wrong is told at once") {
  CHECK_EQ(wrong_fields(register_user{{}, "x", "y", std::string(51, 'z'), "\xff", "Valid1234"}),
           "email username first_name last_name");
  const auto refused = accept(problems_of(register_user{{}, "x", "ada_l", "", "", "Valid1234"}));
  CHECK_EQ(coterie::testing::code_of(refused), "invalid_argument");
}

SCENARIO("a new password differs from the current one") {
  CHECK_EQ(wrong_fields(change_password{{}, {}, {}, "Analytical1", "Analytical2"}), "");
  CHECK_EQ(wrong_fields(change_password{{}, {}, {}, "Analytical1", "Analytical1"}), "new_password");
  CHECK_EQ(wrong_fields(change_password{{}, {}, {}, "x", "short"}), "new_password new_password");
}

SCENARIO("a profile has known fields within their bounds") {
  const std::string good_one = R"({"bio":"hi","website":"https://ada.example","github":"ada-l",)"
                               R"("preferences":{"theme":"dark","fontSize":14,"tabSize":2}})";
  CHECK_EQ(with_profile(good_one), "");
  CHECK_EQ(with_profile("[]"), "profile");
  CHECK_EQ(with_profile("{"), "profile");
  CHECK_EQ(with_profile(std::string(5'000, ' ').append("{}")), "profile");
  CHECK_EQ(with_profile(R"({"hobby":1})"), "profile");
  CHECK_EQ(with_profile(R"({"bio":7})"), "profile.bio");
  CHECK_EQ(with_profile("{\"bio\":\"" + std::string(501, 'x') + "\"}"), "profile.bio");
  CHECK_EQ(with_profile(R"({"website":"javascript:x"})"), "profile.website");
  CHECK_EQ(with_profile(R"({"github":"a/b"})"), "profile.github");
  CHECK_EQ(with_profile(R"({"preferences":{"theme":"pink","fontSize":99}})"),
           "profile.preferences.theme profile.preferences.fontSize");
}

SCENARIO("a change of the profile is merged into it, field by field") {
  CHECK_EQ(merge_profile("", R"({"bio":"a"})"), R"({"bio":"a"})");
  CHECK_EQ(merge_profile(R"({"bio":"a","github":"b"})", R"({"bio":null})"), R"({"github":"b"})");
  CHECK_EQ(merge_profile(R"({"preferences":{"theme":"dark","tabSize":2}})",
                         R"({"preferences":{"tabSize":4}})"),
           R"({"preferences":{"theme":"dark","tabSize":4}})");
}

SCENARIO("names lose what could be taken for markup, and white space at their ends") {
  CHECK_EQ(clean_name("  <b>Ada</b>\n "), "bAda/b");
  CHECK_EQ(clean_name(" \t "), "");
}
