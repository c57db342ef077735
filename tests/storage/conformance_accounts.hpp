// Part of the conformance suite: people and their logins. Included by the test file of each engine,
// which has defined CAF_SUITE and `engine_under_test`.

namespace conformance_accounts {

using namespace coterie;
using namespace coterie::storage;
using namespace coterie::storage::testing;

namespace {

struct fixture : store_fixture<engine_under_test> {
  static user_record make_user(const std::string& name) {
    user_record user;
    user.id = user_id::random();
    user.email = name + "@Example.org";
    user.username = name;
    user.first_name = "Ada ✓";
    user.last_name = "Lovelace";
    user.password_hash = "$argon2id$...";
    user.profile = R"({"bio":"hi"})";
    user.created_at = user.updated_at = day_one;
    return user;
  }
  user_record register_user(const std::string& name) {
    auto user = make_user(name);
    CHECK(!must(store->create_user(user)).any());
    return user;
  }
  static std::string secret(char letter) {
    return std::string(login_secret_hash_bytes, letter);
  }
  login_record make_login(const user_record& user, timestamp at = day_one) {
    return {login_id::random(), user.id, secret('a'), "a browser", at, at, at + 1h};
  }
  login_record log_in(const user_record& user, timestamp at = day_one) {
    const auto login = make_login(user, at);
    CHECK(must(store->save_login(login, at, at + 15min)).empty());
    return login;
  }
  rotation rotate(const login_record& login, char presented, char next, timestamp at) {
    return must(
      store->rotate_login({login.id, secret(presented), secret(next), at, at + 1h, at + 15min}));
  }
  std::vector<login_id> ids_of_logins(const user_record& user, timestamp at = day_one) {
    std::vector<login_id> ids;
    for (const auto& login : must(store->list_logins(user.id, at)))
      ids.push_back(login.id);
    return ids;
  }
};

using ids = std::vector<login_id>;

} // namespace

using caf_test_case_auto_fixture = fixture;

SCENARIO("a user is found by id, short id, and email and username in any case") {
  const auto ada = register_user("Ada");
  register_user("eve");
  CHECK(must(store->find_user(ada.id)) == ada);
  CHECK(must(store->find_user_by_email("aDA@example.ORG")) == ada);
  CHECK(must(store->find_user_by_username("ADA")) == ada);
  CHECK(must(store->find_user_by_short_id(short_id(ada.id))) == ada);
  CHECK_EQ(short_id(ada.id).size(), 24u);
  CHECK_EQ(code_of(store->find_user(user_id::random())), "not_found");
  CHECK_EQ(code_of(store->find_user_by_email("ada")), "not_found");
  CHECK_EQ(code_of(store->find_user_by_username("")), "not_found");
  CHECK_EQ(code_of(store->find_user_by_short_id(short_id(user_id::random()))), "not_found");
  CHECK_EQ(code_of(store->find_user_by_short_id("xyz")), "not_found");
}

SCENARIO("many users are found at once, those that are gone left out") {
  const auto ada = register_user("ada");
  const auto eve = register_user("eve");
  const auto found = must(store->find_users({eve.id, user_id::random(), ada.id}));
  CHECK_EQ(found.size(), 2u);
  CHECK_EQ(code_of(store->find_users(std::vector<user_id>(list_rows_max + 1))), "too_large");
}

SCENARIO("no two users share an email or a username, whatever the case") {
  const auto ada = register_user("ada");
  auto second = make_user("eve");
  second.email = "ADA@EXAMPLE.ORG";
  CHECK((must(store->create_user(second)) == taken_names{true, false}));
  second.username = "aDa";
  CHECK((must(store->create_user(second)) == taken_names{true, true}));
  CHECK_EQ(code_of(store->find_user(second.id)), "not_found");
  CHECK_EQ(code_of(store->create_user(ada)), "conflict");
}

SCENARIO("a user is changed, keeps its own names, and cannot take another's") {
  auto ada = register_user("ada");
  register_user("eve");
  ada.username = "Countess";
  ada.is_admin = true;
  ada.updated_at = day_one + 1s;
  CHECK(!must(store->update_user(ada)).any());
  CHECK(must(store->find_user_by_username("countess")) == ada);
  CHECK_EQ(code_of(store->find_user_by_username("ada")), "not_found");
  CHECK(!must(store->update_user(ada)).any());
  auto greedy = ada;
  greedy.username = "EVE";
  CHECK((must(store->update_user(greedy)) == taken_names{false, true}));
  CHECK(must(store->find_user(ada.id)) == ada);
  CHECK_EQ(code_of(store->update_user(make_user("bob"))), "not_found");
}

SCENARIO("a user that is not whole or too large is refused") {
  auto user = make_user("ada");
  user.profile.assign(profile_bytes_max + 1, ' ');
  CHECK_EQ(code_of(store->create_user(user)), "too_large");
  user = make_user("ada");
  user.first_name = "\xff";
  CHECK_EQ(code_of(store->create_user(user)), "invalid_argument");
  user = make_user("ada");
  user.password_hash.clear();
  CHECK_EQ(code_of(store->create_user(user)), "invalid_argument");
}

SCENARIO("the newest refresh token is exchanged for the next") {
  const auto ada = register_user("ada");
  const auto login = log_in(ada);
  const auto first = rotate(login, 'a', 'b', day_one + 10min);
  CHECK(first.outcome == rotation_outcome::rotated);
  CHECK(first.user == ada.id);
  CHECK(rotate(login, 'b', 'c', day_one + 65min).outcome == rotation_outcome::rotated);
  const auto listed = must(store->list_logins(ada.id, day_one + 65min));
  REQUIRE(listed.size() == 1);
  CHECK(listed[0].last_used_at == day_one + 65min);
  CHECK_EQ(listed[0].client, "a browser");
  CHECK(must(store->list_ended_logins(day_one)).empty());
}

SCENARIO("a refresh token that was used before ends its login") {
  const auto ada = register_user("ada");
  const auto login = log_in(ada);
  const auto other = log_in(ada);
  rotate(login, 'a', 'b', day_one);
  const auto again = rotate(login, 'a', 'x', day_one + 1s);
  CHECK(again.outcome == rotation_outcome::reused);
  CHECK(again.user == ada.id);
  CHECK(rotate(login, 'b', 'c', day_one + 2s).outcome == rotation_outcome::not_found);
  CHECK_EQ(ids_of_logins(ada), (ids{other.id}));
  const auto ended = must(store->list_ended_logins(day_one));
  REQUIRE(ended.size() == 1);
  CHECK((ended[0] == ended_login{login.id, day_one + 1s + 15min}));
}

SCENARIO("a refresh token past its time is refused") {
  const auto login = log_in(register_user("ada"));
  CHECK(rotate(login, 'a', 'b', day_one + 1h).outcome == rotation_outcome::expired);
  CHECK(rotate(login, 'a', 'b', day_one).outcome == rotation_outcome::not_found);
}

SCENARIO("one login, or all but one, is ended by its own user only") {
  const auto ada = register_user("ada");
  const auto eve = register_user("eve");
  const auto first = log_in(ada);
  const auto second = log_in(ada, day_one + 1s);
  const auto third = log_in(ada, day_one + 2s);
  CHECK_EQ(ids_of_logins(ada), (ids{third.id, second.id, first.id}));
  CHECK_EQ(code_of(store->end_login(eve.id, first.id, day_one)), "not_found");
  must(store->end_login(ada.id, first.id, day_one + 15min));
  CHECK_EQ(code_of(store->end_login(ada.id, first.id, day_one)), "not_found");
  CHECK_EQ(must(store->end_logins(ada.id, second.id, day_one + 16min)), (ids{third.id}));
  CHECK_EQ(ids_of_logins(ada), (ids{second.id}));
  CHECK_EQ(must(store->end_logins(ada.id, std::nullopt, day_one)), (ids{second.id}));
  const auto ended = must(store->list_ended_logins(day_one + 15min));
  REQUIRE(ended.size() == 1);
  CHECK(ended[0].login == third.id);
}

SCENARIO("of too many logins the one that was not used for longest is ended") {
  const auto ada = register_user("ada");
  std::vector<login_record> logins;
  for (std::size_t i = 0; i < logins_max; ++i)
    logins.push_back(log_in(ada, day_one + i * 1s));
  rotate(logins[0], 'a', 'b', day_one + 1min);
  const auto one_more = make_login(ada, day_one + 2min);
  CHECK_EQ(must(store->save_login(one_more, day_one + 2min, day_one + 17min)), (ids{logins[1].id}));
  CHECK_EQ(ids_of_logins(ada).size(), logins_max);
}

SCENARIO("a new login takes the place of one whose time is over") {
  const auto ada = register_user("ada");
  log_in(ada);
  const auto later = log_in(ada, day_one + 2h);
  CHECK_EQ(ids_of_logins(ada, day_one), (ids{later.id}));
  CHECK_EQ(code_of(store->save_login(later, day_one, day_one)), "conflict");
  CHECK_EQ(code_of(store->save_login(make_login(make_user("bob")), day_one, day_one)), "not_found");
}

SCENARIO("what is undone with its transaction leaves no user and no login") {
  const auto ada = register_user("ada");
  const auto login = log_in(ada);
  must(store->begin());
  const auto eve = register_user("eve");
  rotate(login, 'x', 'y', day_one);
  store->rollback();
  CHECK_EQ(code_of(store->find_user_by_username("eve")), "not_found");
  CHECK_EQ(ids_of_logins(ada), (ids{login.id}));
  CHECK(must(store->list_ended_logins(day_one)).empty());
}

} // namespace conformance_accounts
