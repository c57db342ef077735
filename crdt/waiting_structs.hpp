#pragma once

// Structs that came before what they refer to. Each client's wait in clock order; only the first of
// them can be next.

#include "crdt/decoded_update.hpp"

#include <functional>
#include <map>
#include <memory>

namespace coterie::crdt {

class waiting_structs {
public:
  /// A struct with the bytes that its views point into.
  struct kept {
    decoded_struct what;
    std::unique_ptr<char[]> bytes;
    std::size_t size = 0;
  };
  using queue = std::map<unit_clock, kept>;
  using queues = std::map<client_id, queue, std::greater<>>;

  bool empty() const noexcept {
    return queues_.empty();
  }
  /// What it costs to hold them; what doc_limits::pending_bytes bounds.
  std::size_t bytes() const noexcept {
    return bytes_;
  }
  static std::size_t cost_of(const decoded_struct& what) noexcept;

  const queues& by_client() const noexcept {
    return queues_;
  }

  /// Copies the struct; of two with one clock the longer one stays.
  void add(client_id client, const decoded_struct& what);
  /// Forgets what a client's state has reached.
  void drop_below(client_id client, unit_clock state);
  void clear() noexcept;

private:
  queues queues_;
  std::size_t bytes_ = 0;
};

} // namespace coterie::crdt
