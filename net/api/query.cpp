#include "net/api/query.hpp"

#include <charconv>

namespace coterie::net {

namespace {

using std::chrono::milliseconds;

// The end of the year 9999: what RFC 3339 can say.
constexpr std::int64_t epoch_ms_max = 253'402'300'799'999;

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto* end = text.data() + text.size();
  const auto [stop, problem] = std::from_chars(text.data(), end, value);
  if (problem != std::errc{} || stop != end)
    return std::nullopt;
  return value;
}

/// Takes fixed parts from the front of a text.
class time_scanner {
public:
  explicit time_scanner(std::string_view text) : left_(text) {}

  int digits(std::size_t count) {
    if (left_.size() < count)
      return fail();
    const auto value = parse_number(left_.substr(0, count));
    if (!value)
      return fail();
    left_.remove_prefix(count);
    return static_cast<int>(*value);
  }
  bool take(std::string_view any_of) {
    if (left_.empty() || any_of.find(left_.front()) == any_of.npos)
      return false;
    taken_ = left_.front();
    left_.remove_prefix(1);
    return true;
  }
  void expect(std::string_view any_of) {
    if (!take(any_of))
      fail();
  }
  /// Digits of a fraction of a second, as milliseconds; what is finer is left out.
  milliseconds fraction() {
    int value = 0;
    int count = 0;
    while (!left_.empty() && left_.front() >= '0' && left_.front() <= '9') {
      if (count++ < 3)
        value = value * 10 + (left_.front() - '0');
      left_.remove_prefix(1);
    }
    if (count == 0)
      fail();
    for (; count < 3; ++count)
      value *= 10;
    return milliseconds{value};
  }
  char taken() const {
    return taken_;
  }
  bool is_done() const {
    return is_good_ && left_.empty();
  }
  int fail() {
    is_good_ = false;
    left_ = {};
    return 0;
  }

private:
  std::string_view left_;
  char taken_ = 0;
  bool is_good_ = true;
};

std::optional<timestamp> parse_rfc3339(std::string_view text) {
  time_scanner in(text);
  const std::chrono::year year{in.digits(4)};
  in.expect("-");
  const std::chrono::month month{static_cast<unsigned>(in.digits(2))};
  in.expect("-");
  const std::chrono::day day{static_cast<unsigned>(in.digits(2))};
  in.expect("Tt ");
  const int hours = in.digits(2);
  in.expect(":");
  const int minutes = in.digits(2);
  in.expect(":");
  const int seconds = in.digits(2);
  const auto fraction = in.take(".") ? in.fraction() : milliseconds{0};
  std::chrono::minutes offset{0};
  // A '+' that was not escaped is a space by the rules of queries.
  if (!in.take("Zz")) {
    in.expect("+- ");
    const int sign = in.taken() == '-' ? -1 : 1;
    const int offset_hours = in.digits(2);
    in.expect(":");
    const int offset_minutes = in.digits(2);
    if (offset_hours > 23 || offset_minutes > 59)
      in.fail();
    offset = std::chrono::minutes{sign * (offset_hours * 60 + offset_minutes)};
  }
  const auto date = year / month / day;
  if (!in.is_done() || !date.ok() || hours > 23 || minutes > 59 || seconds > 60)
    return std::nullopt;
  return std::chrono::sys_days{date} + std::chrono::hours{hours} + std::chrono::minutes{minutes}
         + std::chrono::seconds{seconds} + fraction - offset;
}

} // namespace

std::optional<timestamp> parse_time(std::string_view text) {
  if (const auto epoch_ms = parse_number(text))
    return *epoch_ms <= static_cast<std::uint64_t>(epoch_ms_max)
             ? std::optional(timestamp{milliseconds{static_cast<std::int64_t>(*epoch_ms)}})
             : std::nullopt;
  return parse_rfc3339(text);
}

void query_reader::complain(std::string_view name, std::string_view what) const {
  wrong_.push_back(std::string(name) + ": " + std::string(what));
}

std::optional<std::uint64_t> query_reader::number(std::string_view name, std::uint64_t min,
                                                  std::uint64_t max) const {
  const auto text = from_.query_value(name);
  if (!text)
    return std::nullopt;
  const auto value = parse_number(*text);
  if (value && *value >= min && *value <= max)
    return value;
  complain(name, "must be a number from " + std::to_string(min) + " to " + std::to_string(max));
  return std::nullopt;
}

std::optional<timestamp> query_reader::time(std::string_view name) const {
  const auto text = from_.query_value(name);
  if (!text)
    return std::nullopt;
  const auto value = parse_time(*text);
  if (!value)
    complain(name, "must be a time such as 2026-11-21T08:30:00.000Z, or milliseconds since 1970");
  return value;
}

} // namespace coterie::net
