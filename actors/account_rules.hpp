#pragma once

// What people may choose for their account. Every surface asks the same rules, and shows what is
// wrong in its own words' place.

#include "base/result.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coterie::actors {

struct register_user;   // actors/accounts.hpp
struct change_profile;  // actors/accounts.hpp
struct change_password; // actors/accounts.hpp

struct account_bounds {
  static constexpr std::size_t email_bytes_max = 254; ///< RFC 5321, 4.5.3.1.3, without brackets
  static constexpr std::size_t username_min = 3;
  static constexpr std::size_t username_max = 30;
  static constexpr std::size_t password_min = 8;
  /// Bytes. Also keeps the cost of one hash from being the client's choice.
  static constexpr std::size_t password_max = 128;
  static constexpr std::size_t person_name_max = 50; ///< first and last name, code points
  static constexpr std::size_t bio_max = 500;        ///< code points
  static constexpr std::size_t website_bytes_max = 200;
  static constexpr std::size_t github_max = 39; ///< that service's own limit
};

/// What is wrong with one field.
struct account_problem {
  std::string field;    ///< "email", "profile.bio", "new_password"
  std::string sentence; ///< names what it is about, for people
};

/// One for each thing that is wrong; empty: nothing is. Email: `local@domain.tld`, ASCII.
/// Username: 3 to 30 of A-Z a-z 0-9 _. Password: 8 to 128 bytes with a lower-case letter, an
/// upper-case letter and a digit, not one of the usual words, unlike the account's names. Names: at
/// most 50 characters.
std::vector<account_problem> problems_of(const register_user& wish);
std::vector<account_problem> problems_of(const change_profile& wish);
/// Of the new password alone: whether the current one is right is for the accounts actor to say.
std::vector<account_problem> problems_of(const change_password& wish);

/// `text` without control characters, `<` and `>`, and without white space at its ends: names are
/// shown in pages that other people wrote.
std::string clean_name(std::string_view text);

/// The stored profile with the changes of `change_profile::profile`: null removes a field,
/// `preferences` is merged field by field, anything else replaces. Both are JSON objects.
std::string merge_profile(const std::string& stored, const std::string& changes);

/// errc::invalid_argument with all the problems in one sentence; success when there are none.
result<void> accept(const std::vector<account_problem>& problems);

} // namespace coterie::actors
