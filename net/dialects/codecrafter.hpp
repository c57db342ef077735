#pragma once

// The CodeCrafter dialect: accounts below /api/auth, sessions below /api/sessions, programs below
// /api/execute, and co-editing over Socket.IO at /socket.io/. A session is a room, its code the
// room's main file. docs/codecrafter.md says what is served.
//
// This file: what the parts share. Errors are worded here.

#include "net/api/context.hpp"
#include "net/cors.hpp"
#include "net/http.hpp"
#include "net/json.hpp"
#include "net/rate_limit.hpp"
#include "net/router.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coterie::net {

class crafter_presence; // codecrafter_presence.hpp
class crafter_jobs;     // codecrafter_execute.hpp
namespace socketio {
class server;
}

struct codecrafter_bounds {
  static constexpr std::size_t body_bytes_max = 10U << 20;
  static constexpr std::size_t page_max = 100; ///< rows of one page, whatever is asked for
  static constexpr std::uint64_t page_number_max = 1'000'000;
};

/// What an operator chooses; outlives the server.
struct codecrafter_settings {
  cors_policy cors;
  std::string url;                   ///< what links begin with; without a final slash
  std::uint32_t requests_max = 100;  ///< of one address in 15 minutes
  std::uint32_t executions_max = 10; ///< of one address in a minute
};

/// What the parts share. One for all front ends that serve the dialect.
struct codecrafter {
  api_context_ptr context;
  const codecrafter_settings& settings;
  std::shared_ptr<rate_budget> requests;
  std::shared_ptr<rate_budget> executions; ///< counts as a request, too
  std::shared_ptr<crafter_presence> presence;
  std::shared_ptr<crafter_jobs> jobs;
  std::shared_ptr<socketio::server> sockets{};
};
using codecrafter_ptr = std::shared_ptr<codecrafter>;

/// The dialect in which the 24 digits of a session are an alias of its room.
inline constexpr std::string_view codecrafter_dialect = "codecrafter";
/// The languages of a session.
inline constexpr std::array<std::string_view, 7> crafter_languages = {
  "javascript", "python", "java", "cpp", "c", "go", "rust"};

// -- words --------------------------------------------------------------------------------------

/// {"error", "code"}, as auth and sessions word it.
response crafter_error(unsigned status, std::string_view text, std::string_view code);
/// 400 with one sentence for each thing that is wrong.
response crafter_invalid(const std::vector<std::string>& details);
/// {"success": false, "message", "error", "code"}, as executions word it.
response crafter_run_error(unsigned status, std::string_view text, std::string_view code);
response crafter_run_invalid(const std::vector<std::string>& details);

/// For what fails outside of the handlers: below /api/auth and /api/sessions, below /api/execute.
response crafter_route_error(unsigned status, const failure& why,
                             const std::vector<std::string>& details);
response crafter_run_route_error(unsigned status, const failure& why,
                                 const std::vector<std::string>& details);

/// Answers with the failure in the words of the route, with Retry-After where that helps.
void crafter_refuse(const responder_ptr& reply, const failure& why);

// -- requests -----------------------------------------------------------------------------------

/// Answers 401 and gives nothing when nobody is signed in.
std::optional<signed_in> crafter_user(const request& from, const responder_ptr& reply);
/// Answers 400 and gives nothing when there is no JSON object (or form) in the body; an empty body
/// is an empty object.
std::optional<boost::json::object> crafter_body(const request& from, const responder_ptr& reply);

/// `page` and `limit` of a query; what makes no sense counts as absent.
struct crafter_page {
  std::uint64_t number = 1;
  std::size_t limit = 20;

  std::size_t first() const noexcept {
    return static_cast<std::size_t>(number - 1) * limit;
  }
};
crafter_page read_crafter_page(const request& from, std::size_t usual_limit);
/// {"currentPage", "totalPages", <total_name>, "limit"}
boost::json::object crafter_pagination(const crafter_page& page, std::string_view total_name,
                                       std::size_t total);

// -- routes -------------------------------------------------------------------------------------

codecrafter_ptr make_codecrafter(api_context_ptr context, const codecrafter_settings& settings);
/// /api/auth, /api/sessions, /api/execute and /socket.io/.
void add_codecrafter(router& routes, const codecrafter_ptr& site);
/// The same, and what the original server has at its root.
router codecrafter_routes(const codecrafter_ptr& site);

} // namespace coterie::net
