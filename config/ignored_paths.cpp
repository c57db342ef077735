#include "config/ignored_paths.hpp"

#include "builtin_ignored_paths.hpp"

namespace coterie::config {

std::string_view default_ignored_paths() {
  return builtin_ignored_paths;
}

} // namespace coterie::config
