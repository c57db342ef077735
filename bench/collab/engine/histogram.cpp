#include "histogram.hpp"

#include <algorithm>
#include <bit>

namespace yload {

std::size_t histogram::class_of(std::uint64_t value) {
  if (value < classes)
    return value;
  const auto shift = static_cast<std::size_t>(std::bit_width(value)) - 7;
  return (shift + 1) * classes + (value >> shift) - classes;
}

double histogram::middle_of(std::size_t index) {
  if (index < classes)
    return static_cast<double>(index);
  const auto shift = index / classes - 1;
  const auto base = static_cast<double>(index % classes + classes) + 0.5;
  return base * static_cast<double>(std::uint64_t{1} << shift);
}

void histogram::add(nanoseconds span) {
  const auto value = std::max<std::int64_t>(span.count(), 0);
  const auto at = class_of(static_cast<std::uint64_t>(value));
  ++counts_[std::min(at, counts_.size() - 1)];
  ++count_;
  sum_ += static_cast<double>(value);
  max_ = std::max(max_, value);
}

nanoseconds histogram::mean() const {
  return nanoseconds{count_ == 0 ? 0
                                 : static_cast<std::int64_t>(sum_ / static_cast<double>(count_))};
}

nanoseconds histogram::quantile(double share) const {
  if (count_ == 0)
    return nanoseconds{0};
  const auto wanted = static_cast<std::uint64_t>(share * static_cast<double>(count_ - 1)) + 1;
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    seen += counts_[i];
    if (seen >= wanted)
      return nanoseconds{std::min(static_cast<std::int64_t>(middle_of(i)), max_)};
  }
  return max();
}

} // namespace yload
