// The server program: reads the settings, wires the folders together, and takes them apart again
// in order. The sequence of start() is the table of contents of the whole system.

#include "actors/metrics.hpp"
#include "actors/node.hpp"
#include "base/log.hpp"
#include "config/languages.hpp"
#include "net/api/api.hpp"
#include "net/api/languages.hpp"
#include "net/command_line.hpp"
#include "net/dialects/algoroom.hpp"
#include "net/dialects/code_sessions.hpp"
#include "net/dialects/code_sprint.hpp"
#include "net/dialects/codecrafter.hpp"
#include "net/dialects/kaicode.hpp"
#include "net/listener.hpp"
#include "net/redirect.hpp"
#include "net/socketio/fixture.hpp"
#include "net/tls.hpp"
#include "net/token_issuer.hpp"
#include "sandbox/language_probe.hpp"
#include "sandbox/launcher.hpp"
#include "storage/open.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/init_global_meta_objects.hpp>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <malloc.h>
#include <pthread.h>
#include <sstream>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>

namespace coterie::net {

namespace {

using std::chrono::milliseconds;
using steady = std::chrono::steady_clock;

enum exit_code : int { exit_stopped = 0, exit_failed = 1, exit_bad_settings = 2 };

int refuse_to_start(const failure& why) {
  std::cerr << "coterie: " << why.detail << '\n';
  return exit_bad_settings;
}

// -- the process itself -------------------------------------------------------------------------

/// Blocks the signals that end us and the one that has us read certificates again, in every thread
/// that is started from here on: the main thread waits for them with sigwait. Writing to a closed
/// socket is an error code, not a signal.
sigset_t take_over_signals() {
  sigset_t ending;
  sigemptyset(&ending);
  sigaddset(&ending, SIGINT);
  sigaddset(&ending, SIGTERM);
  sigaddset(&ending, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &ending, nullptr);
  std::signal(SIGPIPE, SIG_IGN); // NOLINT(concurrency-mt-unsafe): before any thread
  return ending;
}

/// A connection and a container are a few descriptors each: take all we may have.
void raise_descriptor_limit() {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
  }
}

log::level to_level(config::log_level level) {
  switch (level) {
  case config::log_level::debug:
    return log::level::debug;
  case config::log_level::info:
    return log::level::info;
  case config::log_level::warning:
    return log::level::warning;
  case config::log_level::error:
    return log::level::error;
  }
  return log::level::info;
}

void configure_logs(const config::settings& settings) {
  log::configure(to_level(settings.level), settings.format == config::log_format::json
                                             ? log::format::json
                                             : log::format::text);
}

// -- parts --------------------------------------------------------------------------------------

result<std::unique_ptr<storage::backend>> open_storage(const config::settings& settings) {
  auto where = storage::parse_location(settings.database);
  if (!where)
    return std::move(where).why();
  std::error_code failed;
  std::filesystem::create_directories(settings.data_dir, failed);
  if (failed)
    return failure{errc::invalid_argument,
                   "data-dir: cannot make " + settings.data_dir + ": " + failed.message()};
  return storage::open(*where, settings.data_dir);
}

/// The built-in table, an operator's file on top, and of both what this host has the tools for.
result<std::shared_ptr<const config::language_table>> load_languages(const std::string& file) {
  auto table = config::language_table::built_in();
  if (!file.empty()) {
    std::ifstream in(file);
    if (!in)
      return failure{errc::invalid_argument, "languages.file: cannot read " + file};
    std::ostringstream text;
    text << in.rdbuf();
    if (auto merged = table.merge(text.str()); !merged)
      return failure{errc::invalid_argument, file + ": " + merged.why().detail};
  }
  table.keep_if(sandbox::is_present);
  return std::make_shared<const config::language_table>(std::move(table));
}

/// Null (and loud) when this host cannot isolate: everything but runs works then.
std::shared_ptr<sandbox::launcher> start_launcher(const config::settings& settings) {
  sandbox::launcher_settings wanted;
  wanted.image_root = settings.image_root;
  wanted.slots_max = std::min(sandbox::launcher_settings::slots_limit,
                              settings.parallel_jobs + settings.warm_containers
                                + settings.room_containers + 2); // 2: probe, hand-over
  wanted.use_cgroups = settings.cgroups == config::cgroup_use::automatic;
  auto started = sandbox::launcher::start(wanted);
  if (!started) {
    log::error("programs cannot be run on this host", {{"why", started.why().detail}});
    return nullptr;
  }
  std::shared_ptr<sandbox::launcher> launcher = std::move(*started);
  for (const auto& sentence : launcher->host().missing)
    log::warning("the sandbox is weaker than it should be", {{"missing", sentence}});
  return launcher;
}

void start_language_probe(sandbox::launcher* launcher, const config::language_table& languages,
                          std::shared_ptr<language_catalog> catalog) {
  if (!launcher || languages.all().empty()) {
    catalog->set_ready();
    return;
  }
  auto left = std::make_shared<std::size_t>(languages.all().size());
  sandbox::probe_languages(*launcher, languages.all(),
                           [catalog, left](const std::string& name, const std::string& version) {
                             if (!version.empty())
                               catalog->set(name, version);
                             if (--*left == 0)
                               catalog->set_ready();
                           });
}

caf::actor_system_config
actor_settings(const std::vector<std::pair<std::string, std::string>>& from_operator) {
  caf::actor_system_config made;
  // Work stealing polls; with a shared queue idle workers sleep (measured: a tenth of the CPU).
  made.set("caf.scheduler.policy", "sharing");
  made.set("caf.scheduler.max-threads", std::max(2U, std::thread::hardware_concurrency()));
  // One busy room does not keep a worker for itself.
  made.set("caf.scheduler.max-throughput", 100);
  for (const auto& [name, value] : from_operator)
    if (auto parsed = caf::config_value::parse(value))
      made.set(name, std::move(*parsed));
  return made;
}

/// Gives the memory of connections back to the system: the allocator alone keeps what a crowd
/// needed until the process ends. (The pages lie between others that live, so that it takes a walk
/// over the heap: worth it once for many.)
class memory_return {
public:
  /// From any thread, after each change.
  void on_connections(std::size_t open) noexcept {
    if (open < open_.exchange(open))
      ++closed_;
  }

