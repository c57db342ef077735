#include "actors/room_judge.hpp"

#include <algorithm>
#include <utility>

namespace coterie::actors {

using bounds = judge_bounds;

namespace {

std::size_t size_of(const judge_code& wanted) {
  return wanted.code.size() + wanted.input.size();
}

/// What the program wrote: a compiler's words came before, on the same way.
std::string without_compiler(std::string output, const job_view& ended) {
  if (!ended.result || !ended.result->compile)
    return output;
  const auto& compile = *ended.result->compile;
  output.erase(0, std::min(output.size(), compile.out.size() + compile.err.size()));
  return output;
}

} // namespace

result<void> room_judge::submit(judge_code wanted) {
  if (waiting_.size() >= bounds::waiting_max
      || waiting_bytes_ + size_of(wanted) > bounds::waiting_bytes_max)
    return {errc::queue_full, "too many runs wait in this room; try again later"};
  waiting_bytes_ += size_of(wanted);
  waiting_.push_back(std::move(wanted));
  begin_next();
  return {};
}

void room_judge::begin_next() {
  if (current_ || waiting_.empty())
    return;
  const auto next = std::move(waiting_.front());
  waiting_.pop_front();
  waiting_bytes_ -= size_of(next);
  current_ = under_way{next.language, std::nullopt, {}};
  tell_.run(next, [this](const result<job_id>& accepted) {
    if (!accepted)
      return on_refused(accepted.why());
    current_->job = *accepted;
  });
}

void room_judge::on_refused(const failure& why) {
  const auto was = std::move(*current_);
  current_.reset();
  tell_.tell_all(code_judged{was.language, {}, std::nullopt, why.detail});
  begin_next();
}

void room_judge::on_output(const job_output& m) {
  if (!current_ || current_->job != m.id)
    return;
  const auto room = bounds::output_bytes_max - current_->output.size();
  current_->output.append(m.bytes, 0, room);
}

void room_judge::on_ended(const job_view& ended) {
  if (!current_ || current_->job != ended.id)
    return;
  auto was = std::move(*current_);
  current_.reset();
  tell_.tell_all(
    code_judged{was.language, without_compiler(std::move(was.output), ended), ended, {}});
  begin_next();
}

} // namespace coterie::actors
