#pragma once

#include <string_view>

namespace coterie::config {

/// The patterns of config/ignored_paths.txt, for sandbox::ignore_rules::parse.
std::string_view default_ignored_paths();

} // namespace coterie::config