  /// Every second: walks when many have closed, and none since the last call.
  void run_if_due() {
    const auto closed = closed_.load();
    const bool is_over = closed == std::exchange(closed_before_, closed);
    if (!is_over || closed < closed_min)
      return;
    closed_ -= closed;
    closed_before_ = 0;
    malloc_trim(0);
  }

private:
  static constexpr std::size_t closed_min = 500; // about 2 MB
  std::atomic<std::size_t> open_{0};
  std::atomic<std::size_t> closed_{0}; ///< since the last walk
  std::size_t closed_before_ = 0;
};

/// A budget of so many requests a minute; null when there is no limit.
std::shared_ptr<rate_budget> make_budget(std::uint32_t per_minute, std::uint32_t burst) {
  if (per_minute == 0)
    return nullptr;
  return std::make_shared<rate_budget>(rate_rules{.requests = per_minute, .burst = burst});
}

/// What access tokens are signed with: as configured, else kept beside the database.
result<token_settings> load_tokens(const config::settings& settings) {
  for (const auto& [name, secret] :
       {std::pair{"auth.secret", &settings.auth_secret},
        std::pair{"auth.previous-secret", &settings.auth_previous_secret}})
    if (auto ok = check_token_secret(name, *secret); !ok)
      return ok.why();
  token_settings made;
  made.secret = settings.auth_secret;
  if (made.secret.empty()) {
    auto kept = load_or_make_secret(settings.data_dir + "/token.secret");
    if (!kept)
      return kept.why();
    made.secret = std::move(*kept);
  }
  made.previous_secret = settings.auth_previous_secret;
  made.issuer = settings.auth_issuer;
  made.audience = settings.auth_audience;
  made.life = std::chrono::duration_cast<std::chrono::seconds>(settings.auth_access_life);
  made.leeway = std::chrono::duration_cast<std::chrono::seconds>(settings.auth_leeway);
  return made;
}

actors::account_settings account_rules(const config::settings& settings) {
  actors::account_settings made;
  made.refresh_life = settings.auth_refresh_life;
  const auto wrong = static_cast<double>(settings.auth_wrong_per_address);
  made.rules.address = {wrong, wrong};
  const auto in_an_hour = static_cast<double>(settings.auth_wrong_per_account);
  made.rules.account = {in_an_hour / 60, in_an_hour};
  return made;
}

result<http_settings> front_end_settings(const config::settings& settings,
                                         std::shared_ptr<actors::metrics> counters,
                                         std::shared_ptr<memory_return> memory) {
  http_settings made;
  made.addresses = {{settings.address == "::" ? std::string() : settings.address, settings.port}};
  made.io_threads = settings.threads;
  made.limits.connections_max = settings.connections_max;
  made.limits.connections_per_address_max = settings.connections_per_address;
  made.cors.origins = settings.allowed_origins;
  auto proxies = parse_address_blocks(settings.trusted_proxies);
  if (!proxies)
    return failure{errc::invalid_argument, "trusted-proxies: " + proxies.why().detail};
  made.trusted_proxies = std::move(*proxies);
  made.is_anonymous = settings.auth_anonymous;
  if (settings.tls_certificate.empty() != settings.tls_key.empty())
    return failure{errc::invalid_argument, "tls.certificate and tls.key go together"};
  if (!settings.tls_certificate.empty()) {
    auto tls = tls_context::load(settings.tls_certificate, settings.tls_key);
    if (!tls)
      return std::move(tls).why();
    made.tls = std::move(*tls);
    made.strict_transport = std::chrono::duration_cast<std::chrono::seconds>(settings.tls_hsts);
  }
  made.budgets = {make_budget(settings.requests_per_minute, settings.requests_burst),
                  make_budget(settings.user_requests_per_minute, settings.user_requests_burst),
                  make_budget(settings.room_requests_per_minute, settings.room_requests_burst)};
  made.on_connections = [counters, memory](std::size_t open, std::size_t websockets) {
    memory->on_connections(open);
    counters->set_http_connections(static_cast<std::int64_t>(open - websockets));
    counters->set_websocket_connections(static_cast<std::int64_t>(websockets));
  };
  made.on_request = [counters = std::move(counters)](method verb, std::string_view route,
                                                     unsigned status,
                                                     std::chrono::microseconds took) {
    counters->on_http_request(to_string(verb), route, status, took);
  };
  return made;
}

/// What the dialects were told; lives as long as the servers.
struct dialect_settings {
  algoroom_settings algoroom;
  code_sprint_settings code_sprint;
  kaicode_settings kaicode;
  codecrafter_settings codecrafter;
};

result<dialect_settings> load_dialects(const config::settings& settings) {
  dialect_settings made;
  made.algoroom.cors.origins = settings.algoroom_origins;
  made.algoroom.cors.headers.clear(); // whatever is asked for
  made.algoroom.cors.credentials = true;
  if (!settings.algoroom_pages.empty()) {
    auto pages = static_files::load(settings.algoroom_pages);
    if (!pages)
      return failure{errc::invalid_argument, "dialects.algoroom.pages: " + pages.why().detail};
    made.algoroom.pages = std::move(*pages);
  }
  made.code_sprint.cors.origins = settings.code_sprint_origins;
  made.code_sprint.cors.headers.clear(); // whatever is asked for
  made.code_sprint.cors.credentials = true;
  made.code_sprint.idle = settings.code_sprint_idle;
  if (!settings.code_sprint_pages.empty()) {
    auto pages = static_files::load(settings.code_sprint_pages);
    if (!pages)
      return failure{errc::invalid_argument, "dialects.code-sprint.pages: " + pages.why().detail};
    made.code_sprint.pages = std::move(*pages);
  }
  made.codecrafter.cors.origins = settings.codecrafter_origins;
  made.codecrafter.cors.methods = "GET, POST, PUT, DELETE, OPTIONS";
  made.codecrafter.cors.headers = "Content-Type, Authorization, X-Requested-With, X-Request-Id";
  made.codecrafter.cors.exposed += ", X-Total-Count, X-RateLimit-Limit, X-RateLimit-Remaining, "
                                   "X-RateLimit-Reset";
  made.codecrafter.cors.credentials = true;
  made.codecrafter.url =
    settings.codecrafter_url.empty() ? settings.base_url : settings.codecrafter_url;
  made.codecrafter.requests_max = settings.codecrafter_requests;
  made.codecrafter.executions_max = settings.codecrafter_executions;
  made.kaicode.tokens = {settings.kaicode_secret, settings.kaicode_issuer,
                         settings.kaicode_audience};
  made.kaicode.time_limit = settings.kaicode_time_limit;
  return made;
}

/// What the tests of the Socket.IO protocols talk to; null in every other life.
std::shared_ptr<void> install_test_fixture(router& routes, config::socketio_fixture which) {
  using socketio::fixture_kind;
  if (which == config::socketio_fixture::off)
    return nullptr;
  log::warning("THIS IS A TEST SERVER: --socketio-fixture lets anybody in");
  switch (which) {
  case config::socketio_fixture::engine:
    return socketio::install_fixture(routes, fixture_kind::engine);
  case config::socketio_fixture::socket:
    return socketio::install_fixture(routes, fixture_kind::socket);
  default:
    return socketio::install_fixture(routes, fixture_kind::recovery);
  }
}

router make_routes(const api_context_ptr& context, const config::settings& settings,
                   const dialect_settings& dialects, const std::shared_ptr<code_sprint>& sprint,
                   const codecrafter_ptr& codecrafter, std::shared_ptr<void>& fixture) {
  router routes;
  fixture = install_test_fixture(routes, settings.socketio); // before what it takes the place of
  add_native_api(routes, context);
  add_code_sessions(routes, context,
                    settings.code_sessions == config::code_sessions_form::published
                      ? session_form::published
                      : session_form::document);
  add_algoroom(routes, context, dialects.algoroom);
  add_kaicode(routes, context, dialects.kaicode);
  add_code_sprint(routes, sprint);
  add_codecrafter(routes, codecrafter);
  return routes;
}

/// Every front end of this process: the main one, and those of dialects that have their own.
class front_ends {
public:
  /// Binds and starts one; the first is the main one.
  result<std::uint16_t> start(http_settings settings, router routes) {
    servers_.push_back(std::make_unique<http_server>(std::move(settings), std::move(routes)));
    if (auto up = servers_.back()->start(); !up)
      return std::move(up).why();
    return servers_.back()->port();
  }

