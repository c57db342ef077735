#pragma once

// What an update or transaction changed, for observers.

#include "crdt/shared_type.hpp"

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace coterie::crdt {

struct doc_state;

/// One step over the visible sequence of a type, in the manner of Quill deltas: keep so many
/// units, insert, or remove so many.
struct retain {
  std::uint64_t count = 0;
};
struct inserted {
  std::uint64_t count = 0;
  std::string text;                 ///< when text was inserted
  std::vector<shared_value> values; ///< when elements were
};
struct removed {
  std::uint64_t count = 0;
};
using delta_step = std::variant<retain, inserted, removed>;

/// Valid while the observer runs, which must not change the document. Costs nothing until asked.
class change {
public:
  /// Whether the change came by apply_update.
  bool is_remote() const noexcept;

  /// Types that live and whose sequence, formats or keys changed, each once.
  std::vector<shared_type> types() const;

  /// How the visible sequence of a type came from what it was; formats are not told apart.
  /// Logarithmic in its runs for each place that changed.
  std::vector<delta_step> delta(shared_type sequence) const;

  /// Keys of a type that were set or removed.
  std::vector<std::string> keys(shared_type map) const;

private:
  friend class doc;
  friend struct doc_state;
  explicit change(doc_state& target) noexcept : target_(target) {}
  doc_state& target_;
};

} // namespace coterie::crdt
