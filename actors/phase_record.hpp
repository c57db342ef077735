#pragma once

// What is kept of one program's output while it runs.

#include "actors/run.hpp"
#include "sandbox/launcher.hpp"

#include <cstddef>
#include <string_view>

namespace coterie::actors {

/// Gathers the first `bytes_max` of each stream, and says so when there was more.
class phase_record {
public:
  explicit phase_record(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  void on_output(sandbox::stream from, std::string_view bytes);

  /// The whole phase, once `report` tells how it ended; the record is empty afterwards.
  phase_result take(const sandbox::report& report);

private:
  std::size_t bytes_max_;
  phase_result kept_;
};

} // namespace coterie::actors
