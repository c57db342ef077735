// Part of the conformance suite: journal, snapshots and history. Included by the test file of
// each engine, which has defined CAF_SUITE and `engine_under_test`.

namespace conformance_documents {

using namespace coterie;
using namespace coterie::storage;
using namespace coterie::storage::testing;

namespace {

struct fixture : store_fixture<engine_under_test> {
  std::vector<journal_entry> tail(const fence& lease) {
    return must(store->load_document(lease.room)).tail;
  }
  std::vector<history_chunk> chunks(const fence& lease) {
    return must(store->list_history(lease.room, 0, list_rows_max));
  }
  std::optional<document_snapshot> base(const fence& lease) {
    return must(store->load_history_base(lease.room));
  }
  std::vector<journal_entry> history(const fence& lease, std::uint64_t first = 1) {
    return must(store->load_history(lease.room, first, history_entries_max));
  }
};

} // namespace

using caf_test_case_auto_fixture = fixture;

// -- journal

SCENARIO("a document is its first snapshot and what was appended since") {
  const auto lease = create_document(25);
  const auto loaded = must(store->load_document(lease.room));
  REQUIRE(loaded.snapshot.has_value());
  CHECK(*loaded.snapshot == make_snapshot(0));
  CHECK(loaded.tail == make_entries(1, 25));
}

SCENARIO("a room made without a document has none, and its journal starts at one") {
  const auto lease = fence_of(create(make_image()));
  CHECK(must(store->load_document(lease.room)) == stored_document{});
  append(lease, 1, 3);
  const auto loaded = must(store->load_document(lease.room));
  CHECK(!loaded.snapshot);
  CHECK(loaded.tail == make_entries(1, 3));
  must(store->save_snapshot(lease, make_snapshot(3)));
  CHECK((must(store->load_document(lease.room)) == stored_document{make_snapshot(3), {}}));
}

SCENARIO("a first snapshot has sequence zero, and loading a room leaves it out") {
  auto image = make_image();
  image.document = make_snapshot(1);
  CHECK_EQ(code_of(store->create_room(image, {}, north, ttl)), "invalid_argument");
  image.document = make_snapshot(0);
  create(image);
  CHECK(!must(store->load_room(image.room.id)).document);
}

SCENARIO("entries keep every byte, times out of order and any author") {
  const auto lease = create_document();
  std::vector<journal_entry> entries{
    {1, day_one, std::string("\0\xff", 2), std::string("\0\xff\x80", 3)},
    {2, day_one - 24h, "", ""},
    {3, timestamp{}, std::string(author_bytes_max, 'a'), std::string(70'000, 'x')},
    {4, timestamp{-1ms}, std::string("\0\xff", 2), "again"}};
  must(store->append_journal(lease, entries));
  CHECK(tail(lease) == entries);
  must(store->save_snapshot(lease, make_snapshot(4)));
  CHECK(history(lease) == entries);
}

SCENARIO("a gap or a repetition in the journal is refused, and nothing of the batch is kept") {
  const auto lease = create_document();
  CHECK_EQ(code_of(store->append_journal(lease, make_entries(2, 3))), "conflict");
  append(lease, 1, 5);
  for (const auto& [first, last] : {std::pair{7U, 8U}, {5U, 5U}, {5U, 6U}, {1U, 9U}})
    CHECK_EQ(code_of(store->append_journal(lease, make_entries(first, last))), "conflict");
  must(store->save_snapshot(lease, make_snapshot(5)));
  CHECK_EQ(code_of(store->append_journal(lease, make_entries(5, 6))), "conflict");
  CHECK_EQ(code_of(store->append_journal(lease, make_entries(1, 1))), "conflict");
  CHECK_EQ(code_of(store->append_journal(lease, make_entries(7, 7))), "conflict");
  append(lease, 6, 7);
  CHECK(tail(lease) == make_entries(6, 7));
}

SCENARIO("a batch that is not in order by itself is malformed") {
  const auto lease = create_document();
  auto entries = make_entries(1, 3);
  entries[2].sequence = 5;
  CHECK_EQ(code_of(store->append_journal(lease, entries)), "invalid_argument");
  CHECK_EQ(code_of(store->append_journal(lease, make_entries(0, 1))), "invalid_argument");
  entries[2].sequence = 2;
  CHECK_EQ(code_of(store->append_journal(lease, entries)), "invalid_argument");
  must(store->append_journal(lease, {}));
  CHECK(tail(lease).empty());
}

SCENARIO("journals of many rooms share a transaction, and a refused one disturbs none") {
  const auto one = create_document();
  const auto two = create_document();
  auto stale = two;
  ++stale.epoch;
  must(store->begin());
  append(one, 1, 2);
  CHECK_EQ(code_of(store->append_journal(stale, make_entries(1, 1))), "stale_epoch");
  append(two, 1, 3);
  CHECK_EQ(code_of(store->append_journal(one, make_entries(9, 9))), "conflict");
  append(one, 3, 4);
  must(store->commit());
  CHECK(tail(one) == make_entries(1, 4));
  CHECK(tail(two) == make_entries(1, 3));
}

SCENARIO("a batch of megabytes is stored as a whole or not at all") {
  const auto lease = create_document();
  std::vector<journal_entry> entries;
  for (std::uint64_t i = 1; i <= 12; ++i)
    entries.push_back(make_large_entry(i, 200'000));
  auto late = entries;
  for (auto& entry : late)
    ++entry.sequence;
  CHECK_EQ(code_of(store->append_journal(lease, late)), "conflict");
  CHECK(tail(lease).empty());
  must(store->append_journal(lease, entries));
  CHECK(tail(lease) == entries);
}

SCENARIO("a document write of an older epoch or of another node is refused") {
  const auto old = create_document(5);
  const auto lease = fence_of(must(store->take_lease(old.room, north, ttl)));
  const std::string hash(blob_hash_bytes, 'h');
  const version_record version{version_id::random(), old.room, "v", "ada", day_one, 5, "s"};
  must(store->save_version(lease, version));
  auto other = version;
  other.id = version_id::random();
  for (const auto& stale :
       {old, fence{old.room, south, lease.epoch}, fence{old.room, node_id{}, lease.epoch},
        fence{old.room, north, lease.epoch + 1}}) {
    CHECK_EQ(code_of(store->append_journal(stale, make_entries(6, 6))), "stale_epoch");
    CHECK_EQ(code_of(store->append_journal(stale, {})), "stale_epoch");
    CHECK_EQ(code_of(store->save_snapshot(stale, make_snapshot(5))), "stale_epoch");
    CHECK_EQ(code_of(store->save_version(stale, other)), "stale_epoch");
    CHECK_EQ(code_of(store->delete_version(stale, version.id)), "stale_epoch");
    CHECK_EQ(code_of(store->save_blob(stale, hash, "x")), "stale_epoch");
    CHECK_EQ(code_of(store->retain_blobs(stale, {})), "stale_epoch");
  }
  const fence unknown{room_id::random(), north, 1};
  CHECK_EQ(code_of(store->append_journal(unknown, make_entries(1, 1))), "stale_epoch");
  CHECK(tail(lease) == make_entries(1, 5));
  CHECK_EQ(must(store->list_versions(old.room, std::nullopt, 9)).size(), 1u);
}

SCENARIO("the next owner goes on where the journal ends") {
  const auto lease = create_document(5);
  restart();
  const auto next = fence_of(must(store->take_lease(lease.room, south, ttl)));
  CHECK_EQ(code_of(store->append_journal(lease, make_entries(6, 6))), "stale_epoch");
  append(next, 6, 8);
  CHECK(tail(next) == make_entries(1, 8));
}

// -- snapshots

SCENARIO("a snapshot moves its entries into history, and nothing is lost") {
  const auto lease = create_document(40);
  must(store->save_snapshot(lease, make_snapshot(30)));
  const auto loaded = must(store->load_document(lease.room));
  CHECK(*loaded.snapshot == make_snapshot(30));
  CHECK(loaded.tail == make_entries(31, 40));
  CHECK(history(lease) == make_entries(1, 40));
  const auto heads = chunks(lease);
  REQUIRE_EQ(heads.size(), 1u);
  CHECK_EQ(heads[0].first_sequence, 1u);
  CHECK_EQ(heads[0].last_sequence, 30u);
  CHECK(heads[0].first_at == day_one + 1s);
  CHECK(heads[0].last_at == day_one + 30s);
  CHECK((heads[0].authors == std::vector<std::string>{"ada", "bob"}));
}

SCENARIO("a snapshot may end anywhere in a batch") {
  const auto lease = create_document(30);
  for (const auto sequence : {3U, 4U, 10U, 11U, 29U, 30U}) {
    must(store->save_snapshot(lease, make_snapshot(sequence)));
    CHECK(tail(lease) == make_entries(sequence + 1, 30));
    CHECK(history(lease) == make_entries(1, 30));
  }
  append(lease, 31, 33);
  CHECK(tail(lease) == make_entries(31, 33));
  CHECK(history(lease) == make_entries(1, 33));
}

SCENARIO("a snapshot is replaced as a whole, also by one of the same sequence") {
  const auto lease = create_document(3);
  must(store->save_snapshot(lease, make_snapshot(2)));
  const document_snapshot changed{2, std::string("\0\xff", 2), "", day_one + 1h};
  must(store->save_snapshot(lease, changed));
  CHECK(*must(store->load_document(lease.room)).snapshot == changed);
  CHECK(tail(lease) == make_entries(3, 3));
  CHECK_EQ(chunks(lease).size(), 1u);
}

SCENARIO("a snapshot from the past or from the future is refused") {
  const auto lease = create_document(10);
  must(store->save_snapshot(lease, make_snapshot(5)));
  CHECK_EQ(code_of(store->save_snapshot(lease, make_snapshot(4))), "conflict");
  CHECK_EQ(code_of(store->save_snapshot(lease, make_snapshot(11))), "conflict");
  CHECK((must(store->load_document(lease.room))
         == stored_document{make_snapshot(5), make_entries(6, 10)}));
}

SCENARIO("a snapshot that is rolled back leaves the old state") {
  const auto lease = create_document(20);
  must(store->save_snapshot(lease, make_snapshot(5)));
  const auto before = must(store->load_document(lease.room));
  must(store->begin());
  append(lease, 21, 25);
  must(store->save_snapshot(lease, make_snapshot(23)));
  CHECK(tail(lease) == make_entries(24, 25));
  store->rollback();
  CHECK(must(store->load_document(lease.room)) == before);
  CHECK(history(lease) == make_entries(1, 20));
  CHECK_EQ(chunks(lease).size(), 1u);
  append(lease, 21, 21);
}

SCENARIO("one snapshot moves a bounded part, and the next ones the rest") {
  const auto lease = create_document();
  std::vector<journal_entry> all;
  for (std::uint64_t i = 1; i <= 60; ++i)
    all.push_back(make_large_entry(i, 200'000)); // 12 MB
  must(store->append_journal(lease, all));
  must(store->save_snapshot(lease, make_snapshot(60)));
  CHECK((must(store->load_document(lease.room)) == stored_document{make_snapshot(60), {}}));
  const auto moved = chunks(lease).back().last_sequence;
  CHECK_EQ(moved, moved_bytes_max / 200'040); // 200 kB and what a block adds at most
  CHECK_EQ(code_of(store->append_journal(lease, make_entries(60, 60))), "conflict");
  append(lease, 61, 61);
  CHECK(tail(lease) == make_entries(61, 61));
  must(store->save_snapshot(lease, make_snapshot(61)));
  must(store->save_snapshot(lease, make_snapshot(61)));
  CHECK_EQ(chunks(lease).back().last_sequence, 60u + 1u);
  std::vector<journal_entry> read;
  while (read.size() < 60) {
    const auto page = history(lease, read.size() + 1);
    REQUIRE(!page.empty());
    read.insert(read.end(), page.begin(), page.end());
  }
  read.resize(60);
  CHECK(read == all);
}

SCENARIO("the largest update goes through journal and history") {
  const auto lease = create_document();
  const std::vector<journal_entry> entries{
    make_large_entry(1, 10), make_large_entry(2, update_bytes_max), make_large_entry(3, 10)};
  must(store->append_journal(lease, entries));
  CHECK(tail(lease) == entries);
  for (int i = 0; i < 3; ++i)
    must(store->save_snapshot(lease, make_snapshot(3)));
  CHECK_EQ(chunks(lease).size(), 3u);
  for (const auto& entry : entries)
    CHECK(must(store->load_history(lease.room, entry.sequence, 1)).at(0) == entry);
}

// -- history

SCENARIO("history is listed in pages") {
  const auto lease = create_document();
  for (std::uint64_t i = 1; i <= 50; i += 10) {
    append(lease, i, i + 9);
    must(store->save_snapshot(lease, make_snapshot(i + 9)));
  }
  std::vector<std::uint64_t> ends;
  for (std::uint64_t after = 0;;) {
    const auto page = must(store->list_history(lease.room, after, 2));
    if (page.empty())
      break;
    CHECK_LE(page.size(), 2u);
    for (const auto& head : page)
      ends.push_back(after = head.last_sequence);
  }
  CHECK((ends == std::vector<std::uint64_t>{10, 20, 30, 40, 50}));
  CHECK_EQ(must(store->list_history(lease.room, 25, 9)).front().first_sequence, 21u);
  CHECK(must(store->list_history(lease.room, 50, 9)).empty());
  CHECK(must(store->list_history(lease.room, 0, 0)).empty());
  CHECK(must(store->list_history(lease.room, UINT64_MAX, 9)).empty());
  CHECK(must(store->list_history(room_id::random(), 0, 9)).empty());
}

SCENARIO("entries are read across chunks and tail from any place") {
  const auto lease = create_document(20);
  must(store->save_snapshot(lease, make_snapshot(8)));
  must(store->save_snapshot(lease, make_snapshot(13)));
  CHECK(must(store->load_history(lease.room, 6, 10)) == make_entries(6, 15));
  CHECK(must(store->load_history(lease.room, 0, 3)) == make_entries(1, 3));
  CHECK(history(lease, 14) == make_entries(14, 20));
  CHECK(history(lease, 21).empty());
  CHECK(history(lease, UINT64_MAX).empty());
  CHECK(must(store->load_history(lease.room, 1, 0)).empty());
  CHECK(must(store->load_history(room_id::random(), 1, 9)).empty());
}

SCENARIO("one answer of history is bounded in entries and in bytes") {
  const auto lease = create_document();
  must(store->append_journal(lease, make_entries(1, history_entries_max + 5)));
  CHECK_EQ(must(store->load_history(lease.room, 1, SIZE_MAX)).size(), history_entries_max);
  must(store->save_snapshot(lease, make_snapshot(history_entries_max + 5)));
  CHECK_EQ(must(store->load_history(lease.room, 1, SIZE_MAX)).size(), history_entries_max);
  const auto large = create_document();
  for (std::uint64_t i = 1; i <= 6; ++i)
    must(store->append_journal(large, {make_large_entry(i, history_bytes_max / 4)}));
  CHECK_EQ(history(large).size(), 4u);
}

SCENARIO("a chunk is bounded, and so is the list of its authors") {
  const auto lease = create_document();
  std::vector<journal_entry> entries;
  for (std::uint64_t i = 1; i <= 3000; ++i)
    entries.push_back({i, day_one, "author " + std::to_string(i), std::string(1000, 'x')});
  must(store->append_journal(lease, entries));
  must(store->save_snapshot(lease, make_snapshot(3000)));
  const auto heads = chunks(lease);
  CHECK_EQ(heads.size(), 4u); // 3 MB and what is beside the updates
  std::uint64_t next = 1;
  for (const auto& head : heads) {
    CHECK_EQ(head.first_sequence, next);
    CHECK_LE(head.bytes, chunk_bytes_max);
    const auto authors = head.last_sequence - head.first_sequence + 1;
    CHECK_EQ(head.authors.size(), std::min<std::uint64_t>(authors, chunk_authors_max));
    CHECK_EQ(head.authors[0], "author " + std::to_string(next));
    next = head.last_sequence + 1;
  }
  CHECK_EQ(next, 3001u);
  CHECK(history(lease).size() == 3000u);
}

// -- what it begins with, and retention

SCENARIO("history begins with what the room was made with, whatever snapshots follow") {
  const auto lease = create_document();
  CHECK(base(lease) == make_snapshot(0));
  append(lease, 1, 20);
  for (const auto sequence : {10U, 20U}) {
    must(store->save_snapshot(lease, make_snapshot(sequence)));
    CHECK(base(lease) == make_snapshot(0));
  }
  const auto empty = fence_of(create(make_image()));
  append(empty, 1, 20);
  must(store->save_snapshot(empty, make_snapshot(10)));
  must(store->save_snapshot(empty, make_snapshot(20)));
  CHECK(!base(empty));
  CHECK(!must(store->load_history_base(room_id::random())));
}

SCENARIO("rooms with old chunks are listed in pages, by id, each with the last of these") {
  std::map<room_id, fence> leases;
  for (int i = 0; i < 5; ++i) {
    const auto lease = create_document(20);
    leases.emplace(lease.room, lease);
    for (const auto sequence : {5U, 10U, 18U})
      must(store->save_snapshot(lease, make_snapshot(sequence)));
  }
  create_document(20); // has no chunks
  CHECK(must(store->list_aged_history(day_one + 5s, std::nullopt, 9)).empty());
  std::vector<aged_history> listed;
  std::optional<room_id> after;
  while (true) {
    const auto page = must(store->list_aged_history(day_one + 11s, after, 2));
    if (page.empty())
      break;
    CHECK_LE(page.size(), 2u);
    listed.insert(listed.end(), page.begin(), page.end());
    after = page.back().room;
  }
  std::vector<aged_history> expected;
  for (const auto& [room, lease] : leases)
    expected.push_back({room, 10});
  CHECK(listed == expected);
}

SCENARIO("trimming removes the chunks up to the new base, and nothing else") {
  const auto one = create_document(20);
  const auto two = create_document(15);
  for (const auto sequence : {10U, 18U})
    must(store->save_snapshot(one, make_snapshot(sequence)));
  must(store->save_snapshot(two, make_snapshot(12)));
  CHECK_EQ(must(store->trim_history(one.room, make_snapshot(10))), 1u);
  CHECK(base(one) == make_snapshot(10));
  CHECK(history(one) == make_entries(11, 20));
  CHECK_EQ(chunks(one).size(), 1u);
  CHECK(history(two) == make_entries(1, 15));
  CHECK(base(two) == make_snapshot(0));
  CHECK((must(store->load_document(one.room))
         == stored_document{make_snapshot(18), make_entries(19, 20)}));
  append(one, 21, 21);
  must(store->save_snapshot(one, make_snapshot(21)));
  CHECK(history(one) == make_entries(11, 21));
  CHECK(base(one) == make_snapshot(10));
}

SCENARIO("a base in the middle of a chunk leaves the chunk for later") {
  const auto lease = create_document(20);
  must(store->save_snapshot(lease, make_snapshot(10)));
  CHECK_EQ(must(store->trim_history(lease.room, make_snapshot(4))), 0u);
  CHECK(base(lease) == make_snapshot(4));
  CHECK(history(lease) == make_entries(1, 20));
  CHECK_EQ(must(store->trim_history(lease.room, make_snapshot(10))), 1u);
  CHECK(history(lease) == make_entries(11, 20));
  CHECK_EQ(must(store->trim_history(lease.room, make_snapshot(10))), 0u);
}

SCENARIO("a base that is older than the stored one, or newer than the snapshot, is refused") {
  const auto lease = create_document(20);
  for (const auto sequence : {5U, 10U})
    must(store->save_snapshot(lease, make_snapshot(sequence)));
  CHECK_EQ(code_of(store->trim_history(lease.room, make_snapshot(11))), "conflict");
  must(store->trim_history(lease.room, make_snapshot(10)));
  CHECK_EQ(code_of(store->trim_history(lease.room, make_snapshot(5))), "conflict");
  CHECK_EQ(code_of(store->trim_history(room_id::random(), make_snapshot(5))), "not_found");
  auto large = make_snapshot(10);
  large.state.assign(state_bytes_max + 1, 'x');
  CHECK_EQ(code_of(store->trim_history(lease.room, large)), "too_large");
  CHECK(base(lease) == make_snapshot(10));
}

SCENARIO("an entry is not old while one before it is not, when a clock went back") {
  const auto lease = create_document();
  auto entries = make_entries(1, 3);
  entries[0].at = day_one + 2h;
  for (const auto& entry : entries) {
    must(store->append_journal(lease, {entry}));
    must(store->save_snapshot(lease, make_snapshot(entry.sequence)));
  }
  CHECK(must(store->list_aged_history(day_one + 1h, std::nullopt, 9)).empty());
  CHECK((must(store->list_aged_history(day_one + 3h, std::nullopt, 9))
         == std::vector{aged_history{lease.room, 3}}));
}

SCENARIO("a rollback brings trimmed history back") {
  const auto lease = create_document(5);
  must(store->save_snapshot(lease, make_snapshot(5)));
  must(store->begin());
  CHECK_EQ(must(store->trim_history(lease.room, make_snapshot(5))), 1u);
  CHECK(must(store->list_aged_history(day_one + 1h, std::nullopt, 9)).empty());
  store->rollback();
  CHECK(history(lease) == make_entries(1, 5));
  CHECK(base(lease) == make_snapshot(0));
  CHECK_EQ(must(store->list_aged_history(day_one + 1h, std::nullopt, 9)).size(), 1u);
}

// -- limits

SCENARIO("what is too large for a document is refused") {
  const auto lease = create_document(1);
  auto entry = make_entries(2, 2).front();
  entry.author.assign(author_bytes_max + 1, 'a');
  CHECK_EQ(code_of(store->append_journal(lease, {entry})), "too_large");
  entry.author.clear();
  entry.update.assign(update_bytes_max + 1, 'x');
  CHECK_EQ(code_of(store->append_journal(lease, {entry})), "too_large");
  CHECK_EQ(code_of(store->append_journal(lease, make_entries(2, append_entries_max + 2))),
           "too_large");
  auto snapshot = make_snapshot(1);
  snapshot.details.assign(details_bytes_max + 1, 'x');
  CHECK_EQ(code_of(store->save_snapshot(lease, snapshot)), "too_large");
  snapshot.details.clear();
  snapshot.state.assign(state_bytes_max + 1, 'x');
  CHECK_EQ(code_of(store->save_snapshot(lease, snapshot)), "too_large");
  CHECK_EQ(code_of(store->save_snapshot(lease, make_snapshot(UINT64_MAX))), "invalid_argument");
  CHECK(tail(lease) == make_entries(1, 1));
}

SCENARIO("a journal that no snapshot has shortened is full at its bound") {
  const auto lease = create_document();
  std::uint64_t last = 0;
  while (last < journal_tail_max) {
    const auto next = std::min<std::uint64_t>(last + append_entries_max, journal_tail_max);
    std::vector<journal_entry> entries;
    while (last < next)
      entries.push_back({++last, day_one, "", ""});
    must(store->append_journal(lease, entries));
  }
  CHECK_EQ(code_of(store->append_journal(lease, make_entries(last + 1, last + 1))), "too_large");
  must(store->save_snapshot(lease, make_snapshot(1)));
  must(store->append_journal(lease, make_entries(last + 1, last + 1)));
  CHECK_EQ(code_of(store->append_journal(lease, make_entries(last + 2, last + 2))), "too_large");
}

// -- the room's end

SCENARIO("a deleted room takes its document with it, and a rollback brings it back") {
  const auto lease = create_document(20);
  const auto other = create_document(3);
  const std::string hash(blob_hash_bytes, 'h');
  const version_record version{version_id::random(), lease.room, "v", "ada", day_one, 5, "s"};
  must(store->save_snapshot(lease, make_snapshot(10)));
  must(store->save_version(lease, version));
  must(store->save_blob(lease, hash, "content"));
  const auto whole = must(store->load_document(lease.room));
  for (const bool is_for_good : {false, true}) {
    must(store->begin());
    must(store->delete_room(lease));
    CHECK_EQ(code_of(store->load_document(lease.room)), "not_found");
    CHECK(history(lease).empty());
    CHECK(chunks(lease).empty());
    CHECK(must(store->list_versions(lease.room, std::nullopt, 9)).empty());
    CHECK_EQ(code_of(store->load_version(lease.room, version.id)), "not_found");
    CHECK_EQ(code_of(store->load_blob(lease.room, hash)), "not_found");
    CHECK(!base(lease));
    CHECK(must(store->list_aged_history(day_one + 1h, std::nullopt, 9)).empty());
    CHECK_EQ(code_of(store->trim_history(lease.room, make_snapshot(5))), "not_found");
    if (is_for_good) {
      must(store->commit());
      break;
    }
    store->rollback();
    CHECK(must(store->load_document(lease.room)) == whole);
    CHECK(history(lease) == make_entries(1, 20));
    CHECK(base(lease) == make_snapshot(0));
    CHECK(must(store->load_version(lease.room, version.id)) == version);
    CHECK_EQ(must(store->load_blob(lease.room, hash)), "content");
  }
  CHECK(tail(other) == make_entries(1, 3));
}

} // namespace conformance_documents
