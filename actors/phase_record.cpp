#include "actors/phase_record.hpp"

#include <algorithm>
#include <utility>

namespace coterie::actors {

void phase_record::on_output(sandbox::stream from, std::string_view bytes) {
  const bool is_out = from == sandbox::stream::out;
  auto& kept = is_out ? kept_.out : kept_.err;
  auto& truncated = is_out ? kept_.report.stdout_truncated : kept_.report.stderr_truncated;
  const auto room = bytes_max_ - std::min(bytes_max_, kept.size());
  kept += bytes.substr(0, room);
  truncated = truncated || bytes.size() > room;
}

phase_result phase_record::take(const sandbox::report& report) {
  auto phase = std::exchange(kept_, {});
  const auto out_cut = phase.report.stdout_truncated;
  const auto err_cut = phase.report.stderr_truncated;
  phase.report = report;
  phase.report.stdout_truncated |= out_cut;
  phase.report.stderr_truncated |= err_cut;
  return phase;
}

} // namespace coterie::actors
