#pragma once

// Everything an operator can set, in one table: name, environment variable, default, help. The
// command line, the environment and coterie.conf use the same names.

#include "base/result.hpp"

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace coterie::config {

enum class log_level : std::uint8_t { debug, info, warning, error };
enum class log_format : std::uint8_t { text, json };
enum class code_sessions_form : std::uint8_t { document, published };
enum class socketio_fixture : std::uint8_t { off, engine, socket, recovery };
enum class cgroup_use : std::uint8_t { automatic, off };

/// The values a server runs with.
struct settings {
  // server
  std::string address = "::"; ///< every interface, IPv6 and IPv4
  std::uint16_t port = 8080;  ///< 0 picks a free one
  std::uint32_t threads = 2;  ///< for connections
  std::uint32_t connections_max = 20'000;
  std::uint32_t connections_per_address = 10'000;
  std::string base_url;                     ///< empty: from the Host header of each request
  std::vector<std::string> trusted_proxies; ///< addresses or CIDR blocks
  std::vector<std::string> allowed_origins{"*"};
  std::chrono::milliseconds shutdown_grace{10'000};

  // TLS, on every address of the server
  std::string tls_certificate; ///< PEM file, with its chain; empty: plain HTTP
  std::string tls_key;         ///< PEM file
  std::string tls_redirect;    ///< address where plain HTTP is sent to https; empty: none
  std::chrono::milliseconds tls_hsts{std::chrono::hours{24 * 180}}; ///< zero: no HSTS

  // state
  std::string data_dir = "var";
  std::string database = "sqlite";

  // people with an account
  bool auth_anonymous = true;       ///< whether people without one are served
  std::string auth_secret;          ///< of access tokens; empty: one that is kept in data_dir
  std::string auth_previous_secret; ///< accepted as well
  std::string auth_issuer = "codecrafter";
  std::string auth_audience = "codecrafter-users";
  std::chrono::milliseconds auth_access_life{std::chrono::minutes{15}};
  std::chrono::milliseconds auth_refresh_life{std::chrono::hours{24 * 7}};
  std::chrono::milliseconds auth_leeway{30'000};
  std::uint32_t auth_wrong_per_address = 10;  ///< wrong passwords in a minute
  std::uint32_t auth_wrong_per_account = 100; ///< wrong passwords in an hour, from new places

  // how often clients may ask, in a minute; zero: as often as they like
  std::uint32_t requests_per_minute = 0; ///< of one address
  std::uint32_t requests_burst = 0;      ///< at once; zero: what a minute allows
  std::uint32_t user_requests_per_minute = 0;
  std::uint32_t user_requests_burst = 0;
  std::uint32_t room_requests_per_minute = 0;
  std::uint32_t room_requests_burst = 0;
  std::uint32_t auth_requests_per_minute = 600; ///< of one address, to log in and the like

  // rooms
  std::chrono::milliseconds room_idle_after{std::chrono::minutes{30}};

  // what rooms were
  std::chrono::milliseconds history_keep{0}; ///< zero: for ever

  // the Yjs endpoint
  bool yjs_create_on_join = true; ///< whether a new name below /yjs/ makes a room

  // runs
  std::uint32_t parallel_jobs = 4;
  std::uint32_t warm_containers = 4;
  std::uint32_t room_containers = 16;
  std::uint32_t room_memory_mb = 512; ///< of one room's container
  std::uint32_t room_disk_mb = 256;
  std::uint32_t room_processes = 128;
  std::string image_root;
  cgroup_use cgroups = cgroup_use::automatic;
  std::string languages_file;

  // dialects
  code_sessions_form code_sessions = code_sessions_form::document;
  std::string code_sprint_listen; ///< empty: on the main port only
  std::string code_sprint_pages;  ///< folder with its front end; empty: none
  std::vector<std::string> code_sprint_origins;
  std::chrono::milliseconds code_sprint_idle{std::chrono::minutes{30}};
  std::string kaicode_listen; ///< empty: on the main port only
  std::string kaicode_secret; ///< empty: nobody is let in to /sync
  std::string kaicode_issuer;
  std::string kaicode_audience;
  std::chrono::milliseconds kaicode_time_limit{60'000};
  std::string algoroom_listen; ///< empty: on the main port only
  std::string algoroom_pages;  ///< folder with its front end; empty: none
  std::vector<std::string> algoroom_origins{"http://localhost:5173", "http://127.0.0.1:5173",
                                            "http://localhost:3000", "http://127.0.0.1:3000"};
  std::string codecrafter_listen; ///< empty: on the main port only
  std::string codecrafter_url;    ///< what links begin with; empty: base_url
  std::vector<std::string> codecrafter_origins{"http://localhost:3000", "http://localhost:5173",
                                               "http://localhost:5174", "http://127.0.0.1:3000",
                                               "http://127.0.0.1:5173", "http://127.0.0.1:5174"};
  std::uint32_t codecrafter_requests = 100;  ///< of one address in 15 minutes
  std::uint32_t codecrafter_executions = 10; ///< of one address in a minute

  // for test suites
  socketio_fixture socketio = socketio_fixture::off;

  // logs
  log_level level = log_level::info;
  log_format format = log_format::text;
};

/// One line of the table.
struct option {
  std::string_view name;        ///< "data-dir"; in the file "." starts a group
  std::string_view value_shape; ///< "N", "DIR", ...
  std::string_view help;
  std::string_view default_text;
  result<void> (*apply)(settings&, std::string_view value);
};

/// The table, in the order of the help text.
std::span<const option> options();

/// Null when there is no such option.
const option* find_option(std::string_view name);

/// The known option whose name is closest to `name`, for "did you mean"; null when none is near.
const option* closest_option(std::string_view name);

/// One value and where it came from ("--port", "PORT", "coterie.conf"), for error messages.
struct named_value {
  std::string name;
  std::string value;
  std::string source;
};

/// Applies `values` in order, later ones winning. The first bad one is errc::invalid_argument
/// with a sentence that names its source, the value and what is accepted.
result<settings> make_settings(std::span<const named_value> values);

/// `COTERIE_DATA_DIR` for "data-dir", `COTERIE_LOG_LEVEL` for "log.level".
std::string environment_name(std::string_view option_name);

/// The values that `environment` ("NAME=value" lines) sets, least specific first: PORT,
/// REPOSITORY_TYPE, DATABASE_URL, NEXTAUTH_SECRET, JWT_SECRET, FRONTEND_URL and BASE_URL, then
/// COTERIE_*. Unknown COTERIE_* names go to `unknown`.
std::vector<named_value> from_environment(const char* const* environment,
                                          std::vector<std::string>& unknown);

} // namespace coterie::config
