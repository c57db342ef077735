#pragma once

// What people draw together: who may change what, and what can be taken back.

#include "actors/document_board.hpp"
#include "actors/room_document.hpp"
#include "actors/room_event.hpp"
#include "actors/room_request.hpp"
#include "base/result.hpp"

#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace coterie::actors {

struct room_board_bounds {
  static constexpr double tolerance = 0.75;               ///< of strokes, in board units
  static constexpr std::size_t points_given_max = 20'000; ///< of a stroke, before it is simplified
  static constexpr std::size_t removed_at_once_max = 2'000;
  static constexpr std::size_t undo_steps_max = 50; ///< of one person
  static constexpr std::size_t undo_persons_max = 200;
  static constexpr std::size_t undo_bytes_max = 4U << 20; ///< of one person
  static constexpr std::size_t undo_room_bytes_max = 16U << 20;
};

/// Belongs to one room. What can be taken back is kept in memory only.
class room_board {
public:
  explicit room_board(room_document& document) : document_(document), board_(document.board()) {}

  /// Who changes the board.
  struct hand {
    std::string person;
    std::string author; ///< for the history
    bool is_owner = false;
  };

  /// Answers the id. errc::invalid_argument, errc::too_large past the bounds, errc::forbidden for
  /// the id of somebody else's shape, unless an owner asks.
  result<std::string> put(const hand& by, put_shape wanted);
  /// Those that are there; errc::forbidden when one is somebody else's, unless an owner asks.
  result<void> remove(const hand& by, const remove_shapes& wanted);
  /// errc::forbidden: all shapes are an owner's to remove.
  result<void> clear(const hand& by, const clear_board& wanted);
  /// errc::not_found when there is nothing to take back. What others changed since stays as it is.
  result<void> undo(const hand& by);

  /// By order.
  std::vector<shape> shapes();
  /// What is new since the last call; nothing when nothing is.
  std::optional<board_changed> take_changes();

private:
  /// One shape before it was changed; nothing: there was none.
  using past = std::pair<std::string, std::optional<shape>>;
  struct step {
    std::vector<past> before;
    std::size_t bytes = 0;
  };
  struct history {
    std::deque<step> steps;
    std::size_t bytes = 0;
  };

  result<void> change(const hand& by, const std::vector<past>& after);
  void remember(const hand& by, std::vector<past> before);
  void forget_oldest(history& of);

  room_document& document_;
  document_board& board_;
  std::map<std::string, history> undo_; ///< by person
  std::size_t undo_bytes_ = 0;          ///< of all of them
};

} // namespace coterie::actors
