#define CAF_SUITE room_playback

#include "actors/historian.hpp"
#include "support/room_past.hpp"

using namespace coterie;
using namespace coterie::testing;

namespace {

struct fixture : room_past {
  history_page page(read_history wish = {}) {
    return get<history_page>(wish);
  }
  /// Writes `count` texts to main.py, a second apart, "1" at day one and a second.
  void type(int first, int last) {
    for (int i = first; i <= last; ++i) {
      wall_now = day_one + i * 1s;
      write("main.py", std::to_string(i));
    }
  }
};

} // namespace

BEGIN_FIXTURE_SCOPE(fixture)

SCENARIO("what a room was made with and every change give every text that it had") {
  const auto first = read("main.py");
  type(1, 5);
  const auto all = page();
  REQUIRE(all.base.has_value());
  CHECK_EQ(all.base->sequence, 0u);
  REQUIRE_EQ(all.entries.size(), 5u);
  CHECK(!all.next);
  CHECK_EQ(text_at(all, 0, "main.py"), first);
  for (std::size_t i = 1; i <= 5; ++i) {
    CHECK_EQ(all.entries[i - 1].sequence, i);
    CHECK(all.entries[i - 1].at == day_one + i * 1s);
    CHECK_EQ(text_at(all, i, "main.py"), std::to_string(i));
  }
}

SCENARIO("compactions in the middle change nothing of that, nor of the versions") {
  const auto first = read("main.py");
  type(1, 3);
  const auto one = get<storage::version_record>(save_version{"one"});
  compact();
  type(4, 6);
  const auto two = get<storage::version_record>(save_version{"two"});
  compact();
  type(7, 9);
  const auto all = page();
  CHECK_EQ(all.base->sequence, 0u);
  CHECK_EQ(all.entries.size(), 9 + 2 * journal_bounds::tail_entries_worth);
  CHECK_EQ(text_at(all, 0, "main.py"), first);
  CHECK_EQ(text_at(all, one.sequence, "main.py"), "3");
  CHECK_EQ(text_at(all, two.sequence, "main.py"), "6");
  CHECK_EQ(text_at(all, all.entries.size(), "main.py"), "9");
  REQUIRE_EQ(all.versions.size(), 2u);
  CHECK(all.versions[0] == one);
  CHECK(all.versions[1] == two);
}

SCENARIO("a text that was removed later is there when playback begins before") {
  write("notes.txt", "to be deleted");
  wall_now += 10s;
  remove("notes.txt");
  compact();
  const auto before = page({.from = day_one + 5s, .limit = 1});
  CHECK_EQ(before.base->sequence, 1u);
  CHECK_EQ(text_at(before, 0, "notes.txt"), "to be deleted");
  CHECK_EQ(text_at(before, 1, "notes.txt"), "no such file");
}

SCENARIO("playback begins and ends where it is asked to") {
  type(1, 9);
  const auto some = page({.from = day_one + 4s, .to = day_one + 6s});
  CHECK_EQ(some.base->sequence, 3u);
  CHECK(some.base->at == day_one + 3s);
  REQUIRE_EQ(some.entries.size(), 3u);
  CHECK_EQ(text_at(some, 0, "main.py"), "3");
  CHECK_EQ(text_at(some, 3, "main.py"), "6");
  CHECK(!some.next);
  const auto none = page({.from = day_one + 1h});
  CHECK(none.entries.empty());
  CHECK_EQ(none.base->sequence, 9u);
  CHECK_EQ(text_at(none, 0, "main.py"), "9");
  CHECK(page({.to = day_one - 1s}).entries.empty());
}

SCENARIO("playback goes on in pages, of which the first has the base") {
  type(1, 7);
  save("at seven");
  auto all = page({.limit = 3});
  REQUIRE(all.next.has_value());
  CHECK_EQ(*all.next, 3u);
  CHECK(all.versions.empty());
  auto next = all.next;
  while (next) {
    const auto more = page({.after = next, .limit = 3});
    CHECK(!more.base);
    CHECK_LE(more.entries.size(), 3u);
    CHECK_EQ(more.entries.front().sequence, *next + 1);
    all.entries.insert(all.entries.end(), more.entries.begin(), more.entries.end());
    CHECK_EQ(more.versions.size(), more.next ? 0u : 1u);
    next = more.next;
  }
  CHECK_EQ(all.entries.size(), 7u);
  CHECK_EQ(text_at(all, 7, "main.py"), "7");
  CHECK(page({.after = 7}).entries.empty());
  CHECK(!page({.after = 4, .limit = 3}).next);
}

SCENARIO("the state to begin with is made from the nearest version, exactly") {
  type(1, 3);
  save("three");
  compact();
  type(300, 302);
  remove("busy.txt");
  compact();
  const auto late = page({.from = day_one + 301s, .limit = 2});
  CHECK_EQ(text_at(late, 0, "main.py"), "300");
  CHECK_EQ(text_at(late, 0, "busy.txt"), "99");
  CHECK_EQ(text_at(late, 2, "main.py"), "302");
  // A version behind the moment is of no use, though it lies in the same chunk.
  const auto early = page({.from = day_one + 2s, .limit = 2});
  CHECK_EQ(early.base->sequence, 1u);
  CHECK_EQ(text_at(early, 0, "main.py"), "1");
  CHECK_EQ(text_at(early, 2, "main.py"), "3");
}

SCENARIO("who writes while history is read finds what was written before") {
  const auto written = request<file_written>(room(), put("main.py", "typed just now"));
  const auto asked = request<history_answer>(room(), history_request{{}, {}, read_history{}});
  consume_messages();
  CHECK_EQ(code_of(written), "accepted");
  REQUIRE_EQ(code_of(asked), "accepted");
  const auto found = std::get<history_page>((**asked)->what);
  CHECK_EQ(text_at(found, 1, "main.py"), "typed just now");
}

SCENARIO("a summary says what there is to play without playing it") {
  CHECK(get<history_summary>(describe_history{}).parts.empty());
  type(1, 3);
  compact();
  type(500, 502);
  save("end");
  const auto summary = get<history_summary>(describe_history{});
  REQUIRE_EQ(summary.parts.size(), 2u);
  CHECK_EQ(summary.base_sequence, 0u);
  CHECK_EQ(summary.parts[0].first_sequence, 1u);
  CHECK(summary.parts[0].first_at == day_one + 1s);
  CHECK_EQ(summary.parts[0].last_sequence + 1, summary.parts[1].first_sequence);
  CHECK(summary.parts[1].first_at == day_one + 500s);
  CHECK(summary.parts[1].last_at == day_one + 502s);
  CHECK_EQ(summary.parts[1].last_sequence, 106u);
  CHECK((summary.authors == std::vector<std::string>{"guest"}));
  CHECK_EQ(summary.versions.size(), 1u);
}

SCENARIO("damaged history is told as a failure, never as another text") {
  type(1, 3);
  sleep();
  const auto spoil = [this](storage::backend& db) -> result<void> {
    const auto lease = must(db.take_lease(made.room.id, node, 6s));
    return db.append_journal({lease.room, lease.node, lease.epoch},
                             {{4, day_one + 4s, "nobody", "no update"}});
  };
  must(ask<void>(store, make_store_task(spoil)));
  const auto found =
    ask<history_answer>(historian, past_request{made.room.id, read_history{.from = day_one + 5s}});
  CHECK_EQ(code_of(found), "internal");
}

END_FIXTURE_SCOPE()
