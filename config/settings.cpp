#include "config/settings.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

namespace coterie::config {

namespace {

failure bad(std::string_view what_is_accepted) {
  return {errc::invalid_argument, std::string(what_is_accepted)};
}

template <class T>
result<void> read_number(T& target, std::string_view text, T lowest, T highest) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < lowest || value > highest)
    return bad("a whole number from " + std::to_string(lowest) + " to " + std::to_string(highest));
  target = value;
  return {};
}

/// "250ms", "10s", "5min", "2h", "30d"; a bare number is refused: its unit would be a guess.
result<void> read_duration(std::chrono::milliseconds& target, std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, std::int64_t>, 5> units{
    {{"ms", 1}, {"s", 1'000}, {"min", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  const auto unit = text.substr(static_cast<std::size_t>(end - text.data()));
  if (error == std::errc{} && count >= 0 && count < 1'000'000'000)
    for (const auto& [name, factor] : units)
      if (unit == name) {
        target = std::chrono::milliseconds{count * factor};
        return {};
      }
  return bad("a duration such as 500ms, 10s, 5min, 2h or 30d");
}

/// A duration of a second or more, without fractions: what tokens say is in seconds.
result<void> read_whole_seconds(std::chrono::milliseconds& target, std::string_view text) {
  std::chrono::milliseconds read{};
  const auto ok = read_duration(read, text);
  if (!ok || read.count() == 0 || read.count() % 1'000 != 0)
    return bad("a duration of whole seconds, such as 30s, 15min or 7d");
  target = read;
  return {};
}

template <class E, std::size_t N>
result<void> read_choice(E& target, std::string_view text,
                         const std::array<std::pair<std::string_view, E>, N>& choices) {
  std::string accepted = "one of";
  for (const auto& [name, value] : choices) {
    if (text == name) {
      target = value;
      return {};
    }
    accepted += ' ';
    accepted += name;
  }
  return bad(accepted);
}

/// A switch; coterie.conf may write it as true and false, as CAF does.
result<void> read_switch(bool& target, std::string_view text) {
  return read_choice<bool, 4>(target, text,
                              {{{"on", true}, {"off", false}, {"true", true}, {"false", false}}});
}

/// Comma-separated, or a list as coterie.conf writes it: ["a", "b"].
void read_list(std::vector<std::string>& target, std::string_view text) {
  target.clear();
  std::string item;
  const auto finish = [&] {
    if (!item.empty())
      target.push_back(std::exchange(item, {}));
  };
  for (const char c : text) {
    if (c == ',')
      finish();
    else if (c != '[' && c != ']' && c != '"' && c != ' ')
      item += c;
  }
  finish();
}

result<void> read_text(std::string& target, std::string_view text) {
  target = text;
  return {};
}

using value = std::string_view;

// Defaults are written out for the help text; a test compares them with the struct.
constexpr std::array table{
  option{"port", "N", "port to listen on; 0 picks a free one", "8080",
         [](settings& s, value v) { return read_number<std::uint16_t>(s.port, v, 0, 65535); }},
  option{"address", "ADDR", "address to listen on; :: is every interface",
         "::", [](settings& s, value v) { return read_text(s.address, v); }},
  option{"data-dir", "DIR", "where the database lives", "var",
         [](settings& s, value v) -> result<void> {
           if (v.empty())
             return bad("a folder");
           return read_text(s.data_dir, v);
         }},
  option{"database", "URL",
         "memory, sqlite (a file in the data folder), sqlite:///FILE or postgresql://...", "sqlite",
         [](settings& s, value v) { return read_text(s.database, v); }},
  option{"base-url", "URL", "how clients reach this server; else from their Host header", "",
         [](settings& s, value v) -> result<void> {
           if (!v.empty() && !v.starts_with("http://") && !v.starts_with("https://"))
             return bad("a URL that starts with http:// or https://");
           return read_text(s.base_url, v);
         }},
  option{"threads", "N", "threads for connections", "2",
         [](settings& s, value v) { return read_number<std::uint32_t>(s.threads, v, 1, 256); }},
  option{"connections-max", "N", "connections at the same time; more get 503", "20000",
         [](settings& s, value v) {
           return read_number<std::uint32_t>(s.connections_max, v, 1, 1'000'000);
         }},
  option{"connections-per-address", "N", "connections of one client address; more get 429", "10000",
         [](settings& s, value v) {
           return read_number<std::uint32_t>(s.connections_per_address, v, 1, 1'000'000);
         }},
  option{"trusted-proxies", "LIST", "proxies whose X-Forwarded-For is believed (addresses, CIDR)",
         "",
         [](settings& s, value v) -> result<void> {
           read_list(s.trusted_proxies, v);
           return {};
         }},
  option{"allowed-origins", "LIST", "web origins that may call this server, or *", "*",
         [](settings& s, value v) -> result<void> {
           read_list(s.allowed_origins, v);
           return {};
         }},
  option{"shutdown-grace", "TIME", "how long running programs may finish at shutdown", "10s",
         [](settings& s, value v) { return read_duration(s.shutdown_grace, v); }},
  option{"tls.certificate", "FILE", "PEM certificate with its chain: every address speaks TLS", "",
         [](settings& s, value v) { return read_text(s.tls_certificate, v); }},
  option{"tls.key", "FILE", "PEM key of the certificate", "",
         [](settings& s, value v) { return read_text(s.tls_key, v); }},
  option{"tls.redirect-listen", "ADDR", "plain HTTP there is sent to https: :80", "",
         [](settings& s, value v) { return read_text(s.tls_redirect, v); }},
  option{"tls.hsts", "TIME", "how long browsers shall insist on TLS (RFC 6797); 0s: not at all",
         "180d", [](settings& s, value v) { return read_duration(s.tls_hsts, v); }},
  option{"auth.anonymous", "YES", "whether people without an account are served: on, off", "on",
         [](settings& s, value v) { return read_switch(s.auth_anonymous, v); }},
  option{"auth.secret", "TEXT",
         "what access tokens are signed with; else one kept in the data folder", "",
         [](settings& s, value v) { return read_text(s.auth_secret, v); }},
  option{"auth.previous-secret", "TEXT", "the secret before, while tokens of it are still in use",
         "", [](settings& s, value v) { return read_text(s.auth_previous_secret, v); }},
  option{"auth.issuer", "TEXT", "issuer (iss) of access tokens", "codecrafter",
         [](settings& s, value v) { return read_text(s.auth_issuer, v); }},
  option{"auth.audience", "TEXT", "audience (aud) of access tokens", "codecrafter-users",
         [](settings& s, value v) { return read_text(s.auth_audience, v); }},
  option{"auth.access-life", "TIME", "how long an access token is good", "15min",
         [](settings& s, value v) { return read_whole_seconds(s.auth_access_life, v); }},
  option{"auth.refresh-life", "TIME", "how long a login lasts that nobody uses", "7d",
         [](settings& s, value v) { return read_whole_seconds(s.auth_refresh_life, v); }},
  option{"auth.leeway", "TIME", "by how much the clocks of servers may differ", "30s",
         [](settings& s, value v) { return read_whole_seconds(s.auth_leeway, v); }},
  option{"auth.wrong-per-address", "N", "wrong passwords of one address in a minute", "10",
         [](settings& s, value v) {
           return read_number<std::uint32_t>(s.auth_wrong_per_address, v, 1, 1'000'000);
         }},
  option{"auth.wrong-per-account", "N", "wrong passwords for one account in an hour", "100",
         [](settings& s, value v) {
           return read_number<std::uint32_t>(s.auth_wrong_per_account, v, 1, 1'000'000);
         }},
  option{"limits.requests-per-minute", "N", "requests of one address in a minute; 0 is any number",
         "0",
         [](settings& s, value v) {
           return read_number<std::uint32_t>(s.requests_per_minute, v, 0, 10'000'000);
         }},
  option{"limits.burst", "N", "requests of one address at once; 0: a minute's", "0",
         [](settings& s, value v) {
           return read_number<std::uint32_t>(s.requests_burst, v, 0, 10'000'000);
         }},
  option{"limits.user-requests-per-minute", "N", "the same for one user, wherever", "0",
         [](settings& s, value v) {
           return read_number<std::uint32_t>(s.user_requests_per_minute, v, 0, 10'000'000);
         }},
  option{"limits.user-burst", "N", "requests of one user at once; 0: a minute's", "0",
         [](settings& s, value v) {
           return read_number<std::uint32_t>(s.user_requests_burst, v, 0, 10'000'000);
         }},
  option{"limits.room-requests-per-minute", "N", "the same for one room, by everybody", "0",
         [](settings& s, value v) {
           return read_number<std::uint32_t>(s.room_requests_per_minute, v, 0, 10'000'000);
         }},
  option{"limits.room-burst", "N", "requests for one room at once; 0: a minute's", "0",
         [](settings& s, value v) {
           return read_number<std::uint32_t>(s.room_requests_burst, v, 0, 10'000'000);
         }},
  option{"limits.auth-requests-per-minute", "N", "requests of one address to log in and the like",
         "600",
         [](settings& s, value v) {
           return read_number<std::uint32_t>(s.auth_requests_per_minute, v, 1, 10'000'000);
         }},
  option{"rooms.idle-after", "TIME", "when an unused room is put to sleep", "30min",
         [](settings& s, value v) { return read_duration(s.room_idle_after, v); }},
  option{"history.keep", "TIME", "how long changes of rooms can be played back; 0d is for ever",
         "0d", [](settings& s, value v) { return read_duration(s.history_keep, v); }},
  option{"yjs.create-on-join", "YES", "whether the first join of a new name makes a room: on, off",
         "on", [](settings& s, value v) { return read_switch(s.yjs_create_on_join, v); }},
  option{
    "sandbox.parallel", "N", "programs running at the same time", "4",
    [](settings& s, value v) { return read_number<std::uint32_t>(s.parallel_jobs, v, 1, 256); }},
  option{
    "sandbox.warm", "N", "most idle containers kept ready; follows demand", "4",
    [](settings& s, value v) { return read_number<std::uint32_t>(s.warm_containers, v, 0, 256); }},
  option{
    "sandbox.rooms", "N", "rooms that may have a container of their own at the same time", "16",
    [](settings& s, value v) { return read_number<std::uint32_t>(s.room_containers, v, 0, 128); }},
  option{"sandbox.room-memory", "MB", "memory of a room's container", "512",
         [](settings& s, value v) {
           return read_number<std::uint32_t>(s.room_memory_mb, v, 32, 1U << 20);
         }},
  option{"sandbox.room-disk", "MB", "files of a room's container, in memory", "256",
         [](settings& s, value v) {
           return read_number<std::uint32_t>(s.room_disk_mb, v, 16, 1U << 20);
         }},
  option{"sandbox.room-processes", "N", "processes and threads of a room's container", "128",
         [](settings& s, value v) {
           return read_number<std::uint32_t>(s.room_processes, v, 8, 32'768);
         }},
  option{"sandbox.images", "DIR", "folder with root file systems besides the host's own", "",
         [](settings& s, value v) { return read_text(s.image_root, v); }},
  option{"sandbox.cgroups", "WHICH", "auto, or off (weaker limits)", "auto",
         [](settings& s, value v) {
           return read_choice<cgroup_use, 2>(
             s.cgroups, v, {{{"auto", cgroup_use::automatic}, {"off", cgroup_use::off}}});
         }},
  option{"languages.file", "FILE", "more languages, or other settings for known ones", "",
         [](settings& s, value v) { return read_text(s.languages_file, v); }},
  option{"dialects.code-sessions.form", "WHICH",
         "document (200/200/TIMEOUT) or published (201/202/FAILED)", "document",
         [](settings& s, value v) {
           return read_choice<code_sessions_form, 2>(
             s.code_sessions, v,
             {{{"document", code_sessions_form::document},
               {"published", code_sessions_form::published}}});
         }},
  option{"dialects.algoroom.listen", "ADDR", "one more address, with AlgoRoom's own root: :8000",
         "", [](settings& s, value v) { return read_text(s.algoroom_listen, v); }},
  option{"dialects.algoroom.pages", "DIR", "folder with AlgoRoom's front end, for that address", "",
         [](settings& s, value v) { return read_text(s.algoroom_pages, v); }},
  option{"dialects.algoroom.origins", "LIST", "web origins that may call /sessions",
         "http://localhost:5173,http://127.0.0.1:5173,http://localhost:3000,http://127.0.0.1:3000",
         [](settings& s, value v) -> result<void> {
           read_list(s.algoroom_origins, v);
           return {};
         }},
  option{"dialects.code-sprint.listen", "ADDR",
         "one more address, with Code Sprint's own root: :8080", "",
         [](settings& s, value v) { return read_text(s.code_sprint_listen, v); }},
  option{"dialects.code-sprint.pages", "DIR",
         "folder with Code Sprint's front end, for that address", "",
         [](settings& s, value v) { return read_text(s.code_sprint_pages, v); }},
  option{"dialects.code-sprint.origins", "LIST", "web origins that may ask for a socket path", "",
         [](settings& s, value v) -> result<void> {
           read_list(s.code_sprint_origins, v);
           return {};
         }},
  option{"dialects.code-sprint.idle", "TIME",
         "how long a room is kept without heartbeat and without anybody in it", "30min",
         [](settings& s, value v) { return read_duration(s.code_sprint_idle, v); }},
  option{"dialects.kaicode.listen", "ADDR", "one more address, with Kaicode's own root: :1234", "",
         [](settings& s, value v) { return read_text(s.kaicode_listen, v); }},
  option{"dialects.kaicode.secret", "TEXT", "what Kaicode's web application signs its tokens with",
         "", [](settings& s, value v) { return read_text(s.kaicode_secret, v); }},
  option{"dialects.kaicode.issuer", "TEXT", "tokens must be of this issuer (iss)", "",
         [](settings& s, value v) { return read_text(s.kaicode_issuer, v); }},
  option{"dialects.kaicode.audience", "TEXT", "tokens must be for this audience (aud)", "",
         [](settings& s, value v) { return read_text(s.kaicode_audience, v); }},
  option{"dialects.kaicode.time-limit", "TIME", "how long a program may run", "60s",
         [](settings& s, value v) { return read_duration(s.kaicode_time_limit, v); }},
  option{"dialects.codecrafter.listen", "ADDR",
         "one more address, with CodeCrafter's own root: :8001", "",
         [](settings& s, value v) { return read_text(s.codecrafter_listen, v); }},
  option{"dialects.codecrafter.url", "URL", "what links to sessions begin with, if not base-url", "",
         [](settings& s, value v) { return read_text(s.codecrafter_url, v); }},
  option{"dialects.codecrafter.origins", "LIST", "web origins that may call /api/sessions",
         "http://localhost:3000,http://localhost:5173,http://localhost:5174,"
         "http://127.0.0.1:3000,http://127.0.0.1:5173,http://127.0.0.1:5174",
         [](settings& s, value v) -> result<void> {
           read_list(s.codecrafter_origins, v);
           return {};
         }},
  option{"dialects.codecrafter.requests", "N", "requests of one address in 15 minutes", "100",
         [](settings& s, value v) { return read_number<std::uint32_t>(s.codecrafter_requests, v, 1, 1'000'000); }},
  option{"dialects.codecrafter.executions", "N", "programs that one address starts in a minute",
         "10",
         [](settings& s, value v) {
           return read_number<std::uint32_t>(s.codecrafter_executions, v, 1, 1'000'000);
         }},
  option{"socketio-fixture", "WHICH", "for tests only: off, engine, socket or recovery", "off",
         [](settings& s, value v) {
           return read_choice<socketio_fixture, 4>(s.socketio, v,
                                                   {{{"off", socketio_fixture::off},
                                                     {"engine", socketio_fixture::engine},
                                                     {"socket", socketio_fixture::socket},
                                                     {"recovery", socketio_fixture::recovery}}});
         }},
  option{"log.level", "WHICH", "debug, info, warning or error", "info",
         [](settings& s, value v) {
           return read_choice<log_level, 4>(s.level, v,
                                            {{{"debug", log_level::debug},
                                              {"info", log_level::info},
                                              {"warning", log_level::warning},
                                              {"error", log_level::error}}});
         }},
  option{"log.format", "WHICH", "text or json", "text",
         [](settings& s, value v) {
           return read_choice<log_format, 2>(
             s.format, v, {{{"text", log_format::text}, {"json", log_format::json}}});
         }},
};

/// Levenshtein distance; the names are short.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j)
    row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const auto above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

/// REPOSITORY_TYPE names an engine only; a URL, if any, says more.
std::optional<std::string> database_of_repository_type(std::string_view type) {
  if (type == "postgres" || type == "postgresql")
    return std::nullopt;    // DATABASE_URL says where
  return std::string(type); // "memory", or refused later with its source named
}

} // namespace

std::span<const option> options() {
  return table;
}

const option* find_option(std::string_view name) {
  const auto at = std::ranges::find(table, name, &option::name);
  return at == table.end() ? nullptr : &*at;
}

const option* closest_option(std::string_view name) {
  const auto at = std::ranges::min_element(
    table, {}, [name](const option& known) { return distance(name, known.name); });
  return distance(name, at->name) <= std::max<std::size_t>(2, name.size() / 3) ? &*at : nullptr;
}

result<settings> make_settings(std::span<const named_value> values) {
  settings made;
  for (const auto& [name, text, source] : values) {
    const auto* known = find_option(name);
    if (!known) {
      const auto* near = closest_option(name);
      return {errc::invalid_argument,
              source + ": there is no option " + name
                + (near ? "; did you mean " + std::string(near->name) + "?" : std::string())};
    }
    if (auto applied = known->apply(made, text); !applied)
      return {errc::invalid_argument,
              source + ": " + name + " is " + applied.why().detail + ", not \"" + text + "\""};
  }
  return made;
}

std::string environment_name(std::string_view option_name) {
  std::string name = "COTERIE_";
  for (const char c : option_name)
    name += c == '.' || c == '-' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  return name;
}

std::vector<named_value> from_environment(const char* const* environment,
                                          std::vector<std::string>& unknown) {
  static constexpr std::string_view prefix = "COTERIE_";
  // Read by the scripts and tests around the server.
  static constexpr std::array<std::string_view, 2> foreign{"COTERIE_CACHE", "COTERIE_BINARY"};
  std::vector<named_value> general;
  std::vector<named_value> ours;
  std::optional<std::string> repository;
  for (; environment && *environment; ++environment) {
    const std::string_view line = *environment;
    const auto equals = line.find('=');
    if (equals == line.npos)
      continue;
    const auto name = std::string(line.substr(0, equals));
    const auto text = std::string(line.substr(equals + 1));
    if (name == "PORT")
      general.push_back({"port", text, name});
    else if (name == "BASE_URL")
      general.push_back({"base-url", text, name});
    else if (name == "DATABASE_URL")
      general.push_back({"database", text, name});
    else if (name == "NEXTAUTH_SECRET")
      general.push_back({"dialects.kaicode.secret", text, name});
    else if (name == "ORIGINS")
      general.push_back({"dialects.code-sprint.origins", text, name});
    else if (name == "FRONTEND_URL")
      general.push_back({"dialects.codecrafter.origins", text, name});
    else if (name == "JWT_SECRET")
      general.push_back({"auth.secret", text, name});
    else if (name == "REPOSITORY_TYPE")
      repository = database_of_repository_type(text);
    if (!name.starts_with(prefix) || std::ranges::find(foreign, name) != foreign.end())
      continue;
    const auto known = std::ranges::find_if(
      table, [&](const option& o) { return environment_name(o.name) == name; });
    if (known != table.end())
      ours.push_back({std::string(known->name), text, name});
    else
      unknown.push_back(name);
  }
  if (repository) // it chooses the engine, so it wins over a URL of another one
    general.push_back({"database", *repository, "REPOSITORY_TYPE"});
  general.insert(general.end(), std::make_move_iterator(ours.begin()),
                 std::make_move_iterator(ours.end()));
  return general;
}

} // namespace coterie::config
