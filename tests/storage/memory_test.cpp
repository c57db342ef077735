#define CAF_SUITE memory

#include "storage/memory.hpp"

#include "storage/checks.hpp"
#include "tests/storage/fixture.hpp"

namespace {

struct engine_under_test {
  std::unique_ptr<coterie::storage::backend> open() {
    return coterie::storage::open_memory(coterie::storage::testing::read_now);
  }
};

} // namespace

#include "tests/storage/conformance_access.hpp"
#include "tests/storage/conformance_accounts.hpp"
#include "tests/storage/conformance_chat.hpp"
#include "tests/storage/conformance_documents.hpp"
#include "tests/storage/conformance_jobs.hpp"
#include "tests/storage/conformance_rooms.hpp"
#include "tests/storage/conformance_versions.hpp"

namespace memory_only {

using namespace coterie::storage;
using namespace coterie::storage::testing;
using caf_test_case_auto_fixture = store_fixture<engine_under_test>;

SCENARIO("of the jobs that are over only the newest stay in memory") {
  const auto open = create(make_job());
  const auto first = create(make_job());
  must(store->abandon_job(first.id, job_status::cancelled, "", now));
  for (std::size_t i = 1; i < memory_ended_jobs_max; ++i)
    must(store->abandon_job(create(make_job()).id, job_status::cancelled, "", now));
  CHECK(store->load_job(first.id).has_value());
  must(store->abandon_job(create(make_job()).id, job_status::cancelled, "", now));
  CHECK_EQ(code_of(store->load_job(first.id)), "not_found");
  CHECK(store->load_job(open.id).has_value());
}

} // namespace memory_only
