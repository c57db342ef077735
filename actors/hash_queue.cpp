#include "actors/hash_queue.hpp"

#include <utility>

namespace coterie::actors {

bool hash_queue::push(const std::string& network, hash_work work) {
  if (size_ >= bound_)
    return false;
  ++size_;
  auto& queue = waiting_[network];
  if (queue.empty())
    round_.push_back(network);
  queue.push_back(std::move(work));
  return true;
}

std::optional<hash_work> hash_queue::pop() {
  if (round_.empty())
    return std::nullopt;
  const auto turn = waiting_.find(round_.front());
  auto work = std::move(turn->second.front());
  turn->second.pop_front();
  --size_;
  if (turn->second.empty()) {
    waiting_.erase(turn);
    round_.pop_front();
  } else {
    round_.splice(round_.end(), round_, round_.begin());
  }
  return work;
}

} // namespace coterie::actors
