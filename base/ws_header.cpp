#include "base/ws_header.hpp"

namespace coterie {

void append_ws_header(std::string& to, std::uint8_t opcode, std::uint64_t payload_size) {
  to += static_cast<char>(0x80 | opcode);
  const int extended = payload_size < 126 ? 0 : payload_size <= 0xffff ? 2 : 8;
  to += static_cast<char>(extended == 0 ? payload_size : extended == 2 ? 126 : 127);
  for (int i = extended - 1; i >= 0; --i)
    to += static_cast<char>(payload_size >> (8 * i) & 0xff);
}

} // namespace coterie
