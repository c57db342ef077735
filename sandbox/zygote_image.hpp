#pragma once

#include <cstddef>
#include <span>

namespace coterie::sandbox {

/// The helper program (zygote_main.cpp) as it was linked: an ELF file.
std::span<const std::byte> zygote_image() noexcept;

} // namespace coterie::sandbox
