#define CAF_SUITE room_chat

#include "actors/room_chat.hpp"

#include "support/room_company.hpp"

using namespace coterie;
using namespace coterie::testing;

namespace {

struct fixture : room_company {
  storage::chat_message post(participant_id by, std::string text) {
    return std::get<storage::chat_message>(must(wish(by, post_chat{std::move(text)})).what);
  }
  std::vector<storage::chat_message> listed(std::optional<std::uint64_t> before = {}) {
    return must(ask<chat_listing>(room(), list_chat{{}, before, 50})).messages;
  }
};

} // namespace

BEGIN_FIXTURE_SCOPE(fixture)

SCENARIO("a message is told to everybody, kept, and there for who comes later") {
  const auto ada = come("Ada");
  const auto message = post(ada, "hello\n```py\nprint(1)\n```");
  CHECK_EQ(message.number, 1u);
  CHECK_EQ(message.name, "Ada");
  REQUIRE_EQ(told<chat_posted>().size(), 1u);
  CHECK(told<chat_posted>()[0].message == message);
  come("Bob");
  CHECK(welcome.chat == std::vector{message});
  CHECK(listed() == std::vector{message});
  anon_send(room(), close_room{});
  consume_messages();
  come("Eve");
  CHECK(welcome.chat == std::vector{message});
  CHECK_EQ(post(ada, "again").number, 2u);
}

SCENARIO("a message is told once it is durable, and not at all when it is not") {
  const auto ada = come("Ada");
  disk->next_commit = failure{errc::system, "disk full"};
  CHECK_EQ(code_of(wish(ada, post_chat{"lost"})), "system");
  CHECK(told<chat_posted>().empty());
  CHECK(listed().empty());
}

SCENARIO("one changes and removes one's own messages, an owner removes any") {
  const auto ada = come("Ada");
  const auto bob = come("Bob");
  const auto owner = come("Olga", made.tokens.owner);
  const auto number = post(ada, "frist").number;
  CHECK_EQ(code_of(wish(bob, edit_chat{number, "mine now"})), "forbidden");
  CHECK_EQ(code_of(wish(bob, remove_chat{number})), "forbidden");
  CHECK_EQ(code_of(wish(owner, edit_chat{number, "x"}, made.tokens.owner)), "forbidden");
  CHECK_EQ(code_of(wish(ada, edit_chat{99, "x"})), "not_found");
  must(wish(ada, edit_chat{number, "first"}));
  CHECK_EQ(told<chat_changed>().back().message.text, "first");
  CHECK(listed()[0].edited_at.has_value());
  must(wish(owner, remove_chat{number}, made.tokens.owner));
  CHECK(listed()[0].is_removed);
  CHECK_EQ(listed()[0].text, "");
  CHECK_EQ(code_of(wish(ada, edit_chat{number, "back"})), "not_found");
}

SCENARIO("a message from another connection of the same person is one's own") {
  const auto desk = come("Ada");
  const auto phone = come("Ada");
  must(wish(phone, edit_chat{post(desk, "a").number, "b"}));
  CHECK_EQ(listed()[0].text, "b");
}

SCENARIO("what is no message is refused, and too many in a row are") {
  const auto ada = come("Ada");
  CHECK_EQ(code_of(wish(ada, post_chat{""})), "invalid_argument");
  CHECK_EQ(code_of(wish(ada, post_chat{"\xff"})), "invalid_argument");
  CHECK_EQ(code_of(wish(ada, post_chat{std::string(room_chat_bounds::text_bytes_max + 1, 'x')})),
           "too_large");
  for (int i = 0; i < room_chat_bounds::burst; ++i)
    post(ada, "spam");
  CHECK_EQ(code_of(wish(ada, post_chat{"spam"})), "rate_limited");
  post(come("Bob"), "not spam");
  pass(1s);
  post(ada, "calm");
  CHECK_EQ(code_of(wish(ada, post_chat{"spam"})), "rate_limited");
}

SCENARIO("old messages are changed where they are, in pages that memory does not hold") {
  const auto ada = come("Ada");
  for (std::size_t i = 0; i < room_chat_bounds::tail_max + 5; ++i) {
    post(ada, std::to_string(i));
    pass(1s);
  }
  come("Bob");
  CHECK_EQ(welcome.chat.size(), room_chat_bounds::tail_max);
  must(wish(ada, edit_chat{2, "changed"}));
  CHECK_EQ(listed(4)[1].text, "changed");
}

SCENARIO("who started a run is said in the chat") {
  const auto ada = come("Ada");
  start_run run;
  run.by = "Ada";
  const auto job = must(ask<run_accepted>(room(), run)).job;
  REQUIRE_EQ(told<chat_posted>().size(), 1u);
  const auto message = told<chat_posted>()[0].message;
  CHECK(message.kind == storage::chat_kind::run);
  CHECK(message.run == job);
  CHECK_EQ(message.text, "main.py");
  CHECK_EQ(code_of(wish(ada, edit_chat{message.number, "x"})), "forbidden");
}

END_FIXTURE_SCOPE()
