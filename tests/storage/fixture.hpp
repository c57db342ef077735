#pragma once

// What every test of an engine starts from: an open database in which one node lives, a clock
// that the test turns, and short ways to make rooms and jobs.

#include "storage/backend.hpp"

#include "caf/test/bdd_dsl.hpp"

#include <memory>
#include <string>

namespace coterie::storage::testing {

using namespace std::chrono_literals;

inline constexpr auto ttl = 6s;
inline constexpr timestamp day_one{std::chrono::milliseconds{1'700'000'000'000}};

/// The time that engines under test see.
inline timestamp now = day_one;
inline timestamp read_now() {
  return now;
}

/// The name of the code with which a call was refused, or "accepted".
template <class T>
std::string refusal(const result<T>& answer) {
  return answer ? "accepted" : std::string(to_string(answer.why().code));
}

template <class T>
T must(result<T> answer) {
  if (!answer)
    CAF_FAIL(answer.why().detail);
  return std::move(*answer);
}

inline void must(const result<void>& answer) {
  if (!answer)
    CAF_FAIL(answer.why().detail);
}

inline fence fence_of(const lease_record& lease) {
  return fence{lease.room, lease.node, lease.epoch};
}

inline room_image make_image(std::string title = "algebra", timestamp at = day_one) {
  room_image image;
  image.room = room_record{room_id::random(),   std::move(title), "python", visibility::invite,
                           room_status::active, "main.py",        at,       at};
  image.capabilities = {{std::string(32, 'o'), role::owner}, {std::string(32, 'v'), role::viewer}};
  image.files = {{"lib/a.py", "x = 1\n", true, 3, at}, {"main.py", "print(x)\n", true, 1, at}};
  return image;
}

inline job_record make_job(std::optional<room_id> room = std::nullopt, timestamp at = day_one) {
  job_record job;
  job.id = job_id::random();
  job.room = room;
  job.language = "python";
  job.request = "print(1)";
  job.created_at = at;
  return job;
}

/// `Engine` has one function, open(), which answers a fresh database.
template <class Engine>
struct store_fixture {
  store_fixture() {
    now = day_one;
    store = database.open();
    must(store->register_node(north));
  }

  lease_record create(const room_image& image, std::vector<alias_record> aliases = {}) {
    return must(store->create_room(image, aliases, north, ttl));
  }
  job_record create(const job_record& job) {
    must(store->create_job(job));
    return job;
  }
  /// A job that `north` has claimed and started.
  job_record create_running(job_record job) {
    create(job);
    must(store->claim_job(job.id, north));
    must(store->start_job(job.id, north, now));
    return job;
  }
  /// The server is started again, as another node: `north` is dead.
  void restart() {
    must(store->register_node(south));
  }
  bool has_room(room_id room) {
    return store->load_room(room).has_value();
  }
  job_record job(job_id id) {
    return must(store->load_job(id));
  }

  const node_id north = node_id::random();
  const node_id south = node_id::random();
  Engine database;
  std::unique_ptr<backend> store;
};

} // namespace coterie::storage::testing
