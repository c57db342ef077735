#define CAF_SUITE text_history

#include "actors/text_history.hpp"

#include "caf/test/bdd_dsl.hpp"

using namespace coterie::actors;
using namespace std::chrono_literals;

namespace {

const text_history::time_point start{};

text_history::text text(const char* content) {
  return std::make_shared<const std::string>(content);
}

} // namespace

SCENARIO("a text without a past is a change of the current one") {
  const text_history history;
  const auto current = text("a\nb\n");
  CHECK(history.base_of(current, "a\nc\n", start) == current);
}

SCENARIO("what a program made of an older text is a change of that one") {
  text_history history;
  const auto old = text("one\ntwo\nthree\n");
  history.add(old, start);
  const auto current = text("one, and what was typed\ntwo\nthree\n");
  CHECK(history.base_of(current, "one\ntwo\nTHREE\n", start + 1s) == old);
  CHECK(history.base_of(current, "one, and what was typed\ntwo\nTHREE\n", start + 1s) == current);
}

SCENARIO("an older text that comes back is stale at first, and later a return to it") {
  text_history history;
  const auto old = text("old");
  history.add(old, start);
  const auto current = text("new words");
  CHECK(history.base_of(current, "old", start + text_history::stale_for) == old);
  CHECK(history.base_of(current, "old", start + text_history::stale_for + 1ms) == current);
}

SCENARIO("texts are forgotten after kept_for, and thinned out when there are many") {
  text_history history;
  const auto old = text("the first of all texts");
  history.add(old, start);
  for (int i = 0; i < 200; ++i)
    history.add(text(std::to_string(i).c_str()), start + i * 100ms);
  const auto current = text("nothing like it");
  CHECK(history.base_of(current, "the first of all texts!", start + 30s) == old);
  CHECK(history.base_of(current, "the first of all texts!", start + text_history::kept_for + 1s)
        == current);
}

SCENARIO("large texts make place for newer ones") {
  text_history history;
  const auto old = std::make_shared<const std::string>(text_history::bytes_max / 2 + 1, 'a');
  history.add(old, start);
  history.add(std::make_shared<const std::string>(text_history::bytes_max / 2, 'b'), start);
  const auto current = text("c");
  CHECK(history.base_of(current, *old + "!", start) == current);
}
