#include "actors/room_board.hpp"

#include "actors/stroke.hpp"
#include "base/random.hpp"

#include <algorithm>

namespace coterie::actors {

namespace {

using bounds = room_board_bounds;

constexpr std::size_t id_bytes = 9; // 12 characters

failure not_yours() {
  return {errc::forbidden, "this shape is somebody else's; only an owner of the room changes it"};
}

} // namespace

result<void> room_board::change(const hand& by, const std::vector<past>& after) {
  result<void> done;
  document_.edit(by.author, [&](crdt::transaction& edit) {
    for (const auto& [id, wanted] : after) {
      if (!wanted)
        board_.remove(edit, id);
      else if (done)
        done = board_.put(edit, *wanted);
    }
  });
  return done;
}

void room_board::remember(const hand& by, std::vector<past> before) {
  if (undo_.size() >= bounds::undo_persons_max && !undo_.contains(by.person)) {
    undo_bytes_ -= undo_.begin()->second.bytes;
    undo_.erase(undo_.begin());
  }
  auto& kept = undo_[by.person];
  step made{std::move(before), 0};
  for (const auto& [id, was] : made.before)
    made.bytes += id.size() + (was ? size_of(*was) : 0);
  kept.bytes += made.bytes;
  undo_bytes_ += made.bytes;
  kept.steps.push_back(std::move(made));
  while (kept.steps.size() > bounds::undo_steps_max
         || (kept.bytes > bounds::undo_bytes_max && kept.steps.size() > 1))
    forget_oldest(kept);
  for (auto& [person, others] : undo_)
    while (undo_bytes_ > bounds::undo_room_bytes_max && &others != &kept && !others.steps.empty())
      forget_oldest(others);
}

void room_board::forget_oldest(history& of) {
  of.bytes -= of.steps.front().bytes;
  undo_bytes_ -= of.steps.front().bytes;
  of.steps.pop_front();
}

result<std::string> room_board::put(const hand& by, put_shape wanted) {
  auto& one = wanted.what;
  if (one.id.empty())
    one.id = random_token(id_bytes);
  if (one.points.size() > bounds::points_given_max)
    return failure{errc::too_large, "points: at most " + std::to_string(bounds::points_given_max)};
  if (one.points.empty())
    return failure{errc::invalid_argument, "points: at least one is needed"};
  one.points = simplify(one.points, one.kind == shape_kind::stroke ? bounds::tolerance : 0,
                        board_bounds::points_max);
  const auto& all = board_.all();
  const auto known = all.find(one.id);
  const bool is_new = known == all.end();
  if (!is_new && known->second.by != by.person && !by.is_owner)
    return not_yours();
  one.by = is_new ? by.person : known->second.by;
  if (one.order == 0 && !is_new)
    one.order = known->second.order;
  else if (one.order == 0)
    for (const auto& [id, each] : all)
      one.order = std::max(one.order, each.order + 1);
  one.order = std::max<std::uint64_t>(one.order, 1);
  if (auto fine = check_shape(one); !fine)
    return std::move(fine).why();
  const auto before = is_new ? 0 : size_of(known->second);
  if ((is_new && all.size() >= board_bounds::shapes_max)
      || board_.bytes() - before + size_of(one) > board_bounds::bytes_max)
    return failure{errc::too_large, "the board is full; remove some shapes first"};
  past was{one.id, is_new ? std::nullopt : std::optional(known->second)};
  if (auto done = change(by, {{one.id, one}}); !done)
    return std::move(done).why();
  remember(by, {std::move(was)});
  return one.id;
}

result<void> room_board::remove(const hand& by, const remove_shapes& wanted) {
  if (wanted.ids.size() > bounds::removed_at_once_max)
    return {errc::too_large, "shapes: too many at once"};
  std::vector<past> before;
  std::vector<past> after;
  for (const auto& id : wanted.ids) {
    const auto known = board_.all().find(id);
    if (known == board_.all().end())
      continue;
    if (known->second.by != by.person && !by.is_owner)
      return not_yours();
    before.emplace_back(id, known->second);
    after.emplace_back(id, std::nullopt);
  }
  if (before.empty())
    return {errc::not_found, "there are no such shapes"};
  if (auto done = change(by, after); !done)
    return done;
  remember(by, std::move(before));
  return {};
}

result<void> room_board::clear(const hand& by, const clear_board& wanted) {
  if (!wanted.only_own && !by.is_owner)
    return {errc::forbidden, "only an owner of the room clears the whole board"};
  remove_shapes all;
  for (const auto& [id, one] : board_.all())
    if (!wanted.only_own || one.by == by.person)
      all.ids.push_back(id);
  return all.ids.empty() ? result<void>() : remove(by, all);
}

result<void> room_board::undo(const hand& by) {
  const auto kept = undo_.find(by.person);
  if (kept == undo_.end() || kept->second.steps.empty())
    return {errc::not_found, "there is nothing to take back"};
  auto last = std::move(kept->second.steps.back());
  kept->second.steps.pop_back();
  kept->second.bytes -= last.bytes;
  undo_bytes_ -= last.bytes;
  std::erase_if(last.before, [&](const past& each) {
    const auto known = board_.all().find(each.first);
    return known != board_.all().end() && known->second.by != by.person && !by.is_owner;
  });
  return change(by, last.before);
}

std::vector<shape> room_board::shapes() {
  std::vector<shape> all;
  for (const auto& [id, one] : board_.all())
    all.push_back(one);
  std::ranges::stable_sort(all, {}, &shape::order);
  return all;
}

std::optional<board_changed> room_board::take_changes() {
  if (!board_.has_changed())
    return std::nullopt;
  board_changed told;
  for (const auto& id : board_.take_changed()) {
    const auto known = board_.all().find(id);
    if (known == board_.all().end())
      told.removed.push_back(id);
    else
      told.put.push_back(known->second);
  }
  return told;
}

} // namespace coterie::actors
