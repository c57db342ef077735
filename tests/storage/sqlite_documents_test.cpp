#define CAF_SUITE sqlite_documents

// Documents in a file: killed servers, damaged rows, the size of the file.

#include "storage/checks.hpp"
#include "storage/migrations.hpp"
#include "storage/sqlite.hpp"
#include "storage/sqlite_connection.hpp"
#include "tests/storage/fixture.hpp"
#include "tests/storage/kill.hpp"
#include "tests/storage/temporary_directory.hpp"

#include <filesystem>
#include <map>

using namespace coterie;
using namespace coterie::storage;
using namespace coterie::storage::testing;

namespace {

struct engine_under_test {
  std::unique_ptr<backend> open() {
    return must(open_sqlite(directory / "rooms.db", read_now));
  }
  temporary_directory directory;
};

struct fixture : store_fixture<engine_under_test> {
  const std::string path = database.directory / "rooms.db";

  void reopen() {
    store.reset();
    store = database.open();
  }
  /// Changes the file behind the engine's back.
  void tamper(const char* sql) {
    store.reset();
    {
      const auto db = must(sqlite_connection::open(path));
      must(db->execute(sql));
    }
    store = database.open();
  }
  std::int64_t pages() {
    const auto db = must(sqlite_connection::open(path));
    auto query = db->query("PRAGMA page_count");
    return must(query.next()) ? query.integer(0) : -1;
  }
  std::string load(const fence& lease) {
    return code_of(store->load_document(lease.room));
  }
};

} // namespace

BEGIN_FIXTURE_SCOPE(fixture)

// -- what survives

SCENARIO("a document is there when the file is opened again") {
  const auto lease = create_document(30);
  must(store->save_snapshot(lease, make_snapshot(12)));
  must(store->save_blob(lease, std::string(blob_hash_bytes, 'h'), "content"));
  const version_record version{version_id::random(),
                               lease.room,
                               "v",
                               "ada",
                               day_one,
                               12,
                               "state",
                               {std::string(blob_hash_bytes, 'h')}};
  must(store->save_version(lease, version));
  must(store->begin());
  append(lease, 31, 40);
  reopen(); // closed with the transaction open
  CHECK((must(store->load_document(lease.room))
         == stored_document{make_snapshot(12), make_entries(13, 30)}));
  CHECK(must(store->load_history(lease.room, 1, 100)) == make_entries(1, 30));
  CHECK(must(store->load_history_base(lease.room)) == make_snapshot(0));
  CHECK(must(store->load_version(lease.room, version.id)) == version);
  CHECK_EQ(must(store->load_blob(lease.room, std::string(blob_hash_bytes, 'h'))), "content");
  append(lease, 31, 31);
}

SCENARIO("a server killed in the middle of its commits loses nothing that it reported") {
  std::vector<fence> leases;
  for (int i = 0; i < 3; ++i)
    leases.push_back(create_document());
  store.reset();
  for (int round = 0; round < 3; ++round) {
    // The child appends to every room in each commit, compacts now and then, and tells the last
    // sequence after each commit; it is killed wherever it is then.
    const auto reported = kill_while([&](const std::function<void(std::uint64_t)>& report) {
      auto opened = open_sqlite(path, read_now);
      if (!opened)
        return;
      auto& child = **opened;
      const auto loaded = child.load_document(leases[0].room);
      if (!loaded)
        return;
      auto last = loaded->tail.empty() ? loaded->snapshot->sequence : loaded->tail.back().sequence;
      while (child.begin()) {
        for (const auto& lease : leases) {
          if (!child.append_journal(lease, make_entries(last + 1, last + 7)))
            return;
          if (last % 5 == 0 && !child.save_snapshot(lease, make_snapshot(last + 3)))
            return;
        }
        if (!child.commit())
          return;
        last += 7;
        report(last);
      }
    });
    CHECK_GT(reported, 0u);
    store = database.open();
    std::map<std::uint64_t, int> ends;
    for (const auto& lease : leases) {
      const auto loaded = must(store->load_document(lease.room));
      const auto first = loaded.snapshot->sequence + 1;
      const auto last = loaded.tail.empty() ? first - 1 : loaded.tail.back().sequence;
      CHECK(loaded.tail == make_entries(first, last));
      CHECK_GE(last, reported);
      ++ends[last];
      for (std::uint64_t next = 1; next <= last;) {
        const auto page = must(store->load_history(lease.room, next, 1000));
        REQUIRE(!page.empty());
        CHECK(page == make_entries(next, next + page.size() - 1));
        next += page.size();
      }
    }
    CHECK_EQ(ends.size(), 1u); // a commit is of all rooms or of none
    store.reset();
  }
}

SCENARIO("a database from before documents opens, and its rooms can get one") {
  store.reset();
  std::filesystem::remove(path);
  {
    const auto db = must(sqlite_connection::open(path));
    must(migrate(*db, sqlite_migrations().first(2), day_one));
    must(db->execute("INSERT INTO room VALUES (1, x'000102030405060708090a0b0c0d0e0f', 'old',"
                     " 'python', 'link', 'active', 'main.py', 0, 0);"
                     "INSERT INTO lease VALUES (x'000102030405060708090a0b0c0d0e0f', NULL, 4, 0)"));
  }
  store = database.open();
  const auto room = *room_id::parse("00010203-0405-0607-0809-0a0b0c0d0e0f");
  const auto lease = fence_of(must(store->take_lease(room, north, ttl)));
  CHECK(must(store->load_document(room)) == stored_document{});
  append(lease, 1, 5);
  must(store->save_snapshot(lease, make_snapshot(5)));
  CHECK((must(store->load_document(room)) == stored_document{make_snapshot(5), {}}));
}

