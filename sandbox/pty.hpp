#pragma once

// Helper side: pseudo-terminals of the container's own devpts.

#include "sandbox/wire.hpp"

namespace coterie::sandbox {

/// Both ends of a pseudo-terminal.
struct pty {
  unique_fd master; ///< non-blocking
  unique_fd slave;
};

/// Opens one that belongs to user and group `owner`, of the given size. Nobody's controlling
/// terminal yet.
wire::trouble open_pty(std::uint32_t owner, std::uint32_t rows, std::uint32_t columns, pty& made);

} // namespace coterie::sandbox
