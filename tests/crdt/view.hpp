#pragma once

// What a document shows, as the JSON in which the fixtures write it down: byte strings and numbers
// that JSON cannot carry are tagged, all other numbers are doubles.

#include "crdt/doc.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <string>
#include <string_view>

namespace coterie::crdt::testing {

/// {"$bin":base64}, {"$undef":1}, {"$big":"123"}, {"$num":"NaN"|"Infinity"|"-Infinity"|"-0"}, or
/// the value itself.
boost::json::value plain(const any& value);

/// A type as its toJSON gives it.
boost::json::value plain(const shared_type& type);
boost::json::value plain(const shared_value& value);

/// Rich text: a list of {insert, attributes}.
boost::json::value plain_delta(const shared_type& text);

/// One root as a fixture's `kind` reads it: text, rich, map, array or xml.
boost::json::value view_root(doc& document, std::string_view name, std::string_view kind);

/// Every root of `roots` (name to kind).
boost::json::object view(doc& document, const boost::json::object& roots);

/// The order of all units, tombstones included, as the fixtures' `order`.
boost::json::object order(doc& document, const boost::json::object& roots);

/// `value` with every number as a double, so that equality does not depend on how it was written.
boost::json::value with_doubles(const boost::json::value& value);

} // namespace coterie::crdt::testing
