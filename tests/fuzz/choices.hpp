#pragma once

#include <cstddef>
#include <cstdint>

namespace coterie::testing {

/// Doles out a fuzz target's input; zeros when it is used up.
class choices {
public:
  choices(const std::uint8_t* data, std::size_t size) : at_(data), end_(data + size) {}

  bool is_done() const {
    return at_ == end_;
  }
  std::uint8_t next() {
    return at_ == end_ ? std::uint8_t{0} : *at_++;
  }
  /// Below `n`, which is not 0.
  std::size_t below(std::size_t n) {
    return next() % n;
  }

private:
  const std::uint8_t* at_;
  const std::uint8_t* end_;
};

} // namespace coterie::testing
