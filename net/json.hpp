#pragma once

// JSON bodies of requests, read field by field. What is wrong is collected, so that a client
// hears about all of it at once.

#include "base/result.hpp"
#include "net/http.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coterie::net {

struct json_bounds {
  static constexpr std::size_t depth_max = 32; ///< arrays and objects inside each other
};

/// The one JSON object that `body` holds. errc::invalid_argument when it is not JSON (RFC 8259,
/// UTF-8), nests too deep or is another kind of value. Of equal names the last one counts.
result<boost::json::object> parse_json_object(std::string_view body);

/// The same, with an empty body read as `{}`.
result<boost::json::object> parse_optional_json_object(std::string_view body);

/// Complaints about a request, each "<field>: <what is wrong>".
using complaints = std::vector<std::string>;

/// The fields of one object. A field that is null counts as absent; a field of the wrong type or
/// outside its bounds adds a complaint and reads as absent. Fields that nobody asks for are
/// ignored: clients may be newer than the server.
class field_reader {
public:
  /// `prefix` names the place of the object in the body: "files[2].", or nothing at the top.
  field_reader(const boost::json::object& from, complaints& wrong, std::string prefix = {});

  std::optional<std::string> text(std::string_view name, std::size_t bytes_max) const;
  std::optional<bool> flag(std::string_view name) const;
  /// An integer from 1 to `max`.
  std::optional<std::uint64_t> positive(std::string_view name, std::uint64_t max) const;
  /// Strings without NUL.
  std::optional<std::vector<std::string>> texts(std::string_view name, std::size_t count_max,
                                                std::size_t bytes_max) const;
  const boost::json::object* object(std::string_view name) const;
  /// The objects of a list; null when absent.
  std::optional<std::vector<const boost::json::object*>> objects(std::string_view name,
                                                                 std::size_t count_max) const;
  /// Base64 (RFC 4648, 4), decoded.
  std::optional<std::string> base64(std::string_view name, std::size_t bytes_max) const;

  /// The reader for an object inside this one; `prefix` is its place: "limits.".
  field_reader below(std::string_view prefix, const boost::json::object& inner) const;

  bool has(std::string_view name) const;
  void complain(std::string_view name, std::string_view what) const;

private:
  const boost::json::value* find(std::string_view name) const;
  const boost::json::array* list(std::string_view name, std::size_t count_max) const;

  const boost::json::object& from_;
  complaints& wrong_;
  std::string prefix_;
};

/// `body` as an answer.
response json_response(unsigned status, const boost::json::object& body);

/// An answer without a body: 204 and the like.
response empty_response(unsigned status);

} // namespace coterie::net
