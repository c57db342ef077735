#define CAF_SUITE settings

#include "config/settings.hpp"

#include "caf/test/bdd_dsl.hpp"

using namespace coterie;
using namespace coterie::config;
using namespace std::chrono_literals;

namespace {

result<settings> with(std::vector<named_value> values) {
  return make_settings(values);
}

/// The settings with one value changed; fails the test when it is refused.
settings with(std::string name, std::string value) {
  auto made = with({{std::move(name), std::move(value), "test"}});
  if (!made)
    CAF_FAIL(made.why().detail);
  return *made;
}

/// Why a value is refused.
std::string refusal(std::string name, std::string value) {
  const auto made = with({{std::move(name), std::move(value), "test"}});
  return made ? "accepted" : made.why().detail;
}

bool are_equal(const settings& a, const settings& b) {
  return a.address == b.address && a.port == b.port && a.threads == b.threads
         && a.connections_max == b.connections_max
         && a.connections_per_address == b.connections_per_address && a.base_url == b.base_url
         && a.trusted_proxies == b.trusted_proxies && a.allowed_origins == b.allowed_origins
         && a.shutdown_grace == b.shutdown_grace && a.tls_certificate == b.tls_certificate
         && a.tls_key == b.tls_key && a.tls_redirect == b.tls_redirect && a.tls_hsts == b.tls_hsts
         && a.data_dir == b.data_dir && a.database == b.database
         && a.room_idle_after == b.room_idle_after && a.history_keep == b.history_keep
         && a.yjs_create_on_join == b.yjs_create_on_join && a.parallel_jobs == b.parallel_jobs
         && a.warm_containers == b.warm_containers && a.room_containers == b.room_containers
         && a.room_memory_mb == b.room_memory_mb && a.room_disk_mb == b.room_disk_mb
         && a.room_processes == b.room_processes && a.image_root == b.image_root
         && a.cgroups == b.cgroups && a.languages_file == b.languages_file
         && a.code_sessions == b.code_sessions && a.code_sprint_listen == b.code_sprint_listen
         && a.code_sprint_pages == b.code_sprint_pages
         && a.code_sprint_origins == b.code_sprint_origins
         && a.code_sprint_idle == b.code_sprint_idle && a.kaicode_listen == b.kaicode_listen
         && a.kaicode_secret == b.kaicode_secret && a.kaicode_issuer == b.kaicode_issuer
         && a.kaicode_audience == b.kaicode_audience && a.kaicode_time_limit == b.kaicode_time_limit
         && a.algoroom_listen == b.algoroom_listen && a.algoroom_pages == b.algoroom_pages
         && a.algoroom_origins == b.algoroom_origins && a.codecrafter_listen == b.codecrafter_listen
         && a.codecrafter_url == b.codecrafter_url && a.codecrafter_origins == b.codecrafter_origins
         && a.codecrafter_requests == b.codecrafter_requests
         && a.codecrafter_executions == b.codecrafter_executions
         && a.auth_anonymous == b.auth_anonymous && a.auth_secret == b.auth_secret
         && a.auth_previous_secret == b.auth_previous_secret && a.auth_issuer == b.auth_issuer
         && a.auth_audience == b.auth_audience && a.auth_access_life == b.auth_access_life
         && a.auth_refresh_life == b.auth_refresh_life && a.auth_leeway == b.auth_leeway
         && a.auth_wrong_per_address == b.auth_wrong_per_address
         && a.auth_wrong_per_account == b.auth_wrong_per_account
         && a.requests_per_minute == b.requests_per_minute && a.requests_burst == b.requests_burst
         && a.user_requests_per_minute == b.user_requests_per_minute
         && a.user_requests_burst == b.user_requests_burst
         && a.room_requests_per_minute == b.room_requests_per_minute
         && a.room_requests_burst == b.room_requests_burst
         && a.auth_requests_per_minute == b.auth_requests_per_minute && a.socketio == b.socketio
         && a.level == b.level && a.format == b.format;
}

/// Another value than the default for each option.
const std::vector<std::pair<std::string, std::string>>& other_values() {
  static const std::vector<std::pair<std::string, std::string>> values{
    {"port", "1"},
    {"address", "127.0.0.1"},
    {"data-dir", "/data"},
    {"database", "memory"},
    {"base-url", "https://example.org"},
    {"threads", "3"},
    {"connections-max", "7"},
    {"connections-per-address", "8"},
    {"trusted-proxies", "10.0.0.0/8"},
    {"allowed-origins", "https://example.org"},
    {"tls.certificate", "/etc/c.pem"},
    {"tls.key", "/etc/k.pem"},
    {"tls.redirect-listen", ":80"},
    {"tls.hsts", "1d"},
    {"shutdown-grace", "1s"},
    {"rooms.idle-after", "1h"},
    {"history.keep", "30d"},
    {"auth.anonymous", "off"},
    {"auth.secret", "s"},
    {"auth.previous-secret", "p"},
    {"auth.issuer", "i"},
    {"auth.audience", "a"},
    {"auth.access-life", "1min"},
    {"auth.refresh-life", "1d"},
    {"auth.leeway", "1s"},
    {"auth.wrong-per-address", "3"},
    {"auth.wrong-per-account", "4"},
    {"limits.requests-per-minute", "5"},
    {"limits.burst", "6"},
    {"limits.user-requests-per-minute", "7"},
    {"limits.user-burst", "8"},
    {"limits.room-requests-per-minute", "9"},
    {"limits.room-burst", "10"},
    {"limits.auth-requests-per-minute", "11"},
    {"sandbox.rooms", "3"},
    {"sandbox.room-memory", "100"},
    {"sandbox.room-disk", "100"},
    {"sandbox.room-processes", "100"},
    {"yjs.create-on-join", "off"},
    {"sandbox.parallel", "9"},
    {"sandbox.warm", "0"},
    {"sandbox.images", "/images"},
    {"sandbox.cgroups", "off"},
    {"languages.file", "more.jsonc"},
    {"dialects.code-sessions.form", "published"},
    {"dialects.algoroom.listen", ":8000"},
    {"dialects.code-sprint.listen", ":8080"},
    {"dialects.code-sprint.pages", "/srv/sprint"},
    {"dialects.code-sprint.origins", "https://sprint.example"},
    {"dialects.code-sprint.idle", "45min"},
    {"dialects.kaicode.listen", ":1234"},
    {"dialects.kaicode.secret", "s"},
    {"dialects.kaicode.issuer", "i"},
    {"dialects.kaicode.audience", "a"},
    {"dialects.kaicode.time-limit", "2s"},
    {"dialects.algoroom.pages", "/srv/algoroom"},
    {"dialects.algoroom.origins", "https://example.org"},
    {"dialects.codecrafter.listen", ":8001"},
    {"dialects.codecrafter.url", "https://example.org"},
    {"dialects.codecrafter.origins", "https://example.org"},
    {"dialects.codecrafter.requests", "7"},
    {"dialects.codecrafter.executions", "8"},
    {"socketio-fixture", "engine"},
    {"log.level", "debug"},
    {"log.format", "json"},
  };
  return values;
}

} // namespace

