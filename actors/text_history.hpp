#pragma once

// Texts that a file had, newest last: what a program may have read before it wrote.

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace coterie::actors {

/// Bounded: the older texts are, the further they lie apart.
class text_history {
public:
  using time_point = std::chrono::steady_clock::time_point;
  using text = std::shared_ptr<const std::string>;

  static constexpr std::size_t texts_max = 32;
  static constexpr std::size_t bytes_max = 2U << 20; ///< of all texts of one file
  static constexpr std::chrono::milliseconds kept_for{std::chrono::minutes{10}};
  /// A program that writes a former text back, unchanged, within this time had read it before the
  /// newer one came; later it means what it does: somebody went back to it.
  static constexpr std::chrono::milliseconds stale_for{2'000};

  /// `old` was replaced at `now`.
  void add(text old, time_point now);

  /// The text that `written` is most likely a change of: the one that it differs least from, the
  /// newest of these. `current` is what the file has now.
  text base_of(const text& current, const std::string& written, time_point now) const;

private:
  struct entry {
    text content;
    time_point replaced_at;
  };
  void trim(time_point now);

  std::vector<entry> entries_; ///< oldest first
};

} // namespace coterie::actors
