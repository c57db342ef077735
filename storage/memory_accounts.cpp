#include "storage/memory_accounts.hpp"

#include "storage/checks.hpp"

#include <algorithm>
#include <tuple>

namespace coterie::storage {

taken_names memory_accounts::find_taken_names(const user_record& user) const {
  const auto* email = by_email_.find(fold_case(user.email));
  const auto* username = by_username_.find(fold_case(user.username));
  return {email && *email != user.id, username && *username != user.id};
}

void memory_accounts::put(const user_record& user) {
  by_email_.put(fold_case(user.email), user.id);
  by_username_.put(fold_case(user.username), user.id);
  users_.put(user.id, user);
}

result<taken_names> memory_accounts::create_user(const user_record& user) {
  if (find_user_by_short_id(short_id(user.id)))
    return {errc::conflict, "a user with this id exists"};
  const auto taken = find_taken_names(user);
  if (!taken.any())
    put(user);
  return taken;
}

result<taken_names> memory_accounts::update_user(const user_record& user) {
  const auto* known = users_.find(user.id);
  if (!known)
    return no_such_user();
  const auto taken = find_taken_names(user);
  if (taken.any())
    return taken;
  auto changed = user;
  changed.created_at = known->created_at;
  by_email_.erase(fold_case(known->email));
  by_username_.erase(fold_case(known->username));
  put(changed);
  return taken;
}

result<user_record> memory_accounts::find_user(user_id user) const {
  const auto* found = users_.find(user);
  if (!found)
    return no_such_user();
  return *found;
}

result<user_record> memory_accounts::find_user_by_email(std::string_view email) const {
  const auto* user = by_email_.find(fold_case(email));
  return find_user(user ? *user : user_id{});
}

result<user_record> memory_accounts::find_user_by_username(std::string_view username) const {
  const auto* user = by_username_.find(fold_case(username));
  return find_user(user ? *user : user_id{});
}

result<user_record> memory_accounts::find_user_by_short_id(std::string_view short_id) const {
  const auto range = short_id_range(short_id);
  if (!range)
    return no_such_user();
  const auto found = users_.rows().lower_bound(range->first);
  if (found == users_.rows().end() || found->first > range->second)
    return no_such_user();
  return found->second;
}

std::vector<user_record> memory_accounts::find_users(const std::vector<user_id>& users) const {
  std::vector<user_record> found;
  for (const auto& id : users)
    if (const auto* user = users_.find(id))
      found.push_back(*user);
  return found;
}

std::vector<login_record> memory_accounts::logins_of(user_id user) const {
  std::vector<login_record> found;
  for (const auto& [id, login] : logins_.rows())
    if (login.user == user)
      found.push_back(login);
  std::ranges::sort(found, [](const login_record& a, const login_record& b) {
    return std::tie(b.last_used_at, a.id) < std::tie(a.last_used_at, b.id);
  });
  return found;
}

result<std::vector<login_id>> memory_accounts::save_login(const login_record& login, timestamp now,
                                                          timestamp revoked_until) {
  if (!users_.has(login.user))
    return no_such_user();
  if (logins_.has(login.id))
    return {errc::conflict, "a login with this id exists"};
  list_ended_logins(now); // forgets those that are past
  std::vector<login_id> ended;
  std::size_t kept = 1; // the new one
  for (const auto& each : logins_of(login.user))
    if (each.expires_at <= now) {
      logins_.erase(each.id);
    } else if (++kept > logins_max) {
      remove_login(each.id, revoked_until);
      ended.push_back(each.id);
    }
  logins_.put(login.id, login);
  return ended;
}

rotation memory_accounts::rotate_login(const login_rotation& change) {
  const auto* known = logins_.find(change.login);
  if (!known)
    return {};
  const auto user = known->user;
  const bool is_expired = known->expires_at <= change.now;
  if (is_expired || known->secret_hash != change.presented_hash) {
    remove_login(change.login, change.revoked_until);
    return {is_expired ? rotation_outcome::expired : rotation_outcome::reused, user};
  }
  auto next = *known;
  next.secret_hash = change.next_hash;
  next.last_used_at = change.now;
  next.expires_at = change.expires_at;
  logins_.put(change.login, std::move(next));
  return {rotation_outcome::rotated, user};
}

result<void> memory_accounts::end_login(user_id user, login_id login, timestamp revoked_until) {
  const auto* known = logins_.find(login);
  if (!known || known->user != user)
    return no_such_login();
  remove_login(login, revoked_until);
  return {};
}

std::vector<login_id> memory_accounts::end_logins(user_id user, std::optional<login_id> kept,
                                                  timestamp revoked_until) {
  std::vector<login_id> ended;
  for (const auto& each : logins_of(user))
    if (each.id != kept) {
      remove_login(each.id, revoked_until);
      ended.push_back(each.id);
    }
  return ended;
}

std::vector<login_record> memory_accounts::list_logins(user_id user, timestamp now) const {
  auto listed = logins_of(user);
  std::erase_if(listed, [now](const login_record& login) { return login.expires_at <= now; });
  return listed;
}

std::vector<ended_login> memory_accounts::list_ended_logins(timestamp now) {
  std::vector<ended_login> listed;
  std::vector<login_id> past;
  for (const auto& [id, until] : ended_.rows())
    if (until > now)
      listed.push_back({id, until});
    else
      past.push_back(id);
  for (const auto& id : past)
    ended_.erase(id);
  std::ranges::sort(listed, std::greater<>(), &ended_login::until);
  listed.resize(std::min(listed.size(), ended_logins_max));
  return listed;
}

void memory_accounts::remove_login(login_id login, timestamp revoked_until) {
  logins_.erase(login);
  const auto* known = ended_.find(login);
  ended_.put(login, known ? std::max(*known, revoked_until) : revoked_until);
}

} // namespace coterie::storage
