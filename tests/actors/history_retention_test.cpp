#define CAF_SUITE history_retention

#include "actors/historian.hpp"

#include "support/room_past.hpp"

using namespace coterie;
using namespace coterie::testing;

namespace {

struct fixture : room_past {
  /// Looks after old history from now on.
  void keep(std::chrono::milliseconds time) {
    to_end.push_back(spawn_historian(sys, {store, time, read_wall_now}, false));
  }
  history_summary summary() {
    return get<history_summary>(describe_history{});
  }
};

} // namespace

BEGIN_FIXTURE_SCOPE(fixture)

SCENARIO("old changes go, and playback of what is left is exact from its first moment") {
  write("main.py", "old");
  write("gone.txt", "old, too");
  const auto version = save("old version");
  compact();
  wall_now += 1h;
  remove("gone.txt");
  write("main.py", "young");
  compact();
  const auto before = page_of_all();
  keep(30min);
  pass(61s);
  const auto trimmed = summary();
  CHECK_EQ(trimmed.base_sequence, 102u);
  CHECK_EQ(trimmed.parts.front().first_sequence, 103u);
  const auto after = page_of_all();
  CHECK_EQ(after.base->sequence, 102u);
  CHECK_EQ(after.entries.size(), before.entries.size() - 102);
  CHECK_EQ(text_at(after, 0, "main.py"), "old");
  CHECK_EQ(text_at(after, 0, "gone.txt"), "old, too");
  CHECK_EQ(text_at(after, 1, "gone.txt"), "no such file");
  for (const std::size_t count : {std::size_t{1}, after.entries.size()})
    CHECK_EQ(play(after, count)->snapshot(day_one).state,
             play(before, 102 + count)->snapshot(day_one).state);
  CHECK_EQ(get<file_read>(read_version_file{version, "main.py"}).content, "old");
  CHECK_EQ(code_of(past(read_history{.after = 50})), "not_found");
  CHECK_EQ(code_of(past(read_history{.after = 102})), "accepted");
}

SCENARIO("nothing goes while it is young, nor when everything is to be kept") {
  write("main.py", "text");
  compact();
  keep(0min);
  keep(1h);
  pass(61s);
  CHECK_EQ(summary().base_sequence, 0u);
  wall_now += 2h;
  pass(6min); // a tenth of an hour: the next look
  CHECK_EQ(summary().base_sequence, 101u);
}

SCENARIO("a room that is asleep loses its old changes, and one that is damaged keeps nobody") {
  const auto spoiled = made.room.id;
  compact();
  const auto spoil = [&](storage::backend& db) -> result<void> {
    const auto lease = must(db.take_lease(spoiled, node, 6s));
    const storage::fence fence{lease.room, lease.node, lease.epoch};
    must(db.append_journal(fence, {{101, wall_now, "nobody", "no update"}}));
    const auto snapshot = *must(db.load_document(spoiled)).snapshot;
    auto later = snapshot;
    later.sequence = 101;
    return db.save_snapshot(fence, later);
  };
  must(ask<void>(store, make_store_task(spoil)));
  for (int i = 0; i < 3; ++i) {
    made = open();
    compact();
  }
  CHECK_EQ(rooms_awake(), 0u);
  wall_now += 2h;
  keep(1h);
  pass(61s);
  CHECK_EQ(rooms_awake(), 0u);
  const auto listed = [&](storage::backend& db) -> result<void> {
    const auto old = must(db.list_aged_history(wall_now, std::nullopt, 9));
    CHECK_EQ(old.size(), 1u);
    CHECK(old.at(0).room == spoiled);
    return {};
  };
  must(ask<void>(store, make_store_task(listed)));
}

SCENARIO("a round that fails is followed by the next one") {
  compact();
  wall_now += 2h;
  disk->every_begin = failure{errc::unavailable, "away"};
  keep(1h);
  pass(61s);
  disk->every_begin.reset();
  CHECK_EQ(summary().base_sequence, 0u);
  pass(6min);
  CHECK_EQ(summary().base_sequence, 100u);
}

END_FIXTURE_SCOPE()
