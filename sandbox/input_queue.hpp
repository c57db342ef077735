#pragma once

// Input that was accepted for a program or terminal and is not taken by it yet. What other threads
// send is counted before it is queued, so that nobody can make the server hold much of it.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace coterie::sandbox {

/// Bytes that were accepted and not yet taken; shared with callers' threads.
using input_gauge = std::shared_ptr<std::atomic<std::size_t>>;

/// Most bytes that are held for a program that does not read.
inline constexpr std::size_t input_waiting_max = 1U << 20;

/// Counts `bytes` more in `gauge`; false, and nothing is counted, past input_waiting_max.
bool reserve_input(const input_gauge& gauge, std::size_t bytes);

/// The bytes themselves, on the loop's thread.
class input_queue {
public:
  explicit input_queue(input_gauge gauge) : gauge_(std::move(gauge)) {}
  ~input_queue() {
    clear();
  }
  input_queue(const input_queue&) = delete;
  input_queue& operator=(const input_queue&) = delete;

  bool is_empty() const noexcept {
    return at_ == bytes_.size();
  }

  /// Queues bytes; `gauged` ones are counted already and leave the gauge when written or dropped.
  void add(std::string bytes, bool gauged);

  enum class progress : std::uint8_t { done, blocked, broken };

  /// Writes what `fd` (non-blocking) takes now. `broken`: nobody will read any more.
  progress write_to(int fd);

  /// Drops everything.
  void clear();

private:
  input_gauge gauge_;
  std::string bytes_;
  std::size_t at_ = 0;
  std::size_t gauged_ = 0; ///< of bytes_, counted in the gauge
};

} // namespace coterie::sandbox
