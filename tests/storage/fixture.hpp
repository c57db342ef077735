#pragma once

// What every test of an engine starts from: an open database in which one node lives, a clock
// that the test turns, and short ways to make rooms and jobs.

#include "storage/backend.hpp"
#include "tests/support/dice.hpp"
#include "tests/support/results.hpp"

#include "caf/test/bdd_dsl.hpp"

#include <algorithm>
#include <memory>
#include <string>

namespace coterie::storage::testing {

using namespace std::chrono_literals;
using coterie::testing::code_of;
using coterie::testing::must;

inline constexpr auto ttl = 6s;
inline constexpr timestamp day_one{std::chrono::milliseconds{1'700'000'000'000}};

/// The time that engines under test see.
inline timestamp now = day_one;
inline timestamp read_now() {
  return now;
}

inline fence fence_of(const lease_record& lease) {
  return fence{lease.room, lease.node, lease.epoch};
}

inline room_image make_image(std::string title = "algebra", timestamp at = day_one) {
  room_image image;
  image.room = room_record{room_id::random(),   std::move(title), "python", visibility::invite,
                           room_status::active, "main.py",        at,       at};
  image.capabilities = {{std::string(32, 'o'), role::owner}, {std::string(32, 'v'), role::viewer}};
  return image;
}

/// Entries `first` to `last`, a second apart, in turn by two authors.
inline std::vector<journal_entry> make_entries(std::uint64_t first, std::uint64_t last) {
  std::vector<journal_entry> entries;
  for (auto i = first; i <= last; ++i)
    entries.push_back({i, day_one + i * 1s, i % 2 ? "ada" : "bob", "update " + std::to_string(i)});
  return entries;
}

/// One entry whose update has `size` bytes that do not compress well.
inline journal_entry make_large_entry(std::uint64_t sequence, std::size_t size) {
  journal_entry entry{sequence, day_one + sequence * 1s, "ada", std::string(size, '\0')};
  coterie::testing::dice luck(sequence);
  for (auto& byte : entry.update)
    byte = static_cast<char>(luck.below(256));
  return entry;
}

inline document_snapshot make_snapshot(std::uint64_t sequence) {
  return {sequence, "state " + std::to_string(sequence), "details " + std::to_string(sequence),
          day_one + sequence * 1s};
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
  /// A new room with a first snapshot.
  fence create_document() {
    auto image = make_image();
    image.document = make_snapshot(0);
    return fence_of(create(image));
  }
  /// A document with entries up to `last`, appended ten at a time.
  fence create_document(std::uint64_t last) {
    const auto lease = create_document();
    append(lease, 1, last);
    return lease;
  }
  void append(const fence& lease, std::uint64_t first, std::uint64_t last) {
    for (auto from = first; from <= last; from += 10)
      must(store->append_journal(lease, make_entries(from, std::min(from + 9, last))));
  }
  /// The shortest of the fenced writes: the room gets another title.
  result<void> retitle(const fence& lease, std::string title) {
    auto image = store->load_room(lease.room);
    if (!image)
      return image.why();
    image->room.title = std::move(title);
    return store->update_room(lease, image->room);
  }
  result<void> retitle(const lease_record& lease, std::string title) {
    return retitle(fence_of(lease), std::move(title));
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
  std::string title_of(room_id room) {
    return must(store->load_room(room)).room.title;
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
