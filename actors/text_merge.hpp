#pragma once

// Three texts into one: what a client knew, what it wants, and what others made of it meanwhile.

#include "base/result.hpp"
#include "crdt/doc.hpp"

#include <string_view>

namespace coterie::actors {

/// Makes `body` what a client wants that last knew it as `base`: only what the client changed is
/// changed, and what others typed since then stays. Where both inserted at one place, the client's
/// text comes first. errc::too_large when the document would pass its limits.
result<void> merge_text(crdt::transaction& edit, const crdt::shared_type& body,
                        std::string_view base, std::string_view wanted);

} // namespace coterie::actors