  void stop_accepting() {
    for (const auto& server : servers_)
      server->stop_accepting();
  }
  void drain(milliseconds patience) {
    for (const auto& server : servers_)
      server->drain(patience);
  }
  void stop() {
    for (const auto& server : servers_)
      server->stop();
  }

private:
  std::vector<std::unique_ptr<http_server>> servers_;
};

using dialect_urls = std::vector<std::pair<std::string, std::string>>; ///< by name

/// A further front end at `address`, when there is one; its URL goes to `urls`.
result<void> start_dialect(front_ends& servers, std::string_view name, const std::string& address,
                           http_settings like, router routes, dialect_urls& urls) {
  if (address.empty())
    return {};
  const auto wrong = [&](const failure& why) {
    return failure{why.code, "dialects." + std::string(name) + ".listen: " + why.detail};
  };
  auto where = parse_listen_address(address);
  if (!where)
    return wrong(where.why());
  like.addresses = {*where};
  like.on_connections = nullptr; // the main one's are counted
  const std::string scheme = like.tls ? "https://" : "http://";
  const auto port = servers.start(std::move(like), std::move(routes));
  if (!port)
    return wrong(port.why());
  const bool is_any = where->host.empty() || where->host == "0.0.0.0";
  urls.emplace_back(name, scheme + (is_any ? std::string("localhost") : where->host) + ":"
                            + std::to_string(*port));
  return {};
}

result<void> start_dialects(front_ends& servers, const config::settings& settings,
                            const dialect_settings& dialects, const http_settings& like,
                            const api_context_ptr& context,
                            const std::shared_ptr<code_sprint>& sprint,
                            const codecrafter_ptr& codecrafter, dialect_urls& urls) {
  if (auto up = start_dialect(servers, "algoroom", settings.algoroom_listen, like,
                              algoroom_routes(context, dialects.algoroom), urls);
      !up)
    return up;
  if (auto up = start_dialect(servers, "code-sprint", settings.code_sprint_listen, like,
                              code_sprint_routes(sprint), urls);
      !up)
    return up;
  if (auto up = start_dialect(servers, "kaicode", settings.kaicode_listen, like,
                              kaicode_routes(context, dialects.kaicode), urls);
      !up)
    return up;
  return start_dialect(servers, "codecrafter", settings.codecrafter_listen, like,
                       codecrafter_routes(codecrafter), urls);
}

/// Sends plain HTTP to the main address, when that is wanted.
result<void> start_redirect(front_ends& servers, const config::settings& settings,
                            const http_settings& like, std::uint16_t port) {
  if (settings.tls_redirect.empty())
    return {};
  if (!like.tls)
    return {errc::invalid_argument, "tls.redirect-listen: there is no certificate to redirect to"};
  const auto where = parse_listen_address(settings.tls_redirect);
  if (!where)
    return failure{where.why().code, "tls.redirect-listen: " + where.why().detail};
  auto plain = like;
  plain.addresses = {*where};
  plain.tls = nullptr;
  plain.on_connections = nullptr; // the main one's are counted
  const auto up = servers.start(std::move(plain), redirect_routes(settings.base_url, port));
  if (!up)
    return failure{up.why().code, "tls.redirect-listen: " + up.why().detail};
  log::info("listening", {{"redirect_port", *up}});
  return {};
}

/// On SIGHUP: the certificate may have been renewed.
void read_certificate_again(const std::shared_ptr<tls_context>& tls) {
  if (!tls)
    return log::info("nothing to read again: no certificate is configured");
  if (auto loaded = tls->reload(); !loaded)
    log::error("the old certificate stays in use", {{"why", loaded.why().detail}});
  else
    log::info("certificate read again");
}

std::string url_of(const config::settings& settings, std::uint16_t port) {
  if (!settings.base_url.empty())
    return settings.base_url;
  const bool is_any = settings.address == "::" || settings.address == "0.0.0.0";
  return (settings.tls_certificate.empty() ? "http://" : "https://")
         + (is_any ? std::string("localhost") : settings.address) + ":" + std::to_string(port);
}

/// Ends the process at a second signal, or when stopping hangs: whatever is durable is on disk.
void watch_the_end(sigset_t ending, milliseconds patience) {
  sigdelset(&ending, SIGHUP);
  std::thread([ending, patience] {
    const auto whole = std::chrono::duration_cast<std::chrono::seconds>(patience);
    const timespec limit{whole.count(), 0};
    const int signal = sigtimedwait(&ending, nullptr, &limit);
    log::error(signal > 0 ? "stopped at once by a second signal" : "stopping took too long");
    _exit(exit_failed);
  }).detach();
}

// -- from start to stop -------------------------------------------------------------------------

int serve(command_line line, const char* const* environment) {
  const auto began = steady::now();
  auto settings = load_settings(line, environment);
  if (!settings)
    return refuse_to_start(settings.why());
  configure_logs(*settings);
  raise_descriptor_limit();
  const auto ending = take_over_signals();

  auto languages = load_languages(settings->languages_file);
  if (!languages)
    return refuse_to_start(languages.why());
  auto backend = open_storage(*settings);
  if (!backend)
    return refuse_to_start(backend.why());
  auto tokens = load_tokens(*settings);
  if (!tokens)
    return refuse_to_start(tokens.why());
  auto launcher = start_launcher(*settings);

  auto actor_config = actor_settings(line.caf);
  caf::actor_system system(actor_config);
  auto counters = std::make_shared<actors::metrics>(system);
  const auto memory = std::make_shared<memory_return>();
  auto front = front_end_settings(*settings, counters, memory);
  if (!front)
    return refuse_to_start(front.why());
  const auto dialects = load_dialects(*settings);
  if (!dialects)
    return refuse_to_start(dialects.why());

  actors::node_settings wanted;
  wanted.backend = std::move(*backend);
  wanted.launcher = launcher;
  wanted.languages = *languages;
  wanted.counters = counters;
  wanted.parallel_jobs = settings->parallel_jobs;
  wanted.warm_containers = settings->warm_containers;
  wanted.room_containers = settings->room_containers;
  wanted.room_container.memory_bytes = std::uint64_t{settings->room_memory_mb} << 20;
  wanted.room_container.disk_bytes = std::uint64_t{settings->room_disk_mb} << 20;
  wanted.room_container.inodes = 65'536;
  wanted.room_container.shows_system = true;
  wanted.room_container.processes = settings->room_processes;
  wanted.room_idle_after = settings->room_idle_after;
  wanted.keep_history = settings->history_keep;
  wanted.accounts = account_rules(*settings);
  wanted.access_life = tokens->life + tokens->leeway;
  auto node = actors::start_node(system, std::move(wanted));
  if (!node)
    return refuse_to_start(node.why());

  auto catalog = std::make_shared<language_catalog>();
  start_language_probe(launcher.get(), **languages, catalog);

  const auto issuer = std::make_shared<const token_issuer>(std::move(*tokens), node->revoked);
  front->check_token = [issuer](std::string_view token) {
    return issuer->verify(token, system_now());
  };

  int code = exit_stopped;
  {
    auto context = std::make_shared<const api_context>(
      api_context{system,
                  *node,
                  catalog,
                  {.public_url = settings->base_url,
                   // Whoever joins by a new name may be anybody.
                   .yjs_creates_rooms = settings->yjs_create_on_join && settings->auth_anonymous,
                   .auth_requests_per_minute = settings->auth_requests_per_minute},
                  issuer});
    const auto codecrafter = make_codecrafter(context, dialects->codecrafter);
    front_ends servers;
    dialect_urls urls;
    std::shared_ptr<void> fixture;
    const auto sprint = start_code_sprint(context, dialects->code_sprint);
    const auto port = servers.start(
      *front, make_routes(context, *settings, *dialects, sprint, codecrafter, fixture));
    auto up = port ? start_dialects(servers, *settings, *dialects, *front, context, sprint,
                                    codecrafter, urls)
                   : result<void>(port.why());
    if (up)
      up = start_redirect(servers, *settings, *front, *port);
    if (!up) {
      code = refuse_to_start(up.why());
    } else {
      const auto took = std::chrono::duration_cast<milliseconds>(steady::now() - began);
      log::info("listening", {{"url", url_of(*settings, *port)}, {"started_in_ms", took.count()}});
      for (const auto& [name, url] : urls)
        log::info("listening", {{"dialect", name}, {"url", url}});
      const timespec second{1, 0};
      int signal = 0;
      while ((signal = sigtimedwait(&ending, nullptr, &second)) <= 0 || signal == SIGHUP)
        if (signal == SIGHUP)
          read_certificate_again(front->tls);
        else
          memory->run_if_due();
      log::info("stopping", {{"signal", strsignal(signal)}});
      watch_the_end(ending, settings->shutdown_grace + std::chrono::seconds(15));
    }
    servers.stop_accepting();
    servers.drain(milliseconds{2'000});
    actors::stop_node(system, *node, settings->shutdown_grace + std::chrono::seconds(5));
    servers.stop();
  }
  launcher.reset();
  log::info("stopped");
  return code;
}

} // namespace

} // namespace coterie::net

int main(int argc, char** argv, char** environment) {
  coterie::actors::register_messages(); // CAF's config reader needs its types, too
  using coterie::net::command_line;
  auto line = coterie::net::read_command_line(
    {const_cast<const char* const*>(argv) + 1, static_cast<std::size_t>(std::max(argc - 1, 0))});
  if (!line)
    return coterie::net::refuse_to_start(line.why());
  switch (line->what) {
  case command_line::command::help:
    std::cout << coterie::net::help_text();
    return 0;
  case command_line::command::version:
    std::cout << "coterie " COTERIE_VERSION "\n";
    return 0;
  case command_line::command::serve:
    return coterie::net::serve(std::move(*line), environment);
  }
}
