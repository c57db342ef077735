#pragma once

// What lib/engine.mjs reads.

#include "crowd.hpp"
#include "load.hpp"

#include <string>

namespace yload {

/// One JSON object.
std::string report(const options& wanted, const crowd& everybody, const run_figures& found);

} // namespace yload
