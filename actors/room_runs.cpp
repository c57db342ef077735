#include "actors/room_runs.hpp"

#include "actors/run_limits.hpp"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

namespace coterie::actors {

namespace {

bool is_over(const job_view& run) {
  return storage::is_final(run.status);
}

const config::language* choose_language(const start_run& wanted, const std::string& path,
                                        const storage::room_record& room,
                                        const config::language_table& languages) {
  if (!wanted.language.empty())
    return languages.find(wanted.language);
  if (path != room.main)
    if (const auto* by_path = languages.find_by_path(path))
      return by_path;
  return languages.find(room.language);
}

} // namespace

room_runs::room_runs(std::vector<job_view> loaded)
    : runs_(std::make_move_iterator(loaded.begin()), std::make_move_iterator(loaded.end())),
      to_ask_about_(under_way()) {}

result<void> room_runs::admit(const run_admission& rules, timestamp now) const {
  const std::vector<job_view> accepted(runs_.begin(), runs_.end());
  return admit_run(rules, accepted, now);
}

void room_runs::add(job_view run) {
  runs_.push_front(std::move(run));
  while (runs_.size() > room_bounds::runs_listed_max) {
    const auto oldest_over = std::find_if(runs_.rbegin(), runs_.rend(), is_over);
    if (oldest_over == runs_.rend())
      return;
    runs_.erase(std::next(oldest_over).base());
  }
}

void room_runs::forget(job_id id) {
  std::erase_if(runs_, [id](const job_view& run) { return run.id == id; });
}

void room_runs::on_started(job_id id, timestamp at) {
  const auto known = std::ranges::find(runs_, id, &job_view::id);
  if (known == runs_.end() || is_over(*known))
    return;
  known->status = storage::job_status::running;
  known->started_at = at;
}

bool room_runs::on_ended(const job_view& ended) {
  const auto known = std::ranges::find(runs_, ended.id, &job_view::id);
  if (known == runs_.end())
    return true;
  if (is_over(*known))
    return false;
  *known = ended;
  known->result.reset();
  return true;
}

std::vector<job_view> room_runs::newest() const {
  const auto count = std::min(runs_.size(), room_bounds::runs_listed_max);
  return {runs_.begin(), runs_.begin() + static_cast<std::ptrdiff_t>(count)};
}

std::vector<job_id> room_runs::under_way() const {
  std::vector<job_id> ids;
  for (const auto& run : runs_)
    if (!is_over(run))
      ids.push_back(run.id);
  return ids;
}

bool room_runs::is_busy() const {
  return !std::ranges::all_of(runs_, is_over);
}

std::vector<job_id> room_runs::take_to_ask_about() {
  return std::exchange(to_ask_about_, {});
}

void room_runs::ask_again_about(job_id id) {
  to_ask_about_.push_back(id);
}

result<run_request> make_run_request(const start_run& wanted, const storage::room_record& room,
                                     std::vector<run_file> files,
                                     const config::language_table& languages) {
  run_request request;
  request.main = wanted.path.empty() ? room.main : wanted.path;
  if (std::ranges::none_of(files, [&](const auto& file) { return file.path == request.main; }))
    return failure{errc::not_found, "there is no file " + request.main + " in this room"};
  const auto* language = choose_language(wanted, request.main, room, languages);
  if (!language)
    return unknown_language(wanted.language.empty() ? room.language : wanted.language);
  request.language = language->name;
  request.options = wanted.options;
  request.files = std::move(files);
  if (auto complaints = check_run_request(request, languages); !complaints.empty())
    return failure{errc::invalid_argument, complaints.front()};
  return request;
}

const config::language* find_language(const config::language_table& offered, std::string_view name,
                                      bool runs_elsewhere) {
  static const auto known = config::language_table::built_in();
  const auto* found = offered.find(name);
  return found || !runs_elsewhere ? found : known.find(name);
}

failure unknown_language(std::string_view wanted) {
  return {errc::invalid_argument,
          "language: " + std::string(wanted) + " is not offered here; see /api/v1/languages"};
}

} // namespace coterie::actors
