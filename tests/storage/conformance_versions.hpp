// Part of the conformance suite: named versions and blobs. Included by the test file of each
// engine, which has defined CAF_SUITE and `engine_under_test`.

namespace conformance_versions {

using namespace coterie;
using namespace coterie::storage;
using namespace coterie::storage::testing;

namespace {

struct fixture : store_fixture<engine_under_test> {
  version_record save_version(const fence& lease, std::string name,
                              std::vector<std::string> blobs = {}) {
    version_record version{
      version_id::random(),          lease.room,      std::move(name), "ada", day_one, 7,
      std::string("\0state\xff", 7), std::move(blobs)};
    must(store->save_version(lease, version));
    return version;
  }
  bool has_blob(const fence& lease, const std::string& hash) {
    return store->load_blob(lease.room, hash).has_value();
  }
  static std::string hash_of(std::size_t number) {
    std::string hash(blob_hash_bytes, '\0');
    for (std::size_t i = 0; i < sizeof number; ++i)
      hash[i] = static_cast<char>(number >> (8 * i) & 0xff);
    return hash;
  }
};

} // namespace

using caf_test_case_auto_fixture = fixture;

// -- versions

SCENARIO("a version is loaded as it was saved, until it is deleted") {
  const auto lease = create_document();
  const auto version = save_version(lease, "erste Fassung ✓");
  CHECK(must(store->load_version(lease.room, version.id)) == version);
  must(store->delete_version(lease, version.id));
  CHECK_EQ(code_of(store->load_version(lease.room, version.id)), "not_found");
  CHECK_EQ(code_of(store->delete_version(lease, version.id)), "not_found");
}

SCENARIO("a version belongs to its room") {
  const auto one = create_document();
  const auto two = create_document();
  const auto version = save_version(one, "v");
  CHECK_EQ(code_of(store->load_version(two.room, version.id)), "not_found");
  CHECK_EQ(code_of(store->delete_version(two, version.id)), "not_found");
  CHECK_EQ(code_of(store->list_versions(two.room, version.id, 9)), "not_found");
  auto stolen = version;
  CHECK_EQ(code_of(store->save_version(two, stolen)), "invalid_argument");
  stolen.room = two.room;
  CHECK_EQ(code_of(store->save_version(two, stolen)), "conflict");
  CHECK(must(store->load_version(one.room, version.id)) == version);
}

SCENARIO("versions are listed in pages in the order of saving, without their states") {
  const auto lease = create_document();
  save_version(create_document(), "of another room");
  std::vector<version_record> saved;
  for (int i = 0; i < 5; ++i) {
    saved.push_back(save_version(lease, "v" + std::to_string(i)));
    saved.back().state.clear();
  }
  std::vector<version_record> listed;
  std::optional<version_id> after;
  while (true) {
    const auto page = must(store->list_versions(lease.room, after, 2));
    if (page.empty())
      break;
    CHECK_LE(page.size(), 2u);
    listed.insert(listed.end(), page.begin(), page.end());
    after = page.back().id;
  }
  CHECK(listed == saved);
  must(store->delete_version(lease, saved[1].id));
  CHECK_EQ(code_of(store->list_versions(lease.room, saved[1].id, 2)), "not_found");
  CHECK(must(store->list_versions(lease.room, saved[0].id, 1)).at(0) == saved[2]);
}

SCENARIO("a room has a bounded number of versions") {
  const auto lease = create_document();
  const auto first = save_version(lease, "first");
  for (std::size_t i = 1; i < versions_max; ++i)
    save_version(lease, "v");
  auto more = first;
  more.id = version_id::random();
  CHECK_EQ(code_of(store->save_version(lease, more)), "too_large");
  must(store->delete_version(lease, first.id));
  must(store->save_version(lease, more));
}

SCENARIO("a version with a name or state that no engine keeps is refused") {
  const auto lease = create_document();
  version_record version{version_id::random(), lease.room, "v", "ada", day_one, 0, "s"};
  const auto code_with = [&](auto change) {
    auto changed = version;
    change(changed);
    return code_of(store->save_version(lease, changed));
  };
  CHECK_EQ(code_with([](auto& x) { x.id = {}; }), "invalid_argument");
  CHECK_EQ(code_with([](auto& x) { x.name = "\xff"; }), "invalid_argument");
  CHECK_EQ(code_with([](auto& x) { x.name.assign(version_name_bytes_max + 1, 'n'); }), "too_large");
  CHECK_EQ(code_with([](auto& x) { x.author.assign(author_bytes_max + 1, 'a'); }), "too_large");
  CHECK_EQ(code_with([](auto& x) { x.blobs = {"short"}; }), "invalid_argument");
  CHECK_EQ(code_with([](auto& x) { x.state.assign(state_bytes_max + 1, 's'); }), "too_large");
  must(store->save_version(lease, version));
}

// -- blobs

SCENARIO("a blob is loaded as it was saved, in its room only") {
  const auto lease = create_document();
  const auto other = create_document();
  const auto large = make_large_entry(1, blob_bytes_max).update;
  must(store->save_blob(lease, hash_of(1), large));
  must(store->save_blob(lease, hash_of(2), ""));
  CHECK(must(store->load_blob(lease.room, hash_of(1))) == large);
  CHECK_EQ(must(store->load_blob(lease.room, hash_of(2))), "");
  CHECK_EQ(code_of(store->load_blob(lease.room, hash_of(3))), "not_found");
  CHECK_EQ(code_of(store->load_blob(other.room, hash_of(1))), "not_found");
}

SCENARIO("a blob has a hash of 32 bytes and a bounded size") {
  const auto lease = create_document();
  CHECK_EQ(code_of(store->save_blob(lease, std::string(31, 'h'), "x")), "invalid_argument");
  CHECK_EQ(code_of(store->save_blob(lease, std::string(33, 'h'), "x")), "invalid_argument");
  CHECK_EQ(code_of(store->retain_blobs(lease, {"short"})), "invalid_argument");
  CHECK_EQ(code_of(store->save_blob(lease, hash_of(1), std::string(blob_bytes_max + 1, 'x'))),
           "too_large");
  CHECK(!has_blob(lease, hash_of(1)));
}

SCENARIO("blobs that are not used are removed, but none that was saved just now") {
  const auto lease = create_document();
  const auto other = create_document();
  must(store->save_blob(other, hash_of(1), "of another room"));
  must(store->save_blob(lease, hash_of(1), "used"));
  must(store->save_blob(lease, hash_of(2), "unused"));
  must(store->save_blob(lease, hash_of(3), "saved again"));
  now += blob_grace - 1ms;
  CHECK_EQ(must(store->retain_blobs(lease, {hash_of(1)})), 0u);
  must(store->save_blob(lease, hash_of(3), "saved again"));
  must(store->save_blob(lease, hash_of(4), "young"));
  now += 1ms;
  CHECK_EQ(must(store->retain_blobs(lease, {hash_of(1), hash_of(1), hash_of(9)})), 1u);
  CHECK(has_blob(lease, hash_of(1)));
  CHECK(!has_blob(lease, hash_of(2)));
  CHECK(has_blob(lease, hash_of(3)));
  CHECK(has_blob(lease, hash_of(4)));
  CHECK(has_blob(other, hash_of(1)));
  now += blob_grace;
  CHECK_EQ(must(store->retain_blobs(lease, {})), 3u);
}

SCENARIO("blobs that a version names are kept until it is deleted") {
  const auto lease = create_document();
  const auto other = create_document();
  for (const auto number : {1U, 2U, 3U})
    must(store->save_blob(lease, hash_of(number), "content"));
  must(store->save_blob(other, hash_of(1), "content"));
  const auto one = save_version(lease, "one", {hash_of(1), hash_of(2)});
  const auto two = save_version(lease, "two", {hash_of(2)});
  CHECK(must(store->load_version(lease.room, one.id)) == one);
  CHECK(must(store->list_versions(lease.room, std::nullopt, 9)).at(0).blobs.empty());
  now += blob_grace;
  CHECK_EQ(must(store->retain_blobs(other, {})), 1u); // another room's versions do not count
  CHECK_EQ(must(store->retain_blobs(lease, {})), 1u);
  CHECK(!has_blob(lease, hash_of(3)));
  must(store->delete_version(lease, one.id));
  CHECK_EQ(must(store->retain_blobs(lease, {})), 1u);
  CHECK(has_blob(lease, hash_of(2)));
  must(store->delete_version(lease, two.id));
  CHECK_EQ(must(store->retain_blobs(lease, {})), 1u);
}

SCENARIO("versions keep a bounded number of bytes in blobs, each counted once") {
  const auto lease = create_document();
  const std::string content(blob_bytes_max, 'x');
  std::vector<std::string> hashes;
  must(store->begin());
  for (std::size_t i = 0; i < version_blobs_bytes_max / blob_bytes_max; ++i) {
    hashes.push_back(hash_of(i));
    must(store->save_blob(lease, hashes.back(), content));
  }
  must(store->save_blob(lease, hash_of(100), "x"));
  save_version(lease, "all of them", hashes);
  save_version(lease, "and again", hashes);
  version_record more{version_id::random(), lease.room, "v", "ada", day_one, 7, "s",
                      {hash_of(100)}};
  CHECK_EQ(code_of(store->save_version(lease, more)), "too_large");
  more.blobs.clear();
  must(store->save_version(lease, more));
  store->rollback();
}

SCENARIO("versions keep a bounded number of blobs") {
  const auto lease = create_document();
  version_record version{version_id::random(), lease.room, "v", "ada", day_one, 7, "s"};
  for (std::size_t i = 0; i <= version_blobs_max; ++i)
    version.blobs.push_back(hash_of(i));
  CHECK_EQ(code_of(store->save_version(lease, version)), "too_large");
  version.blobs.pop_back();
  must(store->save_version(lease, version));
}

SCENARIO("removed blobs are back after a rollback") {
  const auto lease = create_document();
  must(store->save_blob(lease, hash_of(1), "content"));
  now += blob_grace;
  must(store->begin());
  CHECK_EQ(must(store->retain_blobs(lease, {})), 1u);
  must(store->save_blob(lease, hash_of(2), "new"));
  store->rollback();
  CHECK_EQ(must(store->load_blob(lease.room, hash_of(1))), "content");
  CHECK(!has_blob(lease, hash_of(2)));
}

SCENARIO("a room keeps a bounded number of bytes in blobs") {
  const auto lease = create_document();
  const std::string content(blob_bytes_max, 'x');
  constexpr auto count = room_blobs_bytes_max / blob_bytes_max;
  must(store->begin());
  for (std::size_t i = 0; i < count; ++i)
    must(store->save_blob(lease, hash_of(i), content));
  CHECK_EQ(code_of(store->save_blob(lease, hash_of(count), "x")), "too_large");
  must(store->save_blob(lease, hash_of(0), content)); // it is there already
  store->rollback();
  must(store->save_blob(lease, hash_of(count), "x"));
}

SCENARIO("a room keeps a bounded number of blobs") {
  const auto lease = create_document();
  must(store->begin());
  for (std::size_t i = 0; i < blobs_max; ++i)
    must(store->save_blob(lease, hash_of(i), ""));
  CHECK_EQ(code_of(store->save_blob(lease, hash_of(blobs_max), "")), "too_large");
  must(store->commit());
}

} // namespace conformance_versions
