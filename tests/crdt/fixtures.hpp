#pragma once

// The files of tests/golden/yjs: what Yjs itself writes and how it behaves. Their README says what
// each holds. What is missing or of another shape throws, which fails the test that asked.

#include "crdt/any.hpp"

#include <boost/json/value.hpp>

#include <string>
#include <string_view>

namespace coterie::crdt::fixtures {

/// tests/golden/yjs/<name>.json; read once.
const boost::json::value& load(std::string_view name);

/// A JSON string.
std::string_view text_of(const boost::json::value& string);

/// The bytes behind base64, as most fields hold them.
std::string from_base64(std::string_view text);

/// The bytes behind pairs of hexadecimal digits, as fields called `hex` hold them.
std::string from_hex(std::string_view text);

/// A JSON value in which {"$bin"}, {"$undef"}, {"$big"} and {"$num"} stand for what JSON lacks.
any to_any(const boost::json::value& tagged);

} // namespace coterie::crdt::fixtures
