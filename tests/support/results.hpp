#pragma once

// What tests demand of a result.

#include "base/result.hpp"

#include "caf/test/bdd_dsl.hpp"

#include <string>
#include <utility>

namespace coterie::testing {

/// The name of the code with which something was refused, or "accepted".
template <class T>
std::string code_of(const result<T>& answer) {
  return answer ? "accepted" : std::string(to_string(answer.why().code));
}

/// The value; a refusal fails the test.
template <class T>
T must(result<T> answer) {
  if (!answer)
    CAF_FAIL("refused: " << answer.why().detail);
  return std::move(*answer);
}
inline void must(const result<void>& answer) {
  if (!answer)
    CAF_FAIL("refused: " << answer.why().detail);
}

} // namespace coterie::testing
