// People with an account, and their logins.

#include "storage/checks.hpp"
#include "storage/sqlite_backend.hpp"

namespace coterie::storage {

namespace {

/// The columns that read_user reads, of the users that meet the condition.
std::string select_users(std::string_view condition) {
  return "SELECT id, email, username, first_name, last_name, password_hash, is_admin, is_active,"
         " profile, created_at, updated_at FROM account WHERE "
         + std::string(condition);
}

user_record read_user(const sqlite_query& row) {
  user_record user;
  user.id = row.id<user_id>(0);
  user.email = row.bytes(1);
  user.username = row.bytes(2);
  user.first_name = row.bytes(3);
  user.last_name = row.bytes(4);
  user.password_hash = row.bytes(5);
  user.is_admin = row.integer(6) != 0;
  user.is_active = row.integer(7) != 0;
  user.profile = row.bytes(8);
  user.created_at = row.time(9);
  user.updated_at = row.time(10);
  return user;
}

/// The user that the query steps to.
result<user_record> read_one(sqlite_query& query) {
  if (auto ok = query.next_or(no_such_user()); !ok)
    return ok.why();
  return read_user(query);
}

} // namespace

result<taken_names> sqlite_backend::find_taken_names(const user_record& user) {
  auto by_email = db_->query("SELECT 1 FROM account WHERE email_key = ? AND id <> ?");
  const auto email_key = fold_case(user.email);
  const auto has_email = by_email.bind(text(email_key), user.id).next();
  if (!has_email)
    return has_email.why();
  auto by_name = db_->query("SELECT 1 FROM account WHERE username_key = ? AND id <> ?");
  const auto username_key = fold_case(user.username);
  const auto has_name = by_name.bind(text(username_key), user.id).next();
  if (!has_name)
    return has_name.why();
  return taken_names{*has_email, *has_name};
}

result<taken_names> sqlite_backend::create_user(const user_record& user) {
  if (auto ok = check_user(user); !ok)
    return ok.why();
  return atomically([&]() -> result<taken_names> {
    if (const auto same = find_user_by_short_id(short_id(user.id)); same)
      return {errc::conflict, "a user with this id exists"};
    else if (same.why().code != errc::not_found)
      return same.why();
    const auto taken = find_taken_names(user);
    if (!taken || taken->any())
      return taken;
    auto insert =
      db_->query("INSERT INTO account (id, email, username, first_name, last_name, password_hash,"
                 " is_admin, is_active, profile, created_at, updated_at, email_key, username_key)"
                 " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    const auto email_key = fold_case(user.email);
    const auto username_key = fold_case(user.username);
    auto ok = insert
                .bind(user.id, text(user.email), text(user.username), text(user.first_name),
                      text(user.last_name), text(user.password_hash), user.is_admin, user.is_active,
                      text(user.profile), user.created_at, user.updated_at, text(email_key),
                      text(username_key))
                .run();
    if (!ok)
      return ok.why();
    return taken_names{};
  });
}

result<taken_names> sqlite_backend::update_user(const user_record& user) {
  if (auto ok = check_user(user); !ok)
    return ok.why();
  return atomically([&]() -> result<taken_names> {
    if (auto known = find_user(user.id); !known)
      return known.why();
    const auto taken = find_taken_names(user);
    if (!taken || taken->any())
      return taken;
    auto update =
      db_->query("UPDATE account SET email = ?, email_key = ?, username = ?, username_key = ?,"
                 " first_name = ?, last_name = ?, password_hash = ?, is_admin = ?, is_active = ?,"
                 " profile = ?, updated_at = ? WHERE id = ?");
    const auto email_key = fold_case(user.email);
    const auto username_key = fold_case(user.username);
    auto ok = update
                .bind(text(user.email), text(email_key), text(user.username), text(username_key),
                      text(user.first_name), text(user.last_name), text(user.password_hash),
                      user.is_admin, user.is_active, text(user.profile), user.updated_at, user.id)
                .run();
    if (!ok)
      return ok.why();
    return taken_names{};
  });
}

result<user_record> sqlite_backend::find_user(user_id user) {
  auto select = db_->query(select_users("id = ?"));
  return read_one(select.bind(user));
}

result<user_record> sqlite_backend::find_user_by_email(std::string_view email) {
  auto select = db_->query(select_users("email_key = ?"));
  const auto key = fold_case(email);
  return read_one(select.bind(text(key)));
}

result<user_record> sqlite_backend::find_user_by_username(std::string_view username) {
  auto select = db_->query(select_users("username_key = ?"));
  const auto key = fold_case(username);
  return read_one(select.bind(text(key)));
}

result<user_record> sqlite_backend::find_user_by_short_id(std::string_view short_id) {
  const auto range = short_id_range(short_id);
  if (!range)
    return no_such_user();
  auto select = db_->query(select_users("id BETWEEN ? AND ?"));
  return read_one(select.bind(range->first, range->second));
}

result<std::vector<user_record>> sqlite_backend::find_users(const std::vector<user_id>& users) {
  if (auto ok = check_user_listing(users); !ok)
    return ok.why();
  std::vector<user_record> found;
  for (const auto& user : users) {
    auto one = find_user(user);
    if (one)
      found.push_back(std::move(*one));
    else if (one.why().code != errc::not_found)
      return one.why();
  }
  return found;
}

result<std::vector<login_id>> sqlite_backend::save_login(const login_record& login, timestamp now,
                                                         timestamp revoked_until) {
  if (auto ok = check_new_login(login); !ok)
    return ok.why();
  return atomically([&]() -> result<std::vector<login_id>> {
    if (auto known = find_user(login.user); !known)
      return known.why();
    auto same = db_->query("SELECT 1 FROM login WHERE id = ?");
    const auto exists = same.bind(login.id).next();
    if (!exists)
      return exists.why();
    if (*exists)
      return {errc::conflict, "a login with this id exists"};
    auto forget = db_->query("DELETE FROM ended_login WHERE until <= ?");
    if (auto ok = forget.bind(now).run(); !ok)
      return ok.why();
    auto expire = db_->query("DELETE FROM login WHERE account = ? AND expires_at <= ?");
    if (auto ok = expire.bind(login.user, now).run(); !ok)
      return ok.why();
    std::vector<login_id> ended;
    auto oldest = db_->query("SELECT id FROM login WHERE account = ?"
                             " ORDER BY last_used_at DESC, id LIMIT -1 OFFSET ?");
    auto done = oldest.bind(login.user, static_cast<std::int64_t>(logins_max - 1))
                  .for_each([&](const sqlite_query& row) { ended.push_back(row.id<login_id>(0)); });
    for (const auto& each : ended)
      if (done)
        done = remove_login(each, revoked_until);
    if (!done)
      return done.why();
    auto insert = db_->query("INSERT INTO login (id, account, secret_hash, client, created_at,"
                             " last_used_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)");
    done = insert
             .bind(login.id, login.user, blob(login.secret_hash), text(login.client),
                   login.created_at, login.last_used_at, login.expires_at)
             .run();
    if (!done)
      return done.why();
    return ended;
  });
}

result<rotation> sqlite_backend::rotate_login(const login_rotation& change) {
  if (auto ok = check_rotation(change); !ok)
    return ok.why();
  return atomically([&]() -> result<rotation> {
    auto select = db_->query("SELECT account, secret_hash, expires_at FROM login WHERE id = ?");
    const auto known = select.bind(change.login).next();
    if (!known)
      return known.why();
    if (!*known)
      return rotation{};
    const auto user = select.id<user_id>(0);
    const bool is_newest = select.bytes(1) == change.presented_hash;
    const bool is_expired = select.time(2) <= change.now;
    if (is_expired || !is_newest) {
      if (auto ok = remove_login(change.login, change.revoked_until); !ok)
        return ok.why();
      return rotation{is_expired ? rotation_outcome::expired : rotation_outcome::reused, user};
    }
    auto update = db_->query("UPDATE login SET secret_hash = ?, last_used_at = ?, expires_at = ?"
                             " WHERE id = ?");
    auto ok =
      update.bind(blob(change.next_hash), change.now, change.expires_at, change.login).run();
    if (!ok)
      return ok.why();
    return rotation{rotation_outcome::rotated, user};
  });
}

result<void> sqlite_backend::end_login(user_id user, login_id login, timestamp revoked_until) {
  return atomically([&]() -> result<void> {
    auto select = db_->query("SELECT 1 FROM login WHERE id = ? AND account = ?");
    if (auto ok = select.bind(login, user).next_or(no_such_login()); !ok)
      return ok;
    return remove_login(login, revoked_until);
  });
}

result<std::vector<login_id>> sqlite_backend::end_logins(user_id user, std::optional<login_id> kept,
                                                         timestamp revoked_until) {
  return atomically([&]() -> result<std::vector<login_id>> {
    std::vector<login_id> ended;
    auto select = db_->query("SELECT id FROM login WHERE account = ?");
    auto done = select.bind(user).for_each([&](const sqlite_query& row) {
      if (const auto each = row.id<login_id>(0); each != kept)
        ended.push_back(each);
    });
    for (const auto& each : ended)
      if (done)
        done = remove_login(each, revoked_until);
    if (!done)
      return done.why();
    return ended;
  });
}

result<std::vector<login_record>> sqlite_backend::list_logins(user_id user, timestamp now) {
  std::vector<login_record> listed;
  auto select = db_->query("SELECT id, account, secret_hash, client, created_at, last_used_at,"
                           " expires_at FROM login WHERE account = ? AND expires_at > ?"
                           " ORDER BY last_used_at DESC, id");
  const auto done = select.bind(user, now).for_each([&](const sqlite_query& row) {
    listed.push_back({row.id<login_id>(0), row.id<user_id>(1), row.bytes(2), row.bytes(3),
                      row.time(4), row.time(5), row.time(6)});
  });
  if (!done)
    return done.why();
  return listed;
}

result<std::vector<ended_login>> sqlite_backend::list_ended_logins(timestamp now) {
  return atomically([&]() -> result<std::vector<ended_login>> {
    auto forget = db_->query("DELETE FROM ended_login WHERE until <= ?");
    if (auto ok = forget.bind(now).run(); !ok)
      return ok.why();
    std::vector<ended_login> listed;
    auto select = db_->query("SELECT id, until FROM ended_login ORDER BY until DESC LIMIT ?");
    const auto done = select.bind(static_cast<std::int64_t>(ended_logins_max))
                        .for_each([&](const sqlite_query& row) {
                          listed.push_back({row.id<login_id>(0), row.time(1)});
                        });
    if (!done)
      return done.why();
    return listed;
  });
}

result<void> sqlite_backend::remove_login(login_id login, timestamp revoked_until) {
  auto remove = db_->query("DELETE FROM login WHERE id = ?");
  if (auto ok = remove.bind(login).run(); !ok)
    return ok;
  auto remember = db_->query("INSERT INTO ended_login (id, until) VALUES (?, ?)"
                             " ON CONFLICT (id) DO UPDATE SET until = max(until, excluded.until)");
  return remember.bind(login, revoked_until).run();
}

} // namespace coterie::storage
