#pragma once

#include "sandbox/tree.hpp"

#include <sys/stat.h>

namespace coterie::sandbox {

/// What stat(2) says, in the words of tree.hpp.
file_identity identity_of(const struct stat& info) noexcept;
entry_kind kind_of(const struct stat& info) noexcept;

/// Reads an open regular file whose identity was `before`, up to `bytes_max` bytes; empty, with
/// errno, when that fails.
std::optional<file_content> read_content(int fd, const file_identity& before,
                                         std::uint64_t bytes_max);

} // namespace coterie::sandbox
