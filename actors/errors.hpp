#pragma once

// Between failures (below the actors) and CAF errors (among them): the only place that maps.

#include "actors/message_ids.hpp"
#include "base/result.hpp"

#include <caf/error.hpp>

namespace coterie::actors {

/// `why` as an error with its detail, and when to try again, as context.
caf::error to_error(const failure& why);

/// The failure in an error of ours; CAF's own codes become timeout, unavailable or internal.
failure to_failure(const caf::error& why);

} // namespace coterie::actors
