#define CAF_SUITE sqlite_files

// The database as a file: what happens at start, to a killed process, to damaged and foreign
// files.

#include "storage/migrations.hpp"
#include "storage/sqlite.hpp"
#include "storage/sqlite_connection.hpp"
#include "tests/storage/fixture.hpp"
#include "tests/storage/kill.hpp"
#include "tests/storage/temporary_directory.hpp"

#include <csignal>
#include <fstream>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

using namespace coterie;
using namespace coterie::storage;
using namespace coterie::storage::testing;

namespace {

struct fixture {
  std::string read_file(const std::string& name) {
    std::ifstream in(name, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  std::int64_t count(const std::string& sql) {
    const auto db = must(sqlite_connection::open(path));
    auto query = db->query(sql);
    return must(query.next()) ? query.integer(0) : -1;
  }

  temporary_directory directory;
  const std::string path = directory / "rooms.db";
  const node_id north = node_id::random();
};

} // namespace

BEGIN_FIXTURE_SCOPE(fixture)

SCENARIO("a commit that has returned survives kill -9, an open transaction does not") {
  const auto kept = make_image("kept");
  const auto job = make_job(kept.room.id);
  const auto lost = make_image("lost");
  kill_after([&] {
    auto opened = open_sqlite(path);
    if (!opened)
      return false;
    auto& store = **opened;
    if (!store.register_node(north) || !store.begin())
      return false;
    const auto lease = store.create_room(kept, {}, north, ttl);
    if (!lease || !store.append_journal(fence_of(*lease), make_entries(1, 3))
        || !store.create_job(job) || !store.commit())
      return false;
    if (!store.begin() || !store.create_room(lost, {}, north, ttl))
      return false;
    opened->release(); // NOLINT: the child is killed with the database open
    return true;
  });
  const auto store = must(open_sqlite(path));
  CHECK(must(store->load_room(kept.room.id)).room == kept.room);
  CHECK(must(store->load_document(kept.room.id)).tail == make_entries(1, 3));
  CHECK(must(store->load_job(job.id)) == job);
  CHECK_EQ(code_of(store->load_room(lost.room.id)), "not_found");
}

SCENARIO("a second server is kept away, and told by whom") {
  auto first = must(open_sqlite(path));
  const auto second = open_sqlite(path);
  REQUIRE_EQ(code_of(second), "already_running");
  CHECK_NE(second.why().detail.find(path + ".lock"), std::string::npos);
  CHECK_NE(second.why().detail.find("process " + std::to_string(::getpid())), std::string::npos);
  first.reset();
  CHECK_EQ(code_of(open_sqlite(path)), "accepted");
}

SCENARIO("the lock of a killed server does not stay") {
  kill_after([&] {
    auto opened = open_sqlite(path);
    return opened && opened->release();
  });
  CHECK_EQ(code_of(open_sqlite(path)), "accepted");
}

SCENARIO("each schema step is taken once") {
  must(open_sqlite(path));
  const auto steps = static_cast<std::int64_t>(sqlite_migrations().size());
  CHECK_EQ(count("SELECT count(*) FROM schema_migration"), steps);
  must(open_sqlite(path));
  CHECK_EQ(count("SELECT count(*) FROM schema_migration"), steps);
  CHECK_EQ(count("SELECT max(number) FROM schema_migration"), steps);
}

SCENARIO("an older database keeps its rows and takes the missing steps") {
  const auto all = sqlite_migrations();
  {
    const auto db = must(sqlite_connection::open(path));
    must(migrate(*db, all.first(1), day_one));
    must(db->execute("INSERT INTO node VALUES (randomblob(16), 1)"));
  }
  must(open_sqlite(path));
  CHECK_EQ(count("SELECT count(*) FROM node"), 1);
  CHECK_EQ(count("SELECT count(*) FROM job"), 0);
}

SCENARIO("a database with a table for files loses it and keeps its rooms") {
  {
    const auto db = must(sqlite_connection::open(path));
    must(migrate(*db, sqlite_migrations().first(3), day_one));
    must(db->execute("INSERT INTO room VALUES (1, x'000102030405060708090a0b0c0d0e0f', 'old',"
                     " 'python', 'link', 'active', 'main.py', 0, 0);"
                     "INSERT INTO file VALUES (x'000102030405060708090a0b0c0d0e0f', 'main.py', 1,"
                     " 1, 0, x'')"));
  }
  must(open_sqlite(path));
  CHECK_EQ(count("SELECT count(*) FROM room"), 1);
  CHECK_EQ(count("SELECT count(*) FROM sqlite_schema WHERE name = 'file'"), 0);
}

SCENARIO("a database of a newer version is refused with its number") {
  must(open_sqlite(path));
  const auto later = std::to_string(sqlite_migrations().size() + 1);
  {
    const auto db = must(sqlite_connection::open(path));
    const auto insert = "INSERT INTO schema_migration VALUES (" + later + ", 'later', 'x', 0)";
    must(db->execute(insert.c_str()));
  }
  const auto opened = open_sqlite(path);
  REQUIRE_EQ(code_of(opened), "newer_schema");
  CHECK_NE(opened.why().detail.find("has schema " + later), std::string::npos);
  CHECK_NE(opened.why().detail.find(path), std::string::npos);
}

SCENARIO("a database whose steps had another text is refused") {
  must(open_sqlite(path));
  {
    const auto db = must(sqlite_connection::open(path));
    must(db->execute("UPDATE schema_migration SET sha256 = 'other' WHERE number = 1"));
  }
  CHECK_EQ(code_of(open_sqlite(path)), "unsupported");
}

SCENARIO("a step that fails leaves no half of it behind") {
  const auto db = must(sqlite_connection::open(path));
  const migration broken[] = {
    {1, "broken", "x", "CREATE TABLE half (a INTEGER) STRICT; CREATE TABLE half (b);"}};
  CHECK_NE(code_of(migrate(*db, broken, day_one)), "accepted");
  CHECK_EQ(count("SELECT count(*) FROM sqlite_schema"), 0);
  must(migrate(*db, sqlite_migrations(), day_one));
}

SCENARIO("another program's database is left alone") {
  {
    const auto db = must(sqlite_connection::open(path));
    must(db->execute("CREATE TABLE recipes (name TEXT)"));
  }
  CHECK_EQ(code_of(open_sqlite(path)), "unsupported");
  CHECK_EQ(count("SELECT count(*) FROM sqlite_schema"), 1);
}

SCENARIO("a file that is not a database is refused and not overwritten") {
  const std::string content(8192, 'x');
  std::ofstream(path) << content;
  const auto opened = open_sqlite(path);
  REQUIRE_EQ(code_of(opened), "system");
  CHECK_NE(opened.why().detail.find(path), std::string::npos);
  CHECK_NE(opened.why().detail.find("not a database"), std::string::npos);
  CHECK_EQ(read_file(path), content);
}

SCENARIO("damage inside the file is a failure, not a crash") {
  const auto image = make_image();
  {
    const auto store = must(open_sqlite(path));
    must(store->register_node(north));
    must(store->create_room(image, {}, north, ttl));
  }
  {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(0, std::ios::end);
    const auto size = static_cast<std::size_t>(file.tellp());
    file.seekp(4096); // the first page tells tables from one another; all others are ruined
    file << std::string(size - 4096, '\x5a');
  }
  auto opened = open_sqlite(path);
  if (opened)
    CHECK_EQ(code_of((*opened)->load_room(image.room.id)), "system");
  else
    CHECK_EQ(code_of(opened), "system");
}

SCENARIO("only the server's own user can read the database") {
  const auto store = must(open_sqlite(path));
  must(store->register_node(north));
  for (const auto* suffix : {"", "-wal", "-shm", ".lock"}) {
    struct stat about {};
    REQUIRE_EQ(::stat((path + suffix).c_str(), &about), 0);
    CHECK_EQ(about.st_mode & 0777, 0600u);
  }
}

SCENARIO("commits wait for the disk, and references are enforced") {
  const auto db = must(sqlite_connection::open(path));
  const auto setting = [&](const char* pragma) {
    auto query = db->query(pragma);
    return must(query.next()) ? query.bytes(0) : "";
  };
  CHECK_EQ(setting("PRAGMA journal_mode"), "wal");
  CHECK_EQ(setting("PRAGMA synchronous"), "2"); // FULL
  CHECK_EQ(setting("PRAGMA foreign_keys"), "1");
}

SCENARIO("a transaction whose lock another process holds is refused in time") {
  const auto store = must(open_sqlite(path, system_now, {100ms, 10s}));
  const auto other = must(sqlite_connection::open(path));
  must(other->execute("BEGIN IMMEDIATE"));
  CHECK_EQ(code_of(store->begin()), "unavailable");
  CHECK_EQ(code_of(store->check()), "unavailable");
  CHECK_EQ(code_of(store->create_job(make_job())), "unavailable");
  must(other->execute("ROLLBACK"));
  must(store->begin());
  must(store->commit());
}

SCENARIO("a statement that does not end is given up, and the connection lives on") {
  const auto db = must(sqlite_connection::open(path, {100ms, 50ms}));
  auto endless = db->query("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
                           " SELECT count(*) FROM n");
  CHECK_EQ(code_of(endless.next()), "timeout");
  CHECK_EQ(code_of(db->query("SELECT 1").run()), "accepted");
}

SCENARIO("a full disk fails the commit and loses nothing that was there") {
  auto kept = make_image("kept");
  kept.document = make_snapshot(0);
  {
    const auto store = must(open_sqlite(path));
    must(store->register_node(north));
    must(store->create_room(kept, {}, north, ttl));
  }
  // A limit on the size of files stands for the full disk.
  kill_after([&] {
    auto opened = open_sqlite(path);
    if (!opened)
      return false;
    auto& store = **opened;
    struct sigaction ignore {};
    ignore.sa_handler = SIG_IGN;
    ::sigaction(SIGXFSZ, &ignore, nullptr);
    const rlimit small{1U << 20, 1U << 20};
    ::setrlimit(RLIMIT_FSIZE, &small);
    auto large = make_image("large");
    large.document = make_snapshot(0);
    large.document->state.assign(4U << 20, 'x');
    if (!store.begin())
      return false;
    const bool created = store.create_room(large, {}, north, ttl).has_value();
    const bool committed = store.commit().has_value();
    const bool still_reads = store.load_room(kept.room.id).has_value();
    const bool is_gone = !store.load_room(large.room.id).has_value();
    opened->release(); // NOLINT
    return !(created && committed) && still_reads && is_gone;
  });
  const auto store = must(open_sqlite(path));
  CHECK(must(store->load_room(kept.room.id)).room == kept.room);
  CHECK(must(store->load_document(kept.room.id)).snapshot == kept.document);
}

END_FIXTURE_SCOPE()