SCENARIO("history from before its beginning was kept begins with the snapshot of then") {
  store.reset();
  std::filesystem::remove(path);
  {
    const auto db = must(sqlite_connection::open(path));
    must(migrate(*db, sqlite_migrations().first(5), day_one));
    must(db->execute("INSERT INTO room VALUES (1, x'000102030405060708090a0b0c0d0e0f', 'old',"
                     " 'python', 'link', 'active', 'main.py', 0, 0);"
                     // CRC-32 of "123456789"
                     "INSERT INTO document VALUES (x'000102030405060708090a0b0c0d0e0f', 7, 1,"
                     " 3421780262, x'363738', x'3132333435');"
                     "UPDATE document SET details = x'36373839'"));
  }
  store = database.open();
  const auto room = *room_id::parse("00010203-0405-0607-0809-0a0b0c0d0e0f");
  const document_snapshot expected{7, "12345", "6789", timestamp{1ms}};
  CHECK(must(store->load_history_base(room)) == expected);
}

// -- damage

SCENARIO("a damaged row of the journal is a failure, not a shorter document") {
  const auto lease = create_document(30);
  const auto other = create_document(5);
  tamper("UPDATE journal SET entries = CAST(substr(entries, 1, 20) || x'00' || substr(entries, 22)"
         " AS BLOB) WHERE seq = 2");
  const auto loaded = store->load_document(lease.room);
  REQUIRE_EQ(code_of(loaded), "system");
  CHECK_NE(loaded.why().detail.find(lease.room.str()), std::string::npos);
  CHECK_NE(loaded.why().detail.find("damaged"), std::string::npos);
  CHECK_EQ(code_of(store->load_history(lease.room, 11, 1)), "system");
  CHECK_EQ(code_of(store->save_snapshot(lease, make_snapshot(30))), "system");
  CHECK_EQ(load(other), "accepted");
}

SCENARIO("a row that is missing from the journal is a failure") {
  const auto middle = create_document(30);
  const auto front = create_document(30);
  tamper("DELETE FROM journal WHERE seq IN (2, 4)");
  CHECK_EQ(load(middle), "system");
  CHECK_EQ(code_of(store->save_snapshot(middle, make_snapshot(30))), "system");
  CHECK_EQ(load(front), "system");
  CHECK_EQ(code_of(store->save_snapshot(front, make_snapshot(30))), "system");
}

SCENARIO("rows of the journal that were swapped are a failure") {
  const auto lease = create_document(20);
  tamper("UPDATE journal SET entries = (SELECT entries FROM journal WHERE seq = 2) WHERE seq = 1");
  CHECK_EQ(load(lease), "system");
}

SCENARIO("a damaged snapshot is a failure, in its state as in its details") {
  const auto state = create_document();
  const auto details = create_document();
  tamper("UPDATE document SET state = x'00' WHERE rowid = 1;"
         "UPDATE document SET details = x'00' WHERE rowid = 2");
  CHECK_EQ(load(state), "system");
  CHECK_EQ(load(details), "system");
}

SCENARIO("damaged history is a failure of reading it, the document still loads") {
  const auto lease = create_document(30);
  for (const auto sequence : {10U, 20U, 30U})
    must(store->save_snapshot(lease, make_snapshot(sequence)));
  tamper("UPDATE history SET entries = CAST(substr(entries, 1, 30) || x'00' || substr(entries, 32)"
         " AS BLOB) WHERE seq = 1;"
         "UPDATE history SET bytes = bytes + 1 WHERE seq = 2;"
         "UPDATE history SET entries = x'', authors = x'ff' WHERE seq = 3");
  CHECK_EQ(load(lease), "accepted");
  for (const auto first : {1U, 11U, 21U})
    CHECK_EQ(code_of(store->load_history(lease.room, first, 1)), "system");
  CHECK_EQ(code_of(store->list_history(lease.room, 20, 1)), "system");
  CHECK_EQ(must(store->trim_history(lease.room, make_snapshot(30))), 3u);
}

SCENARIO("a damaged beginning of history is a failure") {
  const auto lease = create_document(5);
  must(store->save_snapshot(lease, make_snapshot(5)));
  tamper("UPDATE history_base SET state = x'00'");
  CHECK_EQ(code_of(store->load_history_base(lease.room)), "system");
}

SCENARIO("a damaged version or blob is a failure") {
  const auto lease = create_document();
  const std::string hash(blob_hash_bytes, 'h');
  const version_record version{version_id::random(), lease.room, "v", "ada", day_one, 0, "state"};
  must(store->save_version(lease, version));
  must(store->save_blob(lease, hash, "content"));
  tamper("UPDATE version SET state = x'00'; UPDATE blob SET content = x'00'");
  CHECK_EQ(code_of(store->load_version(lease.room, version.id)), "system");
  CHECK_EQ(code_of(store->load_blob(lease.room, hash)), "system");
}

// -- the size of the file

SCENARIO("a file whose journals are compacted and trimmed again and again stops growing") {
  const auto lease = create_document();
  std::uint64_t last = 0;
  const auto work = [&](int rounds) {
    for (int round = 0; round < rounds; ++round) {
      must(store->begin());
      for (int i = 0; i < 10; ++i, ++last)
        must(store->append_journal(lease, {make_large_entry(last + 1, 10'000)}));
      auto snapshot = make_snapshot(last);
      snapshot.state = make_large_entry(last, 30'000).update;
      must(store->save_snapshot(lease, snapshot));
      auto base = snapshot;
      base.sequence = last - 10;
      must(store->trim_history(lease.room, base));
      must(store->commit());
    }
  };
  work(20);
  const auto early = pages();
  work(200); // 20 MB of entries
  const auto late = pages();
  CHECK_GT(early, 0);
  CHECK_LE(late, early + early / 4);
}

END_FIXTURE_SCOPE()
