#define CAF_SUITE sqlite

#include "storage/sqlite.hpp"

#include "storage/checks.hpp"
#include "tests/storage/fixture.hpp"
#include "tests/storage/temporary_directory.hpp"

namespace {

struct engine_under_test {
  std::unique_ptr<coterie::storage::backend> open() {
    using namespace coterie::storage;
    return testing::must(open_sqlite(directory / "rooms.db", testing::read_now));
  }
  coterie::storage::testing::temporary_directory directory;
};

} // namespace

#include "tests/storage/conformance_access.hpp"
#include "tests/storage/conformance_accounts.hpp"
#include "tests/storage/conformance_chat.hpp"
#include "tests/storage/conformance_documents.hpp"
#include "tests/storage/conformance_jobs.hpp"
#include "tests/storage/conformance_rooms.hpp"
#include "tests/storage/conformance_versions.hpp"

namespace sqlite_only {

using namespace coterie;
using namespace coterie::storage;
using namespace coterie::storage::testing;
using caf_test_case_auto_fixture = store_fixture<engine_under_test>;

SCENARIO("what was committed is there when the file is opened again") {
  const auto image = make_image("kept", day_one + 1ms);
  const auto lease = create(image, {{"yjs", "kept"}});
  const auto job = create_running(make_job(image.room.id));
  const auto lost = make_image("lost");
  must(store->begin());
  create(lost);
  store.reset(); // closed with the transaction open
  store = database.open();
  const auto loaded = must(store->load_room(image.room.id));
  CHECK(loaded.room == image.room);
  CHECK(loaded.capabilities == image.capabilities);
  CHECK(must(store->resolve_alias("yjs", "kept")) == image.room.id);
  CHECK(this->job(job.id).status == job_status::running);
  CHECK(!has_room(lost.room.id));
  must(retitle(lease, "kept still"));
}

SCENARIO("epochs go on counting after a restart") {
  const auto lease = create(make_image());
  store.reset();
  store = database.open();
  restart();
  CHECK_EQ(must(store->take_lease(lease.room, south, ttl)).epoch, lease.epoch + 1);
}

} // namespace sqlite_only
