#include "actors/account_rules.hpp"

#include "actors/accounts.hpp"
#include "base/text.hpp"
#include "storage/checks.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>

namespace coterie::actors {

namespace json = boost::json;

namespace {

using bounds = account_bounds;
using problems = std::vector<account_problem>;

bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_alphanumeric(char c) {
  return is_lower(c) || is_upper(c) || is_digit(c);
}

/// Of well-formed UTF-8.
std::size_t code_points(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
    text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

bool is_text(std::string_view text) {
  return is_utf8(text) && std::ranges::none_of(text, [](char c) {
           return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
         });
}

/// `local@domain.tld` of printable ASCII.
bool is_email(std::string_view text) {
  const auto at = text.find('@');
  if (at == 0 || at == std::string_view::npos || text.find('@', at + 1) != std::string_view::npos)
    return false;
  const auto domain = text.substr(at + 1);
  const auto dot = domain.rfind('.');
  if (dot == 0 || dot == std::string_view::npos || dot + 2 >= domain.size())
    return false;
  if (domain.find("..") != std::string_view::npos || domain.front() == '.')
    return false;
  constexpr std::string_view unusual = "<>()[],;:\\\"";
  return std::ranges::all_of(text, [&](char c) {
    return c > 0x20 && c < 0x7f && unusual.find(c) == std::string_view::npos;
  });
}

void check_email(const std::string& email, problems& found) {
  if (email.empty())
    found.push_back({"email", "Email is required"});
  else if (email.size() > bounds::email_bytes_max)
    found.push_back({"email", "Email must be at most " + std::to_string(bounds::email_bytes_max)
                                + " characters"});
  else if (!is_email(email))
    found.push_back({"email", "Email must look like name@example.org"});
}

void check_username(const std::string& username, problems& found) {
  if (username.size() < bounds::username_min || username.size() > bounds::username_max)
    found.push_back({"username", "Username must have " + std::to_string(bounds::username_min)
                                   + " to " + std::to_string(bounds::username_max)
                                   + " characters"});
  else if (!std::ranges::all_of(username, [](char c) { return is_alphanumeric(c) || c == '_'; }))
    found.push_back({"username", "Username may have letters, digits and underscores only"});
}

void check_person_name(std::string_view field, std::string_view what, const std::string& name,
                       problems& found) {
  if (!is_text(name))
    found.push_back({std::string(field), std::string(what) + " must be plain text"});
  else if (code_points(name) > bounds::person_name_max)
    found.push_back({std::string(field), std::string(what) + " must have at most "
                                           + std::to_string(bounds::person_name_max)
                                           + " characters"});
}

void check_password(const std::string& field, const std::string& password, problems& found) {
  constexpr std::array usual_words = {"password", "12345", "qwerty", "admin", "login", "pass"};
  if (password.size() < bounds::password_min || password.size() > bounds::password_max)
    found.push_back({field, "Password must have " + std::to_string(bounds::password_min) + " to "
                              + std::to_string(bounds::password_max) + " characters"});
  if (!std::ranges::any_of(password, is_lower) || !std::ranges::any_of(password, is_upper)
      || !std::ranges::any_of(password, is_digit))
    found.push_back(
      {field, "Password must have a lower-case letter, an upper-case letter and a digit"});
  if (!is_utf8(password) || password.find('\0') != std::string::npos)
    found.push_back({field, "Password must be text"});
  const auto folded = storage::fold_case(password);
  if (std::ranges::any_of(usual_words,
                          [&](const char* word) { return folded.find(word) != std::string::npos; }))
    found.push_back({field, "Password must not contain a word that everybody tries first"});
}

/// Text of a field that is there; null: a field that is to go.
const std::string* text_field(const json::object& from, std::string_view name, std::string& held,
                              problems& found) {
  const auto* value = from.if_contains(name);
  if (!value || value->is_null())
    return nullptr;
  const auto* text = value->if_string();
  if (!text) {
    found.push_back(
      {"profile." + std::string(name), "profile." + std::string(name) + " must be text"});
    return nullptr;
  }
  held.assign(text->data(), text->size());
  return &held;
}

void check_choice(const json::object& preferences, std::string_view name,
                  std::initializer_list<std::string_view> choices, problems& found) {
  const auto* value = preferences.if_contains(name);
  if (!value || value->is_null())
    return;
  const auto* text = value->if_string();
  if (text && std::ranges::find(choices, std::string_view(*text)) != choices.end())
    return;
  const auto field = "profile.preferences." + std::string(name);
  auto sentence = field + " must be one of";
  for (const auto& choice : choices)
    sentence += " " + std::string(choice);
  found.push_back({field, std::move(sentence)});
}

void check_number(const json::object& preferences, std::string_view name, std::int64_t least,
                  std::int64_t most, problems& found) {
  const auto* value = preferences.if_contains(name);
  if (!value || value->is_null())
    return;
  if (value->is_int64() && value->get_int64() >= least && value->get_int64() <= most)
    return;
  const auto field = "profile.preferences." + std::string(name);
  found.push_back({field, field + " must be a whole number from " + std::to_string(least) + " to "
                            + std::to_string(most)});
}

void refuse_unknown(const json::object& fields, std::string_view prefix,
                    std::initializer_list<std::string_view> known, problems& found) {
  for (const auto& field : fields)
    if (std::ranges::find(known, std::string_view(field.key())) == known.end()) {
      found.push_back(
        {std::string(prefix), std::string(prefix) + " has a field that is not known"});
      return;
    }
}

void check_profile(const std::string& text, problems& found) {
  boost::system::error_code wrong;
  const auto parsed =
    text.size() <= storage::profile_bytes_max ? json::parse(text, wrong) : json::value();
  const auto* profile = wrong ? nullptr : parsed.if_object();
  if (!profile) {
    found.push_back({"profile", "Profile must be an object of at most 4 KiB"});
    return;
  }
  refuse_unknown(*profile, "profile", {"bio", "website", "github", "preferences"}, found);
  std::string held;
  if (const auto* bio = text_field(*profile, "bio", held, found))
    if (code_points(*bio) > bounds::bio_max)
      found.push_back({"profile.bio", "profile.bio must have at most "
                                        + std::to_string(bounds::bio_max) + " characters"});
  if (const auto* website = text_field(*profile, "website", held, found)) {
    const bool is_url = website->starts_with("https://") || website->starts_with("http://");
    const bool is_plain =
      is_text(*website) && website->find_first_of(" <>\"'") == std::string::npos;
    if (!website->empty() && (!is_url || !is_plain || website->size() > bounds::website_bytes_max))
      found.push_back({"profile.website", "profile.website must be an http or https address"});
  }
  if (const auto* github = text_field(*profile, "github", held, found))
    if (github->size() > bounds::github_max
        || !std::ranges::all_of(*github, [](char c) { return is_alphanumeric(c) || c == '-'; }))
      found.push_back({"profile.github", "profile.github must be a user name there"});
  const auto* chosen = profile->if_contains("preferences");
  if (!chosen || chosen->is_null())
    return;
  const auto* preferences = chosen->if_object();
  if (!preferences) {
    found.push_back({"profile.preferences", "profile.preferences must be an object"});
    return;
  }
  refuse_unknown(*preferences, "profile.preferences", {"theme", "language", "fontSize", "tabSize"},
                 found);
  check_choice(*preferences, "theme", {"light", "dark", "auto"}, found);
  check_choice(*preferences, "language", {"javascript", "python", "java", "cpp", "c", "go", "rust"},
               found);
  check_number(*preferences, "fontSize", 10, 24, found);
  check_number(*preferences, "tabSize", 1, 8, found);
}

/// RFC 7396, one level deep.
void merge_fields(json::object& into, const json::object& changes) {
  for (const auto& change : changes)
    if (change.value().is_null())
      into.erase(change.key());
    else
      into.insert_or_assign(change.key(), change.value());
}

json::object parse_object(const std::string& text) {
  boost::system::error_code wrong;
  auto parsed = json::parse(text, wrong);
  return !wrong && parsed.is_object() ? std::move(parsed.get_object()) : json::object();
}

} // namespace

std::vector<account_problem> problems_of(const register_user& wish) {
  problems found;
  check_email(wish.email, found);
  check_username(wish.username, found);
  check_person_name("first_name", "First name", wish.first_name, found);
  check_person_name("last_name", "Last name", wish.last_name, found);
  check_password("password", wish.password, found);
  const auto folded = storage::fold_case(wish.password);
  if (!wish.username.empty() && folded == storage::fold_case(wish.username))
    found.push_back({"password", "Password must not be the username"});
  if (!wish.email.empty() && folded == storage::fold_case(wish.email))
    found.push_back({"password", "Password must not be the email address"});
  return found;
}

std::vector<account_problem> problems_of(const change_profile& wish) {
  problems found;
  if (wish.username)
    check_username(*wish.username, found);
  if (wish.first_name)
    check_person_name("first_name", "First name", *wish.first_name, found);
  if (wish.last_name)
    check_person_name("last_name", "Last name", *wish.last_name, found);
  if (wish.profile)
    check_profile(*wish.profile, found);
  return found;
}

std::vector<account_problem> problems_of(const change_password& wish) {
  problems found;
  check_password("new_password", wish.next, found);
  if (wish.next == wish.current)
    found.push_back({"new_password", "The new password must differ from the current one"});
  return found;
}

std::string clean_name(std::string_view text) {
  std::string cleaned;
  for (const char c : text)
    if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f && c != '<' && c != '>')
      cleaned += c;
  const auto first = cleaned.find_first_not_of(' ');
  if (first == std::string::npos)
    return {};
  return cleaned.substr(first, cleaned.find_last_not_of(' ') - first + 1);
}

std::string merge_profile(const std::string& stored, const std::string& changes) {
  auto profile = parse_object(stored);
  auto wanted = parse_object(changes);
  if (auto* preferences = wanted.if_contains("preferences");
      preferences && preferences->is_object()) {
    auto* known = profile.if_contains("preferences");
    auto merged = known && known->is_object() ? known->get_object() : json::object();
    merge_fields(merged, preferences->get_object());
    *preferences = std::move(merged);
  }
  merge_fields(profile, wanted);
  return json::serialize(profile);
}

result<void> accept(const std::vector<account_problem>& found) {
  if (found.empty())
    return {};
  std::string sentence;
  for (const auto& each : found)
    sentence += (sentence.empty() ? "" : "; ") + each.sentence;
  return {errc::invalid_argument, std::move(sentence)};
}

} // namespace coterie::actors
