#define CAF_SUITE room_board

#include "actors/room_board.hpp"

#include "actors/stroke.hpp"
#include "tests/support/room_company.hpp"

#include <cmath>
#include <limits>

using namespace coterie;
using namespace coterie::actors;
using namespace coterie::testing;

namespace {

put_shape line(std::string id, double to = 10) {
  put_shape wish;
  wish.what.id = std::move(id);
  wish.what.kind = shape_kind::line;
  wish.what.points = {{0, 0}, {to, to}};
  return wish;
}

struct fixture : room_company {
  std::vector<std::string> drawn() {
    std::vector<std::string> ids;
    for (const auto& one : must(ask<board_read>(room(), read_board{})).shapes)
      ids.push_back(one.id);
    return ids;
  }
  using ids = std::vector<std::string>;
};

} // namespace

BEGIN_FIXTURE_SCOPE(fixture)

SCENARIO("what is drawn is told to all, stays in order and is there for who comes later") {
  const auto ada = come("Ada");
  CHECK_EQ(std::get<std::string>(must(wish(ada, line("a"))).what), "a");
  must(wish(ada, line("b")));
  REQUIRE_EQ(told<board_changed>().size(), 2u);
  CHECK_EQ(told<board_changed>()[0].put.at(0).by, "Ada's");
  come("Bob");
  REQUIRE_EQ(welcome.board.size(), 2u);
  CHECK_EQ(welcome.board[0].id, "a");
  CHECK(welcome.board[0].order < welcome.board[1].order);
}

SCENARIO("a shape without an id gets one") {
  const auto ada = come("Ada");
  const auto id = std::get<std::string>(must(wish(ada, line(""))).what);
  CHECK(!id.empty());
  CHECK(drawn() == ids{id});
}

SCENARIO("everybody takes back what they did themselves, step by step") {
  const auto ada = come("Ada");
  const auto bob = come("Bob");
  must(wish(ada, line("a")));
  must(wish(bob, line("b")));
  must(wish(ada, line("a", 20)));
  must(wish(ada, remove_shapes{{"a"}}));
  CHECK(drawn() == ids{"b"});
  must(wish(ada, undo_board{}));
  CHECK((drawn() == ids{"a", "b"}));
  must(wish(ada, undo_board{}));
  CHECK_EQ(must(ask<board_read>(room(), read_board{})).shapes[0].points[1].x, 10);
  must(wish(ada, undo_board{}));
  CHECK(drawn() == ids{"b"});
  CHECK_EQ(code_of(wish(ada, undo_board{})), "not_found");
}

SCENARIO("what can be taken back is bounded for a room, oldest of others first") {
  room_document document;
  room_board board(document);
  auto large = line("");
  large.what.kind = shape_kind::text;
  large.what.text = std::string(board_bounds::text_bytes_max, 'x');
  const auto draw_and_clear = [&](const std::string& person) {
    const room_board::hand by{person, "x", false};
    for (std::size_t i = 0; i < 450; ++i)
      must(board.put(by, large));
    must(board.clear(by, {true}));
  };
  for (int i = 0; i < 12; ++i)
    draw_and_clear("p" + std::to_string(i));
  CHECK_EQ(code_of(board.undo({"p0", "x", false})), "not_found");
  CHECK_EQ(code_of(board.undo({"p11", "x", false})), "accepted");
  CHECK_EQ(board.shapes().size(), 450u);
}

SCENARIO("shapes of others stay as they are, unless an owner changes them") {
  const auto ada = come("Ada");
  const auto bob = come("Bob");
  must(wish(ada, line("a")));
  CHECK_EQ(code_of(wish(bob, line("a"))), "forbidden");
  CHECK_EQ(code_of(wish(bob, remove_shapes{{"a"}})), "forbidden");
  CHECK_EQ(code_of(wish(bob, clear_board{})), "forbidden");
  must(wish(bob, line("b")));
  must(wish(bob, clear_board{true}));
  CHECK(drawn() == ids{"a"});
  const auto owner = come("Olga", made.tokens.owner);
  must(wish(owner, clear_board{}, made.tokens.owner));
  CHECK(drawn().empty());
  must(wish(owner, undo_board{}, made.tokens.owner));
  CHECK(drawn() == ids{"a"});
}

SCENARIO("who may only look does not draw") {
  must(ask<room_description>(room(), [&] {
    change_room change;
    change.who = with(made.tokens.owner);
    change.seen_by = storage::visibility::invite;
    return change;
  }()));
  const auto eve = come("Eve", made.tokens.viewer);
  CHECK_EQ(code_of(wish(eve, line("e"), made.tokens.viewer)), "forbidden");
}

