#pragma once

// The "code sessions" dialect: a session is a room with one main file, an execution is a job.
// Contract and the places where its document and its published clients differ:
// docs/code-sessions.md.

#include "actors/room.hpp"
#include "net/api/context.hpp"
#include "net/router.hpp"

#include <boost/json/object.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coterie::net {

/// Whose words are kept where they differ.
enum class session_form : std::uint8_t {
  document,  ///< 200/200, status TIMEOUT, times in results
  published, ///< 201/202, time-outs and output on stderr are FAILED, three languages
};

/// The numbers of the contract.
struct session_bounds {
  static constexpr std::chrono::milliseconds cooldown{2'000};
  static constexpr std::chrono::milliseconds window{60'000};
  static constexpr std::uint32_t window_max = 5;
  static constexpr std::chrono::milliseconds wall{5'000};
  static constexpr std::uint64_t memory_bytes = 128U << 20;
  static constexpr std::uint64_t output_bytes = 1U << 20;
  static constexpr std::size_t body_bytes_max = 1U << 20; ///< the original took 100 kB
};

/// A validation problem: `code` and `path` for programs, `message` for people.
struct session_issue {
  std::string_view code;
  std::string_view path;
  std::string message;
};

/// An error as both kinds of clients read it: "error" and "message" are the same sentence.
response session_error(unsigned status, std::string_view message);

/// 400 for a body that breaks the contract: "error" says so, "message" is the first problem,
/// "details" and "errors" are all of them.
response session_validation_error(const std::vector<session_issue>& issues);

/// What the router calls for errors that it finds itself.
response session_route_error(unsigned status, const failure& why,
                             const std::vector<std::string>& details);

/// The body of POST (language alone counts) and PATCH.
struct session_source {
  std::string language;
  std::string source;
};

/// Reads a body; adds issues for what is wrong with it.
session_source read_session_source(const boost::json::object& body, session_form form,
                                   std::vector<session_issue>& issues);

/// What the contract asks of every run of a session in this language.
actors::start_run session_run(std::string_view language);

/// A refused run in the words of the contract, with Retry-After where waiting helps.
response refused_session_run(const failure& why);

/// An execution as clients see it.
boost::json::object execution_json(const actors::job_view& job, session_form form);

void add_code_sessions(router& routes, api_context_ptr context, session_form form);

} // namespace coterie::net
