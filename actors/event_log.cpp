#include "actors/event_log.hpp"

namespace coterie::actors {

namespace {

constexpr std::size_t small = 256; // an event, its place in the table and its short strings

/// About how much memory an event takes; nothing for one that is not kept.
struct kept_size {
  using size = std::optional<std::size_t>;

  size operator()(const typing_changed&) const {
    return std::nullopt;
  }
  size operator()(const cursors_moved&) const {
    return std::nullopt;
  }
  size operator()(const source_changed&) const {
    return std::nullopt;
  }
  size operator()(const code_judged&) const {
    return std::nullopt; // run_output and run_finished tell the same
  }
  size operator()(const terminal_output&) const {
    return std::nullopt;
  }
  size operator()(const signal_sent&) const {
    return std::nullopt; // where somebody was is of no use to who comes back
  }
  size operator()(const chat_posted& e) const {
    return small + e.message.text.size();
  }
  size operator()(const chat_changed& e) const {
    return small + e.message.text.size();
  }
  size operator()(const result_shared& e) const {
    return small + e.result.output.size() + e.result.error.value_or("").size();
  }
  size operator()(const run_output& e) const {
    return small + e.bytes.size();
  }
  size operator()(const run_finished& e) const {
    std::size_t bytes = small;
    if (e.run.result)
      for (const auto& test : e.run.result->tests)
        bytes += small + test.run.out.size() + test.run.err.size();
    if (e.run.result)
      bytes += e.run.result->run.out.size() + e.run.result->run.err.size();
    return bytes;
  }
  size operator()(const board_changed& e) const {
    std::size_t bytes = small + e.removed.size() * small;
    for (const auto& one : e.put)
      bytes += small + one.text.size() + one.points.size() * sizeof(board_point);
    return bytes;
  }
  template <class Other>
  size operator()(const Other&) const {
    return small;
  }
};

} // namespace

void event_log::add(room_event& news) {
  const auto bytes = std::visit(kept_size{}, *news.what);
  if (!bytes)
    return;
  news.number = ++last_;
  kept_.push_back({news, *bytes});
  bytes_ += *bytes;
  while (kept_.size() > event_log_bounds::events_max || bytes_ > event_log_bounds::bytes_max) {
    bytes_ -= kept_.front().bytes;
    kept_.pop_front();
  }
}

std::optional<std::vector<room_event>> event_log::since(std::uint64_t number) const {
  if (number > last_ || last_ - number > kept_.size())
    return std::nullopt;
  std::vector<room_event> missed;
  for (auto each = kept_.end() - static_cast<std::ptrdiff_t>(last_ - number); each != kept_.end();
       ++each)
    missed.push_back(each->news);
  return missed;
}

} // namespace coterie::actors
