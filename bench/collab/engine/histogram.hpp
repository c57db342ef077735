#pragma once

// Times, counted in classes that are at most 1/64 wide.

#include "clock.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace yload {

class histogram {
public:
  /// What is below zero counts as zero.
  void add(nanoseconds span);
  /// Zero when there is nothing.
  nanoseconds quantile(double share) const;
  nanoseconds mean() const;
  nanoseconds max() const {
    return nanoseconds{max_};
  }

private:
  // 64 classes for each power of two: up to 64 ns exactly, and on to some hours.
  static constexpr std::size_t classes = 64;

  static std::size_t class_of(std::uint64_t value);
  static double middle_of(std::size_t index);

  std::array<std::uint64_t, 44 * classes> counts_{};
  std::uint64_t count_ = 0;
  std::int64_t max_ = 0;
  double sum_ = 0;
};

} // namespace yload
