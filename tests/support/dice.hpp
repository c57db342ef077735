#pragma once

#include <cstddef>
#include <cstdint>

namespace coterie::testing {

/// A small deterministic generator: SplitMix64 (Steele, Lea, Flood 2014).
class dice {
public:
  explicit dice(std::uint64_t seed) noexcept : state_(seed) {}

  std::uint64_t next() noexcept {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15U);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
  }
  /// Below `n`, which is not 0.
  std::size_t below(std::size_t n) noexcept {
    return static_cast<std::size_t>(next() % n);
  }
  bool chance(unsigned percent) noexcept {
    return below(100) < percent;
  }

private:
  std::uint64_t state_;
};

} // namespace coterie::testing
