#pragma once

// What programs find in their environment.

#include <string>
#include <vector>

namespace coterie::sandbox {

/// The environment of a program: ours, then what is added or replaces it by name.
std::vector<std::string> make_environment(const std::vector<std::string>& added);

/// That of a terminal's programs: TERM and what a shell is to know besides.
std::vector<std::string> make_terminal_environment(const std::vector<std::string>& added);

} // namespace coterie::sandbox
