// Part of the conformance suite: chat. Included by the test file of each engine, which has defined
// CAF_SUITE and `engine_under_test`.

namespace conformance_chat {

using namespace coterie;
using namespace coterie::storage;
using namespace coterie::storage::testing;

namespace {

struct fixture : store_fixture<engine_under_test> {
  static chat_message message(std::uint64_t number, std::string text = "hällo ✓") {
    return {.number = number,
            .person = "p1",
            .name = "Ada",
            .text = std::move(text),
            .run = {},
            .at = day_one,
            .edited_at = {}};
  }
  std::vector<std::uint64_t> numbers(room_id room, std::optional<std::uint64_t> before,
                                     std::size_t limit) {
    std::vector<std::uint64_t> listed;
    for (const auto& one : must(store->list_chat(room, before, limit)))
      listed.push_back(one.number);
    return listed;
  }
};

} // namespace

using caf_test_case_auto_fixture = fixture;

SCENARIO("messages are read as they were written, the newest page first") {
  const auto lease = create_document();
  auto of_run = message(5, "main.py");
  of_run.kind = chat_kind::run;
  of_run.run = job_id::random();
  for (const std::uint64_t number : {1U, 2U, 4U})
    must(store->append_chat(lease, message(number)));
  must(store->append_chat(lease, of_run));
  using list = std::vector<std::uint64_t>;
  CHECK_EQ(numbers(lease.room, std::nullopt, 2), (list{4, 5}));
  CHECK_EQ(numbers(lease.room, 4, 9), (list{1, 2}));
  CHECK_EQ(numbers(lease.room, 1, 9), list{});
  CHECK_EQ(numbers(room_id::random(), std::nullopt, 9), list{});
  const auto all = must(store->list_chat(lease.room, std::nullopt, 9));
  CHECK(all.front() == message(1));
  CHECK(all.back() == of_run);
}

SCENARIO("a message comes behind the others and has a number") {
  const auto lease = create_document();
  must(store->append_chat(lease, message(3)));
  CHECK_EQ(code_of(store->append_chat(lease, message(3))), "conflict");
  CHECK_EQ(code_of(store->append_chat(lease, message(2))), "conflict");
  CHECK_EQ(code_of(store->append_chat(lease, message(0))), "invalid_argument");
  CHECK_EQ(code_of(store->append_chat(lease, message(4, "\xff"))), "invalid_argument");
  CHECK_EQ(
    code_of(store->append_chat(lease, message(4, std::string(chat_text_bytes_max + 1, 'x')))),
    "too_large");
}

SCENARIO("a message is changed and removed, and keeps its place and author") {
  const auto lease = create_document();
  must(store->append_chat(lease, message(1)));
  auto changed = message(1, "better");
  changed.edited_at = day_one + std::chrono::seconds{5};
  changed.name = "Eve";
  must(store->update_chat(lease, changed));
  auto found = must(store->list_chat(lease.room, std::nullopt, 9)).front();
  CHECK_EQ(found.text, "better");
  CHECK_EQ(found.name, "Ada");
  CHECK(found.edited_at == changed.edited_at);
  changed.text.clear();
  changed.is_removed = true;
  must(store->update_chat(lease, changed));
  CHECK(must(store->list_chat(lease.room, std::nullopt, 9)).front().is_removed);
  CHECK_EQ(code_of(store->update_chat(lease, message(2))), "not_found");
}

SCENARIO("of too many messages the oldest go") {
  const auto lease = create_document();
  must(store->begin());
  for (std::uint64_t number = 1; number <= chat_messages_max + 2; ++number)
    must(store->append_chat(lease, message(number, "x")));
  must(store->commit());
  CHECK_EQ(numbers(lease.room, 5, 9), (std::vector<std::uint64_t>{3, 4}));
}

SCENARIO("chat is written under the room's lease only, and goes with the room") {
  const auto lease = create_document();
  must(store->append_chat(lease, message(1)));
  auto stale = lease;
  --stale.epoch;
  CHECK_EQ(code_of(store->append_chat(stale, message(2))), "stale_epoch");
  CHECK_EQ(code_of(store->update_chat(stale, message(1))), "stale_epoch");
  must(store->delete_room(lease));
  CHECK_EQ(numbers(lease.room, std::nullopt, 9), std::vector<std::uint64_t>{});
}

} // namespace conformance_chat
