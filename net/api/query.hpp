#pragma once

// Parameters of a query, read one by one; what is wrong is collected.

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "net/http.hpp"
#include "net/json.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace coterie::net {

/// The parameters of one request. One that is malformed adds a complaint and reads as absent.
class query_reader {
public:
  query_reader(const request& from, complaints& wrong) : from_(from), wrong_(wrong) {}

  std::optional<std::uint64_t> number(std::string_view name, std::uint64_t min,
                                      std::uint64_t max) const;
  /// RFC 3339 with an offset (2026-11-21T08:30:00.000Z), or milliseconds since the Unix epoch.
  std::optional<timestamp> time(std::string_view name) const;
  template <class Id>
  std::optional<Id> id(std::string_view name, std::string_view what) const {
    const auto text = from_.query_value(name);
    if (!text || text->empty())
      return std::nullopt;
    auto parsed = Id::parse(*text);
    if (!parsed)
      complain(name, what);
    return parsed;
  }

  void complain(std::string_view name, std::string_view what) const;

private:
  const request& from_;
  complaints& wrong_;
};

/// Nothing when `text` is not a time as query_reader::time says.
std::optional<timestamp> parse_time(std::string_view text);

} // namespace coterie::net
