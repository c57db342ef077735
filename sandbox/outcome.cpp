#include "sandbox/outcome.hpp"

#include <array>
#include <utility>

namespace coterie::sandbox {

namespace {

constexpr std::array<std::pair<outcome, std::string_view>, 11> names{{
  {outcome::internal, "internal"},
  {outcome::cancelled, "cancelled"},
  {outcome::wall_time, "wall_time"},
  {outcome::cpu_time, "cpu_time"},
  {outcome::output_limit, "output_limit"},
  {outcome::memory, "memory"},
  {outcome::file_size, "file_size"},
  {outcome::signalled, "signalled"},
  {outcome::exited, "exited"},
  {outcome::compile_error, "compile_error"},
  {outcome::node_lost, "node_lost"},
}};

} // namespace

std::string_view to_string(outcome how) noexcept {
  for (const auto& [value, name] : names)
    if (value == how)
      return name;
  return "internal";
}

std::optional<outcome> parse_outcome(std::string_view text) noexcept {
  for (const auto& [value, name] : names)
    if (name == text)
      return value;
  return std::nullopt;
}

} // namespace coterie::sandbox
