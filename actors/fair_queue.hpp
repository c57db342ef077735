#pragma once

// Which waiting job is next: round robin over who asks, first come first served within.

#include "base/ids.hpp"
#include "base/result.hpp"

#include <cstddef>
#include <deque>
#include <list>
#include <optional>
#include <string>
#include <unordered_map>

namespace coterie::actors {

/// The waiting jobs of one node. A key (a room, or an address) has one place in the round however
/// many jobs it has waiting.
///
/// A new job takes a place before it is stored, so that the bounds hold while its row is being
/// written: admit -> push, or admit -> give_back. Jobs that were accepted earlier (read from the
/// database, or to be tried again) are pushed without and may exceed the bounds.
class fair_queue {
public:
  fair_queue(std::size_t jobs_max, std::size_t jobs_per_key_max);

  /// Takes a place for one job of `key`; errc::queue_full when there is none.
  result<void> admit(const std::string& key);
  /// Frees a place that admit took and push did not use.
  void give_back(const std::string& key);
  /// The job of an admitted place waits, behind the others of its key.
  void push(const std::string& key, job_id job);

  /// A job that was accepted before waits behind the others of its key.
  void push_accepted(const std::string& key, job_id job);
  /// A job that had its turn waits again, before the others of its key.
  void push_again(const std::string& key, job_id job);

  /// The next job; nothing when none waits.
  std::optional<job_id> pop();
  /// Whether `job` waited; it does not any more.
  bool remove(job_id job);

  /// Jobs that wait, without admitted places.
  std::size_t size() const noexcept {
    return key_of_.size();
  }

private:
  struct lane {
    std::deque<job_id> jobs;
    std::size_t admitted = 0; ///< places taken by jobs that are not pushed yet
    std::optional<std::list<std::string>::iterator> turn; ///< in round_ while jobs wait
  };

  lane& queue(const std::string& key, job_id job);
  void drop_if_idle(const std::string& key);

  std::size_t jobs_max_;
  std::size_t jobs_per_key_max_;
  std::size_t admitted_ = 0;
  std::unordered_map<std::string, lane> lanes_;
  std::list<std::string> round_; ///< keys with waiting jobs; the front is next
  std::unordered_map<job_id, std::string> key_of_;
};

} // namespace coterie::actors
