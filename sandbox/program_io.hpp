#pragma once

// The standard streams of one running program, on the loop's thread. Pipes only: a program could
// seek, truncate or re-read a host file that it was given as its output.

#include "base/result.hpp"
#include "sandbox/event_loop.hpp"
#include "sandbox/input_queue.hpp"
#include "sandbox/launcher.hpp"

#include <array>

namespace coterie::sandbox {

class program_io {
public:
  using output_handler = std::function<void(stream, std::string_view)>;

  struct settings {
    std::uint64_t output_bytes_max = 0; ///< of each stream
    bool truncate = false;              ///< past it: discard, else call on_overflow once
    output_handler on_output;
    event_loop::task on_overflow;
  };

  program_io(event_loop& loop, settings how, input_gauge gauge);
  ~program_io();
  program_io(const program_io&) = delete;
  program_io& operator=(const program_io&) = delete;

  /// Makes the pipes. Without input the program reads end of file at once.
  result<void> open(bool with_input);

  /// The program's ends, in the order of a run_program frame.
  std::vector<int> program_ends() const;
  /// Drops our copies of the program's ends once they are sent, and starts to read and write.
  void begin();

  /// Queues bytes for standard input; `gauged` ones count in the gauge until written or dropped.
  void feed(std::string bytes, bool gauged);
  /// End of file after what is queued.
  void close_input();

  /// Takes what the pipes still hold without waiting for end of file: who held them is dead.
  void drain();

  bool is_truncated(stream which) const {
    return channels_[static_cast<std::size_t>(which)].truncated;
  }

private:
  struct channel {
    unique_fd ours;
    unique_fd theirs;
    std::uint64_t passed = 0;
    bool truncated = false;
  };

  bool read_some(stream which);
  void pass(stream which, std::string_view bytes);
  void write_some();
  void drop_input();
  void close(unique_fd& end);

  event_loop& loop_;
  settings how_;
  input_gauge gauge_;
  std::array<channel, 2> channels_;
  unique_fd input_ours_;
  unique_fd input_theirs_;
  input_queue input_;
  bool input_watched_ = false;
  bool input_ends_ = false;
  bool overflowed_ = false;
};

} // namespace coterie::sandbox
