#include "sandbox/name_glob.hpp"

namespace coterie::sandbox {

result<name_glob> name_glob::parse(std::string_view pattern) {
  name_glob out;
  std::size_t literals = 0;
  for (const char c : pattern) {
    if (c == '*') {
      out.stars_ |= std::uint64_t{1} << literals;
      continue;
    }
    if (literals == literal_bytes_max)
      return failure{errc::too_large,
                     "more than " + std::to_string(literal_bytes_max) + " bytes beside a \"*\""};
    out.next_[static_cast<unsigned char>(c)] |= std::uint64_t{1} << literals++;
  }
  out.end_ = std::uint64_t{1} << literals;
  return out;
}

bool name_glob::matches(std::string_view name) const noexcept {
  std::uint64_t places = 1; // bit i: the first i literals have been matched
  for (const char c : name)
    places = ((places & next_[static_cast<unsigned char>(c)]) << 1) | (places & stars_);
  return (places & end_) != 0;
}

} // namespace coterie::sandbox
