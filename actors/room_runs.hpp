#pragma once

// The runs of one room: which may start, what they run, and which are known.

#include "actors/room.hpp"
#include "actors/run.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "config/languages.hpp"
#include "storage/records.hpp"

#include <deque>
#include <string_view>
#include <vector>

namespace coterie::actors {

/// A plain table, newest run first. Runs under way are all in it: the queue bounds how many these
/// can be. Together with those that are over it holds at most room_bounds::runs_listed_max, or as
/// many as are under way.
class room_runs {
public:
  /// `loaded` newest first, as the store gives them. Those not over report to an earlier instance
  /// of the room: they are `to_ask_about`.
  explicit room_runs(std::vector<job_view> loaded);

  /// Whether a run that is asked for at `now` may start; see admit_run for the refusals.
  result<void> admit(const run_admission& rules, timestamp now) const;

  /// A run that was admitted, before the queue has answered. Runs that are over make place.
  void add(job_view run);

  /// The queue refused it, or nobody knows it: it does not count.
  void forget(job_id id);

  /// A fact that comes twice or too late changes nothing.
  void on_started(job_id id, timestamp at);

  /// Keeps how a run ended, without its result: whoever wants that reads it from the store. False
  /// when it was known already; of a run that is not in the table it is news.
  bool on_ended(const job_view& ended);

  /// At most room_bounds::runs_listed_max.
  std::vector<job_view> newest() const;

  /// Every run that is not over.
  std::vector<job_id> under_way() const;

  bool is_busy() const;

  /// Whose end has to be asked for; empty afterwards.
  std::vector<job_id> take_to_ask_about();

  /// There was no answer: asked about again at the next opportunity.
  void ask_again_about(job_id id);

private:
  std::deque<job_view> runs_;
  std::vector<job_id> to_ask_about_; // at most as many as were loaded
};

/// What `wanted` runs in `room`: a snapshot of all `files`. The language is what was asked for;
/// else, for the main file, the room's; else by the path. errc::not_found when there is no such
/// file, errc::invalid_argument for a language that is not offered or what check_run_request finds.
result<run_request> make_run_request(const start_run& wanted, const storage::room_record& room,
                                     std::vector<run_file> files,
                                     const config::language_table& languages);

/// Of those that are offered; for code that runs elsewhere, of all that are built in as well. Null
/// when it is neither.
const config::language* find_language(const config::language_table& offered, std::string_view name,
                                      bool runs_elsewhere);

/// errc::invalid_argument, with the sentence for whoever wanted it.
failure unknown_language(std::string_view wanted);

} // namespace coterie::actors
