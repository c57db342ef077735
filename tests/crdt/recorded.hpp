#pragma once

// The recorded cases of tests/golden/yjs, as the suites about documents walk through them.

#include "tests/crdt/fixtures.hpp"

#include <boost/json.hpp>

#include <stdexcept>
#include <string>
#include <string_view>

namespace coterie::crdt::testing {

inline const boost::json::value& fixture(std::string_view file) {
  return fixtures::load(file);
}

inline const boost::json::array& cases_of(std::string_view file) {
  return fixture(file).at("cases").as_array();
}

inline std::string text_of(const boost::json::value& string) {
  return std::string(fixtures::text_of(string));
}

inline const boost::json::object& case_named(std::string_view file, std::string_view name) {
  for (const auto& c : cases_of(file))
    if (fixtures::text_of(c.at("name")) == name)
      return c.as_object();
  throw std::runtime_error("no case " + std::string(name) + " in " + std::string(file));
}

/// The bytes behind a base64 field.
inline std::string bytes_of(const boost::json::value& base64) {
  return fixtures::from_base64(fixtures::text_of(base64));
}

} // namespace coterie::crdt::testing
