#pragma once

// The accounts of the engine in memory: users and their logins. What a call promises is said in
// backend.hpp; its arguments are checked.

#include "base/result.hpp"
#include "storage/account_records.hpp"
#include "storage/memory_table.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coterie::storage {

class memory_accounts {
public:
  explicit memory_accounts(undo_log& log) : log_(log) {}

  result<taken_names> create_user(const user_record& user);
  result<taken_names> update_user(const user_record& user);
  result<user_record> find_user(user_id user) const;
  result<user_record> find_user_by_email(std::string_view email) const;
  result<user_record> find_user_by_username(std::string_view username) const;
  result<user_record> find_user_by_short_id(std::string_view short_id) const;
  std::vector<user_record> find_users(const std::vector<user_id>& users) const;

  result<std::vector<login_id>> save_login(const login_record& login, timestamp now,
                                           timestamp revoked_until);
  rotation rotate_login(const login_rotation& change);
  result<void> end_login(user_id user, login_id login, timestamp revoked_until);
  std::vector<login_id> end_logins(user_id user, std::optional<login_id> kept,
                                   timestamp revoked_until);
  std::vector<login_record> list_logins(user_id user, timestamp now) const;
  std::vector<ended_login> list_ended_logins(timestamp now);

private:
  taken_names find_taken_names(const user_record& user) const;
  void put(const user_record& user);
  /// By their last use, the newest first.
  std::vector<login_record> logins_of(user_id user) const;
  void remove_login(login_id login, timestamp revoked_until);

  undo_log& log_;
  memory_table<user_id, user_record> users_{log_};
  memory_table<std::string, user_id> by_email_{log_};    // by fold_case
  memory_table<std::string, user_id> by_username_{log_}; // by fold_case
  memory_table<login_id, login_record> logins_{log_};
  memory_table<login_id, timestamp> ended_{log_};
};

} // namespace coterie::storage
