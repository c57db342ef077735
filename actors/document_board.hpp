#pragma once

// The board of a room, as its document holds it:
//
//   board   Y.Map of shape id -> { kind, points: [x, y, x, y, ...], color, fill, width, text,
//                                  order, by }
//
// A shape is one value: of two changes at the same time one stays. Clients may write anything into
// the document: what is not a shape within board_bounds is not shown.

#include "actors/shape.hpp"
#include "base/result.hpp"
#include "crdt/doc.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace coterie::actors {

struct board_bounds {
  static constexpr std::size_t shapes_max = 2'000;
  static constexpr std::size_t bytes_max = 2U << 20; ///< of all shapes, see size_of
  static constexpr std::size_t id_bytes_max = 64;
  static constexpr std::size_t points_max = 2'000; ///< of one shape, when it is simplified
  static constexpr std::size_t text_bytes_max = 4'096;
  static constexpr double coordinate_max = 1'000'000; ///< and above the negative of it
  static constexpr double width_max = 1'000;
};

/// errc::invalid_argument with the field that is wrong, or errc::too_large.
result<void> check_shape(const shape& one);

/// About how much a shape takes.
std::size_t size_of(const shape& one) noexcept;

class document_board {
public:
  /// Follows the document, which outlives it.
  explicit document_board(crdt::doc& document);
  document_board(const document_board&) = delete;
  document_board& operator=(const document_board&) = delete;

  using table = std::map<std::string, shape, std::less<>>;

  crdt::shared_type root() const {
    return board_;
  }
  /// By id.
  const table& all();
  std::size_t bytes();

  /// Ids of shapes that were put or removed since the last call.
  std::set<std::string> take_changed() {
    return std::exchange(changed_, {});
  }
  bool has_changed() const noexcept {
    return !changed_.empty();
  }

  // -- writing; the caller has checked the bounds
  // ---------------------------------------------------

  result<void> put(crdt::transaction& edit, const shape& one);
  void remove(crdt::transaction& edit, std::string_view id);

private:
  void on_change(const crdt::change& what);
  void refresh();
  std::optional<shape> read(std::string_view id) const;

  crdt::shared_type board_;
  std::shared_ptr<void> subscription_;
  table shapes_;
  std::size_t bytes_ = 0;
  std::set<std::string> stale_; ///< ids of which shapes_ may be older than the document
  std::set<std::string> changed_;
};

} // namespace coterie::actors
