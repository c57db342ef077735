#include "storage/records.hpp"

#include "base/text.hpp"

#include <array>
#include <utility>

namespace coterie::storage {

namespace {

using namespace std::string_view_literals;

// The names of an enumeration in the order of its values.
constexpr std::array job_status_names{"QUEUED"sv, "RUNNING"sv, "COMPLETED"sv,
                                      "FAILED"sv, "TIMEOUT"sv, "CANCELLED"sv};
constexpr std::array visibility_names{"link"sv, "invite"sv, "private"sv};
constexpr std::array room_status_names{"active"sv, "inactive"sv};
constexpr std::array role_names{"viewer"sv, "editor"sv, "owner"sv};

template <class Enum, std::size_t Size>
std::string_view name_of(const std::array<std::string_view, Size>& names, Enum value) noexcept {
  const auto at = static_cast<std::size_t>(value);
  return at < Size ? names[at] : "unknown"sv;
}

template <class Enum, std::size_t Size>
std::optional<Enum> parse(const std::array<std::string_view, Size>& names,
                          std::string_view text) noexcept {
  for (std::size_t at = 0; at < Size; ++at)
    if (names[at] == text)
      return static_cast<Enum>(at);
  return std::nullopt;
}

} // namespace

std::string_view to_string(job_status status) noexcept {
  return name_of(job_status_names, status);
}

std::optional<job_status> parse_job_status(std::string_view text) noexcept {
  return parse<job_status>(job_status_names, text);
}

std::string_view to_string(visibility seen_by) noexcept {
  return name_of(visibility_names, seen_by);
}

std::optional<visibility> parse_visibility(std::string_view text) noexcept {
  return parse<visibility>(visibility_names, text);
}

std::string_view to_string(room_status status) noexcept {
  return name_of(room_status_names, status);
}

std::optional<room_status> parse_room_status(std::string_view text) noexcept {
  return parse<room_status>(room_status_names, text);
}

std::string_view to_string(role grants) noexcept {
  return name_of(role_names, grants);
}

std::optional<role> parse_role(std::string_view text) noexcept {
  return parse<role>(role_names, text);
}

std::string fold_case(std::string_view text) {
  std::string folded(text);
  for (auto& c : folded)
    if (c >= 'A' && c <= 'Z')
      c = static_cast<char>(c - 'A' + 'a');
  return folded;
}

std::string short_id(user_id user) {
  auto digits = user.str();
  std::erase(digits, '-');
  digits.resize(short_id_digits);
  return digits;
}

std::optional<std::pair<user_id, user_id>> short_id_range(std::string_view short_id) {
  if (short_id.size() != short_id_digits)
    return std::nullopt;
  uuid_bytes first{};
  uuid_bytes last;
  last.fill(0xff);
  for (std::size_t i = 0; i < short_id_digits / 2; ++i) {
    const int high = hex_value(short_id[2 * i]);
    const int low = hex_value(short_id[2 * i + 1]);
    if (high < 0 || low < 0)
      return std::nullopt;
    first[i] = last[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return std::pair{user_id{first}, user_id{last}};
}

} // namespace coterie::storage