SCENARIO("what is no shape is refused with the field that is wrong") {
  const auto ada = come("Ada");
  auto wrong = line("a");
  wrong.what.points.clear();
  CHECK_EQ(code_of(wish(ada, wrong)), "invalid_argument");
  wrong = line("a", std::numeric_limits<double>::infinity());
  CHECK_EQ(code_of(wish(ada, wrong)), "invalid_argument");
  wrong = line("a", 2e6);
  CHECK_EQ(code_of(wish(ada, wrong)), "invalid_argument");
  wrong = line("a");
  wrong.what.color = "url(x)";
  CHECK_EQ(code_of(wish(ada, wrong)), "invalid_argument");
  wrong = line(std::string(65, 'x'));
  CHECK_EQ(code_of(wish(ada, wrong)), "invalid_argument");
  wrong = line("a");
  wrong.what.text = std::string(5'000, 'x');
  CHECK_EQ(code_of(wish(ada, wrong)), "too_large");
  CHECK(drawn().empty());
}

SCENARIO("a full board takes no more until something is removed") {
  const auto ada = come("Ada");
  for (std::size_t i = 0; i < board_bounds::shapes_max; ++i)
    must(wish(ada, line("s" + std::to_string(i))));
  CHECK_EQ(code_of(wish(ada, line("more"))), "too_large");
  must(wish(ada, line("s1", 30)));
  must(wish(ada, remove_shapes{{"s1"}}));
  must(wish(ada, line("more")));
}

double distance_to_piece(board_point at, board_point a, board_point b) {
  const double dx = b.x - a.x, dy = b.y - a.y, length = dx * dx + dy * dy;
  const double along =
    length == 0 ? 0 : std::clamp(((at.x - a.x) * dx + (at.y - a.y) * dy) / length, 0.0, 1.0);
  return std::hypot(at.x - a.x - along * dx, at.y - a.y - along * dy);
}

double farthest_from(const std::vector<board_point>& kept, const std::vector<board_point>& line) {
  double most = 0;
  for (const auto& at : line) {
    double nearest = 1e9;
    for (std::size_t i = 1; i < kept.size(); ++i)
      nearest = std::min(nearest, distance_to_piece(at, kept[i - 1], kept[i]));
    most = std::max(most, nearest);
  }
  return most;
}

SCENARIO("a stroke keeps its form with fewer points") {
  std::vector<board_point> wave;
  for (int i = 0; i < 5'000; ++i)
    wave.push_back({i / 10.0, 100 * std::sin(i / 500.0)});
  const auto kept = simplify(wave, 0.75, 2'000);
  CHECK(kept.size() < 100u);
  CHECK(kept.size() > 10u);
  CHECK(kept.front() == wave.front());
  CHECK(std::abs(kept.back().x - wave.back().x) < 0.1);
  CHECK(farthest_from(kept, wave) < 1.0);
  CHECK_EQ(simplify({{1, 1}}, 1, 2).size(), 1u);
}

SCENARIO("where a stroke turns back on itself, its turning point stays") {
  std::vector<board_point> there_and_back;
  for (int i = 0; i <= 100; ++i)
    there_and_back.push_back({100.0 - std::abs(100.0 - 2 * i), 0});
  const auto kept = simplify(there_and_back, 0.75, 2'000);
  CHECK(kept.size() < 6u);
  CHECK(farthest_from(kept, there_and_back) <= 1.5);
}

SCENARIO("a stroke of nothing but turns is thinned until it fits") {
  std::vector<board_point> zigzag;
  for (int i = 0; i < 20'000; ++i)
    zigzag.push_back({static_cast<double>(i), i % 2 * 1000.0});
  CHECK(simplify(zigzag, 0.75, 2'000).size() <= 2'000u);
  CHECK(simplify(zigzag, 0, 2'000).size() <= 2'000u);
}

SCENARIO("what other clients write into the document is shown when it is a shape") {
  room_document document;
  room_board board(document);
  document.edit("x", [&](crdt::transaction& edit) {
    crdt::any::object record;
    record.emplace_back("kind", "stroke");
    record.emplace_back("points", crdt::any::array{crdt::any(1.0), crdt::any(2.0)});
    (void)edit.set(document.board().root(), "good", crdt::any(record));
    record[0].second = "script";
    (void)edit.set(document.board().root(), "bad", crdt::any(record));
    (void)edit.set(document.board().root(), "worse", crdt::any("text"));
  });
  const auto shapes = board.shapes();
  REQUIRE_EQ(shapes.size(), 1u);
  CHECK_EQ(shapes[0].id, "good");
  CHECK_EQ(board.take_changes()->put.size(), 1u);
}

END_FIXTURE_SCOPE()
