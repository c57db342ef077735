#pragma once

// The operator's config file: what it sets, or what is wrong with it and where.

#include "base/result.hpp"
#include "config/settings.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coterie::net {

struct config_file {
  std::vector<config::named_value> values;              ///< "group.name" and text, by file order
  std::vector<std::pair<std::string, std::string>> caf; ///< the group caf, for CAF itself
};

/// Reads the file at `path`. errc::invalid_argument with a sentence for the operator that begins
/// with the path and, where it is known, the line.
result<config_file> read_config_file(const std::string& path);

/// The same for what stands in a file. CAF's syntax: NAME = VALUE, GROUP { ... }, # comments. What
/// CAF drops without a word is refused: keys with dots, groups that do not end, a file that ends
/// in the middle of a setting.
result<config_file> parse_config_file(std::string_view text, const std::string& path);

} // namespace coterie::net
