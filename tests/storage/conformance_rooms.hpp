// Part of the conformance suite: transactions, leases and rooms. Included by the test file of
// each engine, which has defined CAF_SUITE and `engine_under_test`.

namespace conformance_rooms {

using namespace coterie;
using namespace coterie::storage;
using namespace coterie::storage::testing;
using caf_test_case_auto_fixture = store_fixture<engine_under_test>;

// -- transactions

SCENARIO("what happened since begin is gone after a rollback") {
  const auto kept = make_image("kept");
  const auto lease = create(kept);
  const auto gone = make_image("gone");
  const auto job = make_job();
  must(store->begin());
  create(gone, {{"yjs", "gone"}});
  create(job);
  must(retitle(lease, "changed"));
  append(fence_of(lease), 1, 3);
  must(store->take_lease(kept.room.id, north, ttl));
  store->rollback();
  CHECK(!has_room(gone.room.id));
  CHECK_EQ(code_of(store->resolve_alias("yjs", "gone")), "not_found");
  CHECK_EQ(code_of(store->load_job(job.id)), "not_found");
  CHECK(must(store->load_room(kept.room.id)).room == kept.room);
  CHECK(must(store->load_document(kept.room.id)) == stored_document{});
  must(retitle(lease, "again"));
}

SCENARIO("a deleted room is whole again after a rollback") {
  const auto image = make_image();
  const auto lease = create(image, {{"yjs", "name"}});
  must(store->begin());
  must(store->delete_room(fence_of(lease)));
  CHECK(!has_room(image.room.id));
  store->rollback();
  const auto loaded = must(store->load_room(image.room.id));
  CHECK(loaded.room == image.room);
  CHECK(loaded.capabilities == image.capabilities);
  CHECK(must(store->resolve_alias("yjs", "name")) == image.room.id);
  must(retitle(lease, "geometry"));
}

SCENARIO("a refused call leaves the others of its transaction alone") {
  const auto one = make_image("one");
  const auto two = make_image("two");
  const auto lease = create(one, {{"yjs", "taken"}});
  auto stale = fence_of(lease);
  ++stale.epoch;
  const auto job = make_job();
  must(store->begin());
  must(retitle(lease, "geometry"));
  CHECK_EQ(code_of(retitle(stale, "topology")), "stale_epoch");
  CHECK_EQ(code_of(store->create_room(two, {{"yjs", "free"}, {"yjs", "taken"}}, north, ttl)),
           "conflict");
  create(job);
  CHECK_EQ(code_of(store->create_job(job)), "conflict");
  CHECK_EQ(code_of(store->claim_job(job_id::random(), north)), "not_found");
  must(store->claim_job(job.id, north));
  must(store->commit());
  CHECK_EQ(title_of(one.room.id), "geometry");
  CHECK(!has_room(two.room.id));
  CHECK_EQ(code_of(store->resolve_alias("yjs", "free")), "not_found");
  CHECK_EQ(this->job(job.id).claims, 1u);
}

SCENARIO("transactions do not nest, and only an open one commits") {
  CHECK_EQ(code_of(store->commit()), "internal");
  must(store->begin());
  CHECK_EQ(code_of(store->begin()), "internal");
  must(store->commit());
  store->rollback(); // of nothing: no effect
  must(store->begin());
  must(store->commit());
}

SCENARIO("a transaction sees its own writes") {
  const auto image = make_image();
  must(store->begin());
  const auto lease = create(image);
  must(retitle(lease, "geometry"));
  CHECK_EQ(title_of(image.room.id), "geometry");
  must(store->commit());
  CHECK(has_room(image.room.id));
}

// -- leases

SCENARIO("a new room is leased to its maker in epoch one") {
  const auto image = make_image();
  const auto lease = create(image);
  CHECK((lease == lease_record{image.room.id, north, 1, now + ttl}));
}

SCENARIO("a room of a live node is not taken before its lease ends") {
  const auto room = create(make_image()).room;
  now += ttl - 1ms;
  CHECK_EQ(code_of(store->take_lease(room, south, ttl)), "lease_held");
  now += 1ms;
  const auto taken = must(store->take_lease(room, south, ttl));
  CHECK((taken == lease_record{room, south, 2, now + ttl}));
}

SCENARIO("a node that takes its own room again gets a new epoch") {
  const auto lease = create(make_image());
  CHECK_EQ(must(store->take_lease(lease.room, north, ttl)).epoch, lease.epoch + 1);
  CHECK_EQ(code_of(retitle(lease, "geometry")), "stale_epoch");
}

SCENARIO("a lease on a room that does not exist is not found") {
  CHECK_EQ(code_of(store->take_lease(room_id::random(), north, ttl)), "not_found");
}

SCENARIO("a renewal extends all leases of one node in their epochs") {
  const auto first = create(make_image());
  const auto second = create(make_image());
  const auto third = create(make_image());
  must(store->take_lease(second.room, north, ttl));
  must(store->drop_lease(fence_of(third)));
  now += 2s;
  const auto renewed = must(store->renew_leases(north, ttl));
  CHECK_EQ(renewed.size(), 2u);
  for (const auto& lease : renewed) {
    CHECK(lease.until == now + ttl);
    CHECK_EQ(lease.epoch, lease.room == first.room ? 1u : 2u);
  }
  now += ttl - 1ms;
  CHECK_EQ(code_of(store->take_lease(first.room, south, ttl)), "lease_held");
}

SCENARIO("an expired lease that nobody took is renewed, a taken one is not") {
  const auto kept = create(make_image());
  const auto lost = create(make_image());
  now += 2 * ttl;
  must(store->take_lease(lost.room, south, ttl));
  const auto renewed = must(store->renew_leases(north, ttl));
  REQUIRE_EQ(renewed.size(), 1u);
  CHECK((renewed[0] == lease_record{kept.room, north, kept.epoch, now + ttl}));
}

SCENARIO("a room given back is free for others, one epoch up") {
  const auto lease = create(make_image());
  must(store->drop_lease(fence_of(lease)));
  CHECK_EQ(code_of(retitle(lease, "geometry")), "stale_epoch");
  const auto taken = must(store->take_lease(lease.room, south, ttl));
  CHECK_EQ(taken.epoch, lease.epoch + 1);
}

SCENARIO("giving back what is not held changes nothing") {
  const auto lease = create(make_image());
  const auto newer = must(store->take_lease(lease.room, north, ttl));
  must(store->drop_lease(fence_of(lease)));
  must(store->drop_lease({room_id::random(), north, 1}));
  must(retitle(newer, "geometry"));
}

SCENARIO("the next incarnation takes the rooms of the one before at once") {
  const auto lease = create(make_image());
  restart();
  CHECK_EQ(code_of(retitle(lease, "geometry")), "stale_epoch");
  CHECK(must(store->renew_leases(north, ttl)).empty());
  const auto taken = must(store->take_lease(lease.room, south, ttl));
  CHECK_EQ(taken.epoch, lease.epoch + 1);
}

SCENARIO("a node that registers twice keeps its rooms") {
  const auto lease = create(make_image());
  must(store->register_node(north));
  must(retitle(lease, "geometry"));
}

SCENARIO("every fenced write of an older epoch or of another node is refused") {
  const auto image = make_image();
  const auto old = create(image);
  const auto lease = must(store->take_lease(old.room, north, ttl));
  const auto nowhere = make_image().room;
  const fence unknown{nowhere.id, north, 1};
  for (const auto& stale :
       {fence_of(old), fence{old.room, south, lease.epoch}, fence{old.room, node_id{}, lease.epoch},
        fence{old.room, north, lease.epoch + 1}}) {
    CHECK_EQ(code_of(retitle(stale, "geometry")), "stale_epoch");
    CHECK_EQ(code_of(store->delete_room(stale)), "stale_epoch");
  }
  CHECK_EQ(code_of(store->delete_room(unknown)), "stale_epoch");
  CHECK_EQ(code_of(store->update_room(unknown, nowhere)), "stale_epoch");
  CHECK(must(store->load_room(old.room)).room == image.room);
}

SCENARIO("an expired lease still admits writes until somebody takes it") {
  const auto lease = create(make_image());
  now += 10 * ttl;
  must(retitle(lease, "late"));
}

// -- rooms

SCENARIO("a room is loaded as it was stored") {
  auto image = make_image("Ὀδυσσεύς 🦉");
  image.room.seen_by = visibility::closed;
  image.room.status = room_status::inactive;
  image.room.updated_at = day_one + 1234ms;
  create(image);
  const auto loaded = must(store->load_room(image.room.id));
  CHECK(loaded.room == image.room);
  CHECK(loaded.capabilities == image.capabilities);
  CHECK_EQ(code_of(store->load_room(room_id::random())), "not_found");
}

SCENARIO("an id or alias is given once") {
  const auto image = make_image();
  create(image, {{"yjs", "name"}, {"codecrafter", "name"}});
  CHECK_EQ(code_of(store->create_room(image, {}, north, ttl)), "conflict");
  const auto other = make_image();
  CHECK_EQ(code_of(store->create_room(other, {{"yjs", "name"}}, north, ttl)), "conflict");
  CHECK(!has_room(other.room.id));
  create(other, {{"sprint", "name"}});
}

SCENARIO("an alias names its room in one dialect only") {
  const auto image = make_image();
  create(image, {{"yjs", "name"}, {"codecrafter", "0123"}});
  CHECK(must(store->resolve_alias("yjs", "name")) == image.room.id);
  CHECK_EQ(code_of(store->resolve_alias("codecrafter", "name")), "not_found");
  CHECK_EQ(code_of(store->resolve_alias("yjs", "Name")), "not_found");
  CHECK_EQ(code_of(store->resolve_alias("yjs", std::string("name\0", 5))), "not_found");
  const std::vector<alias_record> both{{"codecrafter", "0123"}, {"yjs", "name"}};
  CHECK(must(store->list_aliases(image.room.id)) == both);
  CHECK(must(store->list_aliases(room_id::random())).empty());
}

SCENARIO("an updated room keeps its capabilities") {
  auto image = make_image();
  const auto lease = create(image);
  image.room.title = "geometry";
  image.room.language = "cpp";
  image.room.seen_by = visibility::link;
  image.room.status = room_status::inactive;
  image.room.main = "lib/a.py";
  image.room.updated_at += 1h;
  must(store->update_room(fence_of(lease), image.room));
  const auto loaded = must(store->load_room(image.room.id));
  CHECK(loaded.room == image.room);
  CHECK(loaded.capabilities == image.capabilities);
  CHECK_EQ(code_of(store->update_room(fence_of(lease), make_image().room)), "invalid_argument");
}

SCENARIO("a deleted room leaves nothing but its jobs") {
  const auto image = make_image();
  const auto lease = create(image, {{"yjs", "name"}});
  const auto job = create(make_job(image.room.id));
  must(store->delete_room(fence_of(lease)));
  CHECK_EQ(code_of(store->load_room(image.room.id)), "not_found");
  CHECK_EQ(code_of(store->resolve_alias("yjs", "name")), "not_found");
  CHECK_EQ(code_of(store->take_lease(image.room.id, north, ttl)), "not_found");
  CHECK_EQ(code_of(store->delete_room(fence_of(lease))), "stale_epoch");
  CHECK(must(store->list_rooms({image.capabilities[0].hash}, {}, std::nullopt, 10)).empty());
  CHECK(must(store->renew_leases(north, ttl)).empty());
  CHECK_EQ(must(store->list_room_jobs(image.room.id, 10)).size(), 1u);
  CHECK(this->job(job.id) == job);
  create(make_image(), {{"yjs", "name"}}); // the name is free again
}

SCENARIO("rooms are listed by capability, oldest first, each once") {
  const auto hash = [](char c) { return std::string(32, c); };
  std::vector<room_record> mine;
  for (int i = 0; i < 5; ++i) {
    auto image = make_image("room " + std::to_string(i), day_one - i / 2 * 1s);
    image.capabilities = {{hash(i % 2 ? 'x' : 'y'), role::editor}, {hash('z'), role::viewer}};
    create(image);
    mine.push_back(image.room);
  }
  auto other = make_image("other");
  other.capabilities = {{hash('q'), role::owner}};
  create(other);
  // 4 was made first; 2 and 3, 0 and 1 share an instant: then the order of insertion decides.
  const std::vector<room_record> ordered{mine[4], mine[2], mine[3], mine[0], mine[1]};
  const std::vector<std::string> keys{hash('x'), hash('y'), hash('z')};
  CHECK(must(store->list_rooms(keys, {}, std::nullopt, 10)) == ordered);
  CHECK(must(store->list_rooms({hash('q')}, {}, std::nullopt, 10)) == std::vector{other.room});
  CHECK(must(store->list_rooms({hash('?')}, {}, std::nullopt, 10)).empty());
  CHECK(must(store->list_rooms({}, {}, std::nullopt, 10)).empty());

  std::vector<room_record> paged;
  std::optional<room_id> after;
  for (int page = 0; page < 3; ++page) {
    const auto rows = must(store->list_rooms(keys, {}, after, 2));
    CHECK_EQ(rows.size(), page < 2 ? 2u : 1u);
    paged.insert(paged.end(), rows.begin(), rows.end());
    after = paged.back().id;
  }
  CHECK(paged == ordered);
  CHECK(must(store->list_rooms(keys, {}, after, 2)).empty());
  CHECK_EQ(code_of(store->list_rooms(keys, {}, room_id::random(), 2)), "not_found");
}

SCENARIO("public rooms of a dialect are listed newest first") {
  const auto make = [&](int i, std::string_view dialect, visibility seen_by) {
    auto image = make_image("room " + std::to_string(i), day_one + i / 2 * 1s);
    image.room.seen_by = seen_by;
    return std::pair(image.room, create(image, {{std::string(dialect), std::to_string(i)}}));
  };
  const auto one = make(1, "crafts", visibility::link);
  make(2, "other", visibility::link);
  make(3, "crafts", visibility::invite);
  const auto four = make(4, "crafts", visibility::link);
  auto five = make(5, "crafts", visibility::link); // made at the same time as 4
  CHECK((must(store->list_public_rooms("crafts", 9))
         == std::vector{five.first, four.first, one.first}));
  CHECK((must(store->list_public_rooms("crafts", 2)) == std::vector{five.first, four.first}));
  five.first.status = room_status::inactive;
  must(store->update_room(fence_of(five.second), five.first));
  CHECK((must(store->list_public_rooms("crafts", 9)) == std::vector{four.first, one.first}));
  CHECK(must(store->list_public_rooms("craft", 9)).empty());
}

// -- limits

SCENARIO("what an engine could not store is refused by all") {
  const auto code_with = [&](auto change) {
    auto image = make_image();
    std::vector<alias_record> aliases;
    change(image, aliases);
    return code_of(store->create_room(image, aliases, north, ttl));
  };
  const std::string nul("a\0b", 3);
  const std::string too_long(name_bytes_max + 1, 'a');
  CHECK_EQ(code_with([&](auto& x, auto&) { x.room.id = {}; }), "invalid_argument");
  CHECK_EQ(code_with([&](auto& x, auto&) { x.room.title = nul; }), "invalid_argument");
  CHECK_EQ(code_with([&](auto& x, auto&) { x.room.main = "\xff"; }), "invalid_argument");
  CHECK_EQ(code_with([&](auto& x, auto&) { x.room.language = too_long; }), "too_large");
  CHECK_EQ(code_with([&](auto&, auto& y) { y = {{"yjs", nul}}; }), "invalid_argument");
  CHECK_EQ(code_with([&](auto&, auto& y) { y = {{"yjs", too_long}}; }), "too_large");
  CHECK_EQ(code_with([&](auto&, auto& y) {
             y = {{"yjs", "a"}, {"yjs", "a"}};
           }),
           "invalid_argument");
  CHECK_EQ(code_with([&](auto& x, auto&) { x.capabilities[1] = x.capabilities[0]; }),
           "invalid_argument");
  CHECK_EQ(code_with([&](auto&, auto&) {}), "accepted");
}

SCENARIO("a room has a bounded number of capabilities and names") {
  auto image = make_image();
  std::vector<alias_record> aliases;
  image.capabilities.clear();
  for (std::size_t i = 0; i < capabilities_max; ++i)
    image.capabilities.push_back({std::to_string(i), role::viewer});
  for (std::size_t i = 0; i < aliases_max; ++i)
    aliases.push_back({"yjs", std::to_string(i)});
  auto more = image;
  more.capabilities.push_back({"one more", role::viewer});
  CHECK_EQ(code_of(store->create_room(more, aliases, north, ttl)), "too_large");
  aliases.push_back({"yjs", "one more"});
  CHECK_EQ(code_of(store->create_room(image, aliases, north, ttl)), "too_large");
  aliases.pop_back();
  create(image, aliases);
  const auto keys = [](std::size_t count) { return std::vector<std::string>(count, "0"); };
  CHECK_EQ(must(store->list_rooms(keys(capabilities_max), {}, std::nullopt, 9)).size(), 1u);
  CHECK_EQ(code_of(store->list_rooms(keys(capabilities_max + 1), {}, std::nullopt, 9)),
           "too_large");
}

// -- health

SCENARIO("a healthy database says so, also inside a transaction") {
  CHECK_EQ(code_of(store->check()), "accepted");
  must(store->begin());
  CHECK_EQ(code_of(store->check()), "accepted");
  must(store->commit());
}

} // namespace conformance_rooms
