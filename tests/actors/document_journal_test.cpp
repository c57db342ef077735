#define CAF_SUITE document_journal

#include "actors/document_journal.hpp"

#include "storage/checks.hpp"

#include "caf/test/bdd_dsl.hpp"

using namespace coterie;
using namespace coterie::actors;
using namespace std::chrono_literals;

namespace {

constexpr timestamp at{1'700'000'000'000ms};

std::uint64_t first_of(const std::vector<storage::journal_entry>& batch) {
  return batch.empty() ? 0 : batch.front().sequence;
}

} // namespace

SCENARIO("changes are numbered on from what is stored") {
  document_journal journal(7, 3, 100);
  CHECK(journal.is_saved());
  CHECK(!journal.can_begin());
  CHECK_EQ(journal.append("ada", "one", at), 8u);
  CHECK_EQ(journal.append("bob", "two", at + 1s), 9u);
  CHECK(!journal.is_saved());
  const auto batch = journal.begin();
  CHECK(
    (batch
     == std::vector<storage::journal_entry>{{8, at, "ada", "one"}, {9, at + 1s, "bob", "two"}}));
  CHECK_EQ(journal.saved(), 7u);
  journal.commit();
  CHECK_EQ(journal.saved(), 9u);
  CHECK(journal.is_saved());
}

SCENARIO("what comes while a batch is under way is the next one") {
  document_journal journal(0, 0, 0);
  journal.append("", "one", at);
  CHECK_EQ(journal.begin().size(), 1u);
  journal.append("", "two", at);
  CHECK(journal.is_under_way());
  CHECK(!journal.can_begin());
  journal.commit();
  CHECK_EQ(journal.saved(), 1u);
  CHECK(!journal.is_saved());
  CHECK(journal.can_begin());
  CHECK_EQ(first_of(journal.begin()), 2u);
}

SCENARIO("a batch has no more entries than storage takes at once; the rest is the next one") {
  document_journal journal(0, 0, 0);
  for (std::size_t i = 0; i < storage::append_entries_max + 5; ++i)
    journal.append("", "x", at);
  CHECK_EQ(journal.begin().size(), storage::append_entries_max);
  CHECK(journal.has_waiting());
  journal.commit();
  CHECK_EQ(journal.saved(), storage::append_entries_max);
  const auto rest = journal.begin();
  CHECK_EQ(rest.size(), 5u);
  CHECK_EQ(first_of(rest), storage::append_entries_max + 1);
  journal.commit();
  CHECK(journal.is_saved());
}

SCENARIO("an author's name is cut to what storage takes, between characters") {
  document_journal journal(0, 0, 0);
  journal.append(std::string(storage::author_bytes_max - 1, 'a') + "\xc3\xa4", "x", at);
  CHECK_EQ(journal.begin().front().author, std::string(storage::author_bytes_max - 1, 'a'));
}

SCENARIO("a journal is overfull past unsaved_bytes_max, the batch under way included") {
  document_journal journal(0, 0, 0);
  const std::string large(journal_bounds::unsaved_bytes_max / 2, 'x');
  journal.append("", large, at);
  journal.begin();
  CHECK(!journal.is_overfull());
  journal.append("", large, at);
  CHECK(journal.is_overfull());
  journal.commit();
  CHECK(!journal.is_overfull());
}

SCENARIO("many small changes fill a journal, too") {
  document_journal journal(0, 0, 0);
  for (std::size_t i = 0; i <= journal_bounds::unsaved_bytes_max / journal_bounds::entry_bytes; ++i)
    journal.append("", "", at);
  CHECK(journal.is_overfull());
}

SCENARIO("a snapshot is due after tail_entries_max stored entries, loaded ones included") {
  document_journal journal(0, journal_bounds::tail_entries_max - 1, 0);
  CHECK(!journal.wants_snapshot(false));
  journal.append("", "x", at);
  journal.begin();
  CHECK(!journal.wants_snapshot(false));
  journal.commit();
  CHECK(journal.wants_snapshot(false));
  journal.on_snapshot(1);
  CHECK(!journal.wants_snapshot(false));
}

SCENARIO("a snapshot is due after tail_bytes_max stored bytes") {
  document_journal journal(0, 0, 0);
  journal.append("", std::string(journal_bounds::tail_bytes_max - 1, 'x'), at);
  journal.begin();
  journal.commit();
  CHECK(!journal.wants_snapshot(false));
  journal.append("", "x", at);
  journal.begin();
  journal.commit();
  CHECK(journal.wants_snapshot(false));
}

SCENARIO("before a room is put away, a shorter tail is worth a snapshot") {
  document_journal journal(500, journal_bounds::tail_entries_worth, 0);
  CHECK(!journal.wants_snapshot(false));
  CHECK(journal.wants_snapshot(true));
  CHECK(!document_journal(500, journal_bounds::tail_entries_worth - 1, 0).wants_snapshot(true));
}

SCENARIO("what was stored after a snapshot was taken counts towards the next one") {
  document_journal journal(0, 0, 0);
  for (std::uint64_t i = 0; i < 2 * journal_bounds::tail_entries_worth; ++i)
    journal.append("", "x", at);
  journal.begin();
  journal.commit();
  journal.on_snapshot(journal_bounds::tail_entries_worth);
  CHECK(journal.wants_snapshot(true));
  journal.on_snapshot(2 * journal_bounds::tail_entries_worth);
  CHECK(!journal.wants_snapshot(true));
}