SCENARIO("every option changes something, and its default text puts it back") {
  CHECK_EQ(other_values().size(), options().size());
  for (const auto& [name, value] : other_values()) {
    CAF_MESSAGE(name);
    const auto* known = find_option(name);
    REQUIRE(known);
    auto changed = with(name, value);
    CHECK(!are_equal(changed, settings{}));
    REQUIRE(known->apply(changed, known->default_text));
    CHECK(are_equal(changed, settings{}));
  }
}

SCENARIO("what tokens say is in whole seconds") {
  for (const auto* value : {"0s", "500ms", "1500ms", "900"})
    CHECK(refusal("auth.access-life", value) != "accepted");
  CHECK_EQ(refusal("auth.access-life", "2000ms"), "accepted");
}

SCENARIO("later values win") {
  const auto made = with({{"port", "1", "coterie.conf"}, {"port", "2", "PORT"}});
  REQUIRE(made);
  CHECK_EQ(made->port, 2u);
}

SCENARIO("a refusal names the source, the option, what is accepted and the value") {
  const auto made = with({{"port", "http", "COTERIE_PORT"}});
  REQUIRE(!made);
  CHECK(made.why().code == errc::invalid_argument);
  CHECK_EQ(made.why().detail, "COTERIE_PORT: port is a whole number from 0 to 65535, not \"http\"");
}

SCENARIO("numbers are whole, in their range and nothing else") {
  CHECK_EQ(with("port", "0").port, 0u);
  CHECK_EQ(with("port", "65535").port, 65535u);
  for (const char* text : {"", "65536", "-1", "+1", "1.5", "80 ", " 80", "0x50", "99999999999999"})
    CHECK_EQ(refusal("port", text),
             "test: port is a whole number from 0 to 65535, not \"" + std::string(text) + "\"");
  CHECK_EQ(refusal("threads", "0"), "test: threads is a whole number from 1 to 256, not \"0\"");
  CHECK_EQ(refusal("sandbox.parallel", "257"),
           "test: sandbox.parallel is a whole number from 1 to 256, not \"257\"");
}

SCENARIO("durations carry a unit") {
  CHECK(with("shutdown-grace", "250ms").shutdown_grace == 250ms);
  CHECK(with("shutdown-grace", "0s").shutdown_grace == 0s);
  CHECK(with("shutdown-grace", "10s").shutdown_grace == 10s);
  CHECK(with("rooms.idle-after", "5min").room_idle_after == 5min);
  CHECK(with("rooms.idle-after", "2h").room_idle_after == 2h);
  CHECK(with("history.keep", "30d").history_keep == 720h);
  for (const char* text : {"", "10", "-1s", "s", "10 s", "10m", "1.5s", "9999999999s"})
    CHECK_EQ(refusal("shutdown-grace", text),
             "test: shutdown-grace is a duration such as 500ms, 10s, 5min, 2h or 30d, not \""
               + std::string(text) + "\"");
}

