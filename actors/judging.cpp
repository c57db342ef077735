#include "actors/judging.hpp"

#include "actors/container.hpp"
#include "actors/errors.hpp"
#include "actors/trial.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <utility>

namespace coterie::actors {

judging::judging(caf::event_based_actor* self, const job_context& context, job_plan& plan,
                 std::function<void(job_step)> follow)
    : self_(self), context_(context), plan_(plan), follow_(std::move(follow)) {}

void judging::begin(borrow_container wanted) {
  if (model_)
    return borrow_again();
  wanted_ = std::move(wanted);
  self_->request(context_.container, judging_bounds::open_timeout, open_files{})
    .then(
      [this](const work_files& m) {
        model_ = m.tree;
        caf::anon_send_exit(context_.container, caf::exit_reason::user_shutdown);
        borrow();
      },
      [this](const caf::error& why) { follow_(plan_.on_cannot_judge(to_failure(why))); });
}

void judging::borrow() {
  if (is_asking_ || !plan_.has_next_test())
    return;
  is_asking_ = true;
  self_->send(context_.dispatcher, wanted_);
}

void judging::borrow_again() {
  wanted_.last_was_dead = true;
  borrow();
}

void judging::on_lent(const container_lent& m) {
  if (!m.container)
    return follow_(plan_.on_cannot_judge(m.why));
  self_->request(m.container, judging_bounds::open_timeout, open_files{})
    .then(
      [this, container = m.container](const work_files& its) { begin_trial(container, its.tree); },
      [this, container = m.container](const caf::error& why) {
        caf::anon_send_exit(container, caf::exit_reason::user_shutdown);
        on_dead_container(to_failure(why));
      });
}

void judging::begin_trial(const caf::actor& container,
                          const std::shared_ptr<sandbox::tree>& files) {
  is_asking_ = false;
  dead_containers_ = 0;
  wanted_.last_was_dead = false;
  auto next = plan_.next_test();
  if (!next) { // the job was ended meanwhile
    caf::anon_send_exit(container, caf::exit_reason::user_shutdown);
    return;
  }
  auto& trial = trials_[next->index];
  trial = spawn_trial(self_->home_system(), {.job = caf::actor_cast<caf::actor>(self_),
                                             .container = container,
                                             .worker = context_.worker,
                                             .model = model_,
                                             .files = files,
                                             .index = next->index,
                                             .what = std::move(next->what)});
  self_->monitor(trial);
  borrow();
}

void judging::on_dead_container(const failure& why) {
  if (++dead_containers_ == dispatcher_bounds::claims_max)
    return follow_(plan_.on_cannot_judge(why));
  is_asking_ = false;
  borrow_again();
}

void judging::on_trial_done(const trial_done& m) {
  if (trials_.erase(m.index) > 0)
    follow_(plan_.on_test_ran(m.index, m.result));
}

/// A trial that ended without trial_done failed: a defect, or an exception in a library.
void judging::on_down(const caf::down_msg& m) {
  const auto found =
    std::ranges::find_if(trials_, [&m](const auto& each) { return each.second == m.source; });
  if (found == trials_.end())
    return;
  phase_result failed;
  failed.report.detail = "the part that ran the test failed";
  on_trial_done({found->first, std::move(failed)});
}

void judging::kill(sandbox::outcome why) {
  for (const auto& [index, trial] : trials_)
    self_->send(trial, end_program{why});
}

} // namespace coterie::actors
