#pragma once

// Building and walking over values without recursion: how deep a value nests is the sender's
// choice, how deep our stack gets is not.

#include "crdt/any.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace coterie::crdt {

/// Puts a value together from its parts in the order in which they are read.
class value_builder {
public:
  /// A value without parts: the result itself, or the next member of what is open.
  void add(any value);
  /// The key of the next member of the open object.
  void key(std::string key) {
    keys_.back() = std::move(key);
  }
  void open(bool is_object);
  /// Closes what was opened last. An object then has the members that JavaScript's would have:
  /// of equal keys the last value in the place of the first, and first of all those keys that
  /// are array indices (0 to 2^32-2), ascending.
  void close();
  any take() {
    return std::move(result_);
  }

private:
  any result_;
  std::vector<any> open_;         // outermost first
  std::vector<std::string> keys_; // for each of open_, the key of its next member
};

/// Visits a value and all within it, parents first. The value must not change meanwhile.
class value_walk {
public:
  struct step {
    const any* value = nullptr;       ///< nothing at the end of an array or object
    const std::string* key = nullptr; ///< where the parent is an object
    std::size_t position = 0;         ///< among its siblings
    const any* closed = nullptr;      ///< the array or object that ends here
    explicit operator bool() const noexcept {
      return value != nullptr || closed != nullptr;
    }
  };

  explicit value_walk(const any& value) : start_(&value) {}

  /// The next step; false after the last one.
  step next();

private:
  struct level {
    const any* container;
    std::size_t next;
  };
  step visit(const any& value, const std::string* key, std::size_t position);

  const any* start_;
  std::vector<level> open_;
};

} // namespace coterie::crdt
