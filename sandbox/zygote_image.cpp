#include "sandbox/zygote_image.hpp"

// The build links the helper first and names its file here; one binary is then all that is needed.
asm(".section .rodata\n"
    ".balign 16\n"
    "coterie_zygote_begin:\n"
    ".incbin \"" COTERIE_ZYGOTE_FILE "\"\n"
    "coterie_zygote_end:\n"
    ".byte 0\n"
    ".previous\n");

extern "C" {
extern const std::byte coterie_zygote_begin[];
extern const std::byte coterie_zygote_end[];
}

namespace coterie::sandbox {

std::span<const std::byte> zygote_image() noexcept {
  return {coterie_zygote_begin, coterie_zygote_end};
}

} // namespace coterie::sandbox
