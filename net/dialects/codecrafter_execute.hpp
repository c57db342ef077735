#pragma once

// /api/execute of the CodeCrafter dialect, and what came of programs in a session.

#include "actors/run.hpp"
#include "base/recent_table.hpp"
#include "net/dialects/codecrafter.hpp"

#include <boost/json/object.hpp>

#include <chrono>
#include <cstddef>
#include <mutex>
#include <optional>
#include <string>

namespace coterie::net {

struct crafter_run_bounds {
  static constexpr std::size_t code_units_max = 50'000; ///< UTF-16, as the clients count
  static constexpr std::size_t input_units_max = 10'000;
  static constexpr std::chrono::milliseconds time_min{1'000};
  static constexpr std::chrono::milliseconds time_max{300'000};
  static constexpr std::chrono::milliseconds time_usual{30'000};
  static constexpr std::chrono::milliseconds time_compiled{45'000};
  static constexpr std::uint64_t memory_bytes = 128U << 20; ///< but for Java
  static constexpr std::uint64_t output_bytes = 1U << 20;   ///< the rest is cut off
  // What is answered at once, with its result.
  static constexpr std::size_t short_code_units_max = 1'000;
  static constexpr std::chrono::milliseconds short_time_max{10'000};
  /// Clients of /api/execute/run give up after 30 s.
  static constexpr std::chrono::milliseconds run_time{20'000};
  static constexpr std::chrono::milliseconds run_patience{28'000};
  static constexpr std::size_t jobs_remembered_max = 10'000;
  static constexpr std::size_t history_usual = 50; ///< rows of a page
};

/// Who started a job, where and when. Lost at a restart: then whoever may edit the session may ask.
struct crafter_job {
  user_id user;
  std::string user_name;
  std::string session; ///< its id; empty: none
  std::string request_id;
};

/// Thread-safe.
class crafter_jobs {
public:
  void note(job_id job, crafter_job what);
  std::optional<crafter_job> find(job_id job);

private:
  std::mutex mutex_;
  recent_table<job_id, crafter_job> jobs_{crafter_run_bounds::jobs_remembered_max};
};

/// What clients are told of a job that is over: "output", "error" (null: none), "timedOut",
/// "executionTime" (whole milliseconds), "language", "executionId".
boost::json::object crafter_result(const actors::job_view& job);

/// What a body of POST /api/execute asks for.
struct crafter_run {
  std::string session;
  std::string language;
  std::string code;
  std::string input;
  std::optional<std::chrono::milliseconds> timeout; ///< as it was asked for

  /// Answered with its result: JavaScript or Python, short, with a short time asked for.
  bool is_short() const;
  std::chrono::milliseconds time_limit() const;
};
/// Adds to `wrong` what makes no sense.
crafter_run read_crafter_run(const boost::json::object& body, complaints& wrong);

/// /api/execute and /api/sessions/{id}/execution-history
void add_crafter_execute(router& routes, const codecrafter_ptr& site);

} // namespace coterie::net
