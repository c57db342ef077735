#include "base/random.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <unistd.h>
#include <vector>

namespace coterie {

void fill_random(std::span<std::uint8_t> out) {
  // getentropy gives at most 256 bytes a call.
  while (!out.empty()) {
    const auto part = out.first(std::min<std::size_t>(out.size(), 256));
    if (getentropy(part.data(), part.size()) != 0) {
      std::perror("coterie: no random source");
      std::abort();
    }
    out = out.subspan(part.size());
  }
}

std::string random_token(std::size_t bytes) {
  std::vector<std::uint8_t> raw(bytes);
  fill_random(raw);
  auto text = encode_base64({reinterpret_cast<const char*>(raw.data()), raw.size()});
  text.erase(std::find(text.begin(), text.end(), '='), text.end());
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  return text;
}

} // namespace coterie