SCENARIO("choices name what there is to choose from") {
  CHECK(with("log.format", "json").format == log_format::json);
  CHECK_EQ(refusal("log.level", "loud"),
           "test: log.level is one of debug info warning error, not \"loud\"");
  CHECK_EQ(refusal("sandbox.cgroups", "on"),
           "test: sandbox.cgroups is one of auto off, not \"on\"");
  CHECK_EQ(refusal("dialects.code-sessions.form", "Document"),
           "test: dialects.code-sessions.form is one of document published, not \"Document\"");
}

SCENARIO("lists are written with commas, or as coterie.conf has them") {
  const std::vector<std::string> both{"10.0.0.0/8", "::1"};
  CHECK(with("trusted-proxies", "10.0.0.0/8,::1").trusted_proxies == both);
  CHECK(with("trusted-proxies", " 10.0.0.0/8 , ::1 ,").trusted_proxies == both);
  CHECK(with("trusted-proxies", "[\"10.0.0.0/8\", \"::1\"]").trusted_proxies == both);
  CHECK(with("allowed-origins", "").allowed_origins.empty());
}

SCENARIO("texts that cannot be right are refused") {
  CHECK_EQ(refusal("data-dir", ""), "test: data-dir is a folder, not \"\"");
  CHECK_EQ(refusal("base-url", "example.org"),
           "test: base-url is a URL that starts with http:// or https://, not \"example.org\"");
}

SCENARIO("an unknown option is refused, with the closest one when it is close") {
  CHECK_EQ(refusal("prot", "1"), "test: there is no option prot; did you mean port?");
  CHECK_EQ(refusal("log-level", "info"),
           "test: there is no option log-level; did you mean log.level?");
  CHECK_EQ(refusal("sandbox.paralel", "1"),
           "test: there is no option sandbox.paralel; did you mean sandbox.parallel?");
  CHECK_EQ(refusal("colour-of-the-sky", "blue"), "test: there is no option colour-of-the-sky");
  CHECK_EQ(refusal("", "x"), "test: there is no option ");
}

SCENARIO("each option has its name in the environment") {
  CHECK_EQ(environment_name("data-dir"), "COTERIE_DATA_DIR");
  CHECK_EQ(environment_name("log.level"), "COTERIE_LOG_LEVEL");
  std::vector<std::string> lines;
  for (const auto& [name, value] : other_values())
    lines.push_back(environment_name(name) + "=" + value);
  std::vector<const char*> environment;
  for (const auto& line : lines)
    environment.push_back(line.c_str());
  environment.push_back(nullptr);
  std::vector<std::string> unknown;
  const auto values = from_environment(environment.data(), unknown);
  CHECK(unknown.empty());
  REQUIRE_EQ(values.size(), other_values().size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    CHECK_EQ(values[i].name, other_values()[i].first);
    CHECK_EQ(values[i].value, other_values()[i].second);
    CHECK_EQ(values[i].source, environment_name(values[i].name));
  }
}

SCENARIO("what other systems call their settings works, but our own names win") {
  const char* environment[] = {
    "COTERIE_PORT=3", "PORT=1", "BASE_URL=http://a", "DATABASE_URL=sqlite:///x", "HOME=/root",
    "MALFORMED",      nullptr};
  std::vector<std::string> unknown;
  const auto made = make_settings(from_environment(environment, unknown));
  REQUIRE(made);
  CHECK(unknown.empty());
  CHECK_EQ(made->port, 3u);
  CHECK_EQ(made->base_url, "http://a");
  CHECK_EQ(made->database, "sqlite:///x");
}

SCENARIO("REPOSITORY_TYPE chooses the engine, DATABASE_URL says where it is") {
  const auto database_of = [](std::vector<const char*> environment) {
    environment.push_back(nullptr);
    std::vector<std::string> unknown;
    return make_settings(from_environment(environment.data(), unknown))->database;
  };
  CHECK_EQ(database_of({"REPOSITORY_TYPE=memory", "DATABASE_URL=postgresql://db/x"}), "memory");
  CHECK_EQ(database_of({"REPOSITORY_TYPE=postgres", "DATABASE_URL=postgresql://db/x"}),
           "postgresql://db/x");
  CHECK_EQ(database_of({"REPOSITORY_TYPE=memory", "COTERIE_DATABASE=sqlite"}), "sqlite");
}

SCENARIO("unknown COTERIE_ names are reported, those of our scripts are not") {
  const char* environment[] = {"COTERIE_PROT=1", "COTERIE_CACHE=/tmp", "COTERIE_BINARY=x", nullptr};
  std::vector<std::string> unknown;
  CHECK(from_environment(environment, unknown).empty());
  CHECK(unknown == std::vector<std::string>{"COTERIE_PROT"});
}
