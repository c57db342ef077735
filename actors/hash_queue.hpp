#pragma once

// Passwords that wait to be hashed: round robin over networks, first come first served within.

#include "actors/message_ids.hpp"
#include "base/result.hpp"

#include <cstddef>
#include <deque>
#include <functional>
#include <list>
#include <optional>
#include <string>
#include <unordered_map>

namespace coterie::actors {

/// What hashing came to; the message between a hashing thread and the accounts actor.
struct password_checked {
  bool is_right = false;
  std::string new_hash; ///< to be stored; empty: none
};

/// One piece of hashing.
struct hash_work {
  /// Asked when its turn has come: it may be refused by then.
  std::function<result<void>()> admit;
  /// Blocks; on a hashing thread.
  std::function<result<password_checked>()> run;
  std::function<void(result<password_checked>)> done;
};

class hash_queue {
public:
  explicit hash_queue(std::size_t bound) : bound_(bound) {}

  /// Whether there was room for it.
  bool push(const std::string& network, hash_work work);
  std::optional<hash_work> pop();

private:
  std::size_t bound_;
  std::size_t size_ = 0;
  std::unordered_map<std::string, std::deque<hash_work>> waiting_; ///< never an empty queue
  std::list<std::string> round_;                                   ///< its keys; the front is next
};

} // namespace coterie::actors
