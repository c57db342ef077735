#include "net/http_session.hpp"

#include "base/ids.hpp"
#include "base/log.hpp"
#include "net/answer.hpp"
#include "net/gate.hpp"
#include "net/http_responder.hpp"
#include "net/ws_handshake.hpp"
#include "net/ws_socket.hpp"

#include <algorithm>
#include <array>
#include <exception>

namespace coterie::net {

namespace {

// A body up to this size that nobody wants is read and dropped to keep the connection.
constexpr std::uint64_t skipped_body_bytes_max = 64 << 10;

// Bytes that the body parser may leave unconsumed: chunk sizes with extensions, and trailers.
constexpr std::size_t chunk_header_bytes_max = 16 << 10;

constexpr std::string_view continue_line = "HTTP/1.1 100 Continue\r\n\r\n";

bool is_request_id(std::string_view text) {
  return !text.empty() && text.size() <= 128 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.'
           || c == '_' || c == '-';
  });
}

/// "application/json" of "application/json; charset=utf-8".
std::string_view media_type_of(std::string_view content_type) {
  auto type = content_type.substr(0, content_type.find(';'));
  while (!type.empty() && (type.back() == ' ' || type.back() == '\t'))
    type.remove_suffix(1);
  return type;
}

/// All X-Forwarded-For lines as one: some proxies add a line of their own below the client's.
std::string forwarded_for(const request_head& head) {
  std::string out;
  for (const auto& [name, value] : head.headers)
    if (name == "x-forwarded-for") {
      out += out.empty() ? "" : ",";
      out += value;
    }
  return out;
}

iovec piece_of(std::string_view bytes) {
  return {const_cast<char*>(bytes.data()), bytes.size()}; // only read from
}

} // namespace

http_session::http_session(std::shared_ptr<io_loop> loop,
                           std::shared_ptr<const server_context> context, connection link)
    : loop_(std::move(loop)), context_(std::move(context)), link_(std::move(link)) {}

std::shared_ptr<http_session> http_session::self() {
  return std::static_pointer_cast<http_session>(shared_from_this());
}

void http_session::start() {
  loop_->add(shared_from_this());
  start_request();
  deadline_ = std::chrono::steady_clock::now() + context_->settings.timeouts.header;
  run();
}

void http_session::start_refusing(unsigned status, failure why) {
  loop_->add(shared_from_this());
  start_request();
  started_at_ = std::chrono::steady_clock::now();
  refuse({status, std::move(why), {{"Retry-After", "1"}}});
  run();
}

// ---- the state machine --------------------------------------------------------------------

void http_session::run() {
  if (running_)
    return; // an answer from inside a handler: the loop below goes on with it
  running_ = true;
  const auto alive = shared_from_this();
  while (step()) {
  }
  running_ = false;
}

/// One step; false when it has to wait for the other side.
bool http_session::step() {
  switch (state_) {
  case state::head:
    return read_head();
  case state::body:
    return read_body();
  case state::handling:
    return take_answer();
  case state::writing:
    return write();
  case state::skipping:
    return skip_body();
  case state::lingering:
    return await_bytes();
  case state::closed:
    return false;
  }
  return false;
}

bool http_session::await_bytes() {
  if (waits_to_read_)
    return false;
  waits_to_read_ = true;
  link_.wait_readable([self = self()](const boost::system::error_code&) {
    self->waits_to_read_ = false;
    self->on_readable();
  });
  return false;
}

void http_session::await_room() {
  if (std::exchange(waits_to_write_, true))
    return;
  link_.wait_writable([self = self()](const boost::system::error_code&) {
    self->waits_to_write_ = false;
    self->run();
  });
}

void http_session::on_readable() {
  if (state_ == state::closed)
    return;
  const auto scratch = loop_->scratch();
  const auto got = link_.read_some(scratch);
  if (got.what == connection::status::ended)
    return close();
  if (state_ == state::lingering) {
    if (got.bytes > 0)
      deadline_ = std::min(lingers_until_, std::chrono::steady_clock::now()
                                             + context_->settings.timeouts.linger_silence);
  } else {
    inbox_.append(scratch.data(), got.bytes);
  }
  run();
}

bool http_session::read_head() {
  std::size_t empty_lines = 0; // before a request: RFC 9112, 2.2
  while (inbox_.size() - empty_lines >= 2 && inbox_.compare(empty_lines, 2, "\r\n") == 0)
    empty_lines += 2;
  inbox_.erase(0, empty_lines);
  if (inbox_.empty()) {
    inbox_ = std::string{}; // an idle connection owns no buffer
    return await_bytes();
  }
  const auto& settings = context_->settings;
  if (!has_begun_) {
    has_begun_ = true;
    started_at_ = std::chrono::steady_clock::now();
    deadline_ = started_at_ + settings.timeouts.header;
  }
  if (inbox_ == "\r")
    return await_bytes();
  std::size_t end = 0;
  auto complaint = request_parser::find_head_end(inbox_, settings.limits, scanned_, end);
  if (!complaint && end == 0)
    return await_bytes();
  if (!complaint) {
    parser_ = std::make_unique<request_parser>();
    complaint = parser_->parse_head(std::string_view(inbox_).substr(0, end), settings.limits);
  }
  if (complaint) {
    parser_.reset(); // nobody knows where the next request starts
    refuse(std::move(*complaint));
    return true;
  }
  inbox_.erase(0, end);
  on_head();
  return true;
}

void http_session::on_head() {
  auto& head = parser_->head();
  keep_alive_ = head.keep_alive;
  client_closes_ = !head.keep_alive;
  verb_ = head.verb.value_or(method::get);
  origin_ = head.header("origin");
  if (const auto given = head.header("x-request-id"); is_request_id(given))
    request_id_ = given;
  auto where = parse_target(head.target);
  if (!where)
    return refuse({400, std::move(where).why(), {}});
  target_ = std::move(*where);
  match_ = context_->routes.find(head.verb, *target_, head.wants_websocket);
  if (match_.found == nullptr)
    return answer_unrouted(head);
  remote_address_ =
    client_address(link_.peer(), forwarded_for(head), context_->settings.trusted_proxies);
  if (auto complaint = pass_gate(head))
    return refuse(std::move(*complaint));
  if (auto complaint = check_body_rules(head))
    return refuse(std::move(*complaint));
  if (!match_.found->is_websocket())
    return start_body();
  if (auto complaint = check_upgrade(head))
    return refuse(std::move(*complaint));
  dispatch_upgrade();
}

void http_session::answer_unrouted(const request_head& head) {
  const bool is_everywhere = target_->path == "*";
  if (head.verb == method::options && (!match_.allow.empty() || is_everywhere)) {
    response answer;
    answer.status = 204;
    answer.headers.emplace_back(
      "Allow", is_everywhere ? "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS" : match_.allow);
    const auto& policy = match_.cors != nullptr ? *match_.cors : context_->settings.cors;
    for (auto& line :
         preflight_headers(policy, origin_, head.header("access-control-request-headers")))
      answer.headers.push_back(std::move(line));
    return start_writing(std::move(answer));
  }
  if (match_.only_websocket && verb_ == method::get)
    return refuse({426,
                   {errc::unsupported, "this path speaks WebSocket only"},
                   {{"Upgrade", "websocket"}, {"Sec-WebSocket-Version", "13"}}});
  if (!match_.allow.empty())
    return refuse({405,
                   {errc::unsupported, "this path does not support that method"},
                   {{"Allow", match_.allow}}});
  refuse({404, {errc::not_found, "there is nothing at this path"}, {}});
}

/// Whether this client may ask here now; who it is goes to `request_`.
std::optional<refusal> http_session::pass_gate(const request_head& head) {
  auto verdict = admit({.route = match_.found->rules,
                        .settings = context_->settings,
                        .address = remote_address_,
                        .authorization = head.header("authorization"),
                        .query = target_->query,
                        .path_values = match_.path_values});
  limit_headers_ = std::move(verdict.headers);
  request_.user = std::move(verdict.user);
  request_.needs_grant = verdict.needs_grant;
  return std::move(verdict.refused);
}

/// What the header already says against the body.
std::optional<refusal> http_session::check_body_rules(const request_head& head) const {
  const auto& rules = match_.found->rules;
  if (const auto expected = head.header("expect");
      !expected.empty() && !equals_ignoring_case(expected, "100-continue"))
    return refusal{417, {errc::unsupported, "the only expectation served is 100-continue"}, {}};
  if (!head.has_body())
    return std::nullopt;
  if (head.content_length.value_or(0) > rules.body_bytes_max)
    return refusal{413,
                   {errc::too_large,
                    "the body is larger than " + std::to_string(rules.body_bytes_max) + " bytes"},
                   {}};
  if (const auto coding = head.header("content-encoding");
      !coding.empty() && !equals_ignoring_case(coding, "identity"))
    return refusal{415, {errc::unsupported, "the body must not be encoded"}, {}};
  const auto type = media_type_of(head.header("content-type"));
  const auto& known = rules.media_types;
  const bool is_known =
    known.empty() || std::any_of(known.begin(), known.end(), [type](const std::string& each) {
      return equals_ignoring_case(each, type);
    });
  if (!is_known)
    return refusal{415, {errc::unsupported, "the body must be " + known.front()}, {}};
  return std::nullopt;
}

void http_session::start_body() {
  auto& head = parser_->head();
  if (!head.has_body())
    return dispatch();
  parser_->set_body_limit(match_.found->rules.body_bytes_max);
  state_ = state::body;
  started_at_ = std::chrono::steady_clock::now();
  deadline_ = started_at_ + context_->settings.timeouts.body;
  if (inbox_.empty() && head.is_http_1_1 && !head.header("expect").empty()) {
    // The socket's send buffer is empty here but for earlier answers, which the client has read
    // in order to get to this request; a kernel that takes no 25 bytes means a broken peer.
    const auto piece = piece_of(continue_line);
    if (link_.write_some({&piece, 1}).bytes != continue_line.size())
      close();
  }
}

bool http_session::read_body() {
  std::size_t consumed = 0;
  const auto progress = parser_->feed(inbox_, consumed);
  inbox_.erase(0, consumed);
  body_bytes_ += consumed;
  const auto& settings = context_->settings;
  switch (progress) {
  case request_parser::progress::complete:
    dispatch();
    return true;
  case request_parser::progress::too_large:
    refuse({413,
            {errc::too_large, "the body is larger than "
                                + std::to_string(match_.found->rules.body_bytes_max) + " bytes"},
            {}});
    return true;
  case request_parser::progress::malformed:
    refuse({400, {errc::invalid_argument, "malformed request: bad chunked body"}, {}});
    return true;
  case request_parser::progress::need_more:
    break;
  }
  if (inbox_.size() > chunk_header_bytes_max) {
    refuse({400, {errc::invalid_argument, "malformed request: chunk header too long"}, {}});
    return true;
  }
  deadline_ = started_at_ + settings.timeouts.body
              + std::chrono::seconds(body_bytes_ / settings.limits.body_bytes_per_second_min);
  return await_bytes();
}

/// RFC 6455, 4.2.1; and browsers let any page open a WebSocket, so its origin is looked at here.
std::optional<refusal> http_session::check_upgrade(const request_head& head) const {
  if (head.header("sec-websocket-version") != "13")
    return refusal{426,
                   {errc::unsupported, "only WebSocket version 13 is served"},
                   {{"Upgrade", "websocket"}, {"Sec-WebSocket-Version", "13"}}};
  if (!is_handshake_key(head.header("sec-websocket-key")))
    return refusal{400, {errc::invalid_argument, "Sec-WebSocket-Key is missing or malformed"}, {}};
  if (head.has_body())
    return refusal{400, {errc::invalid_argument, "an upgrade request has no body"}, {}};
  const auto& policy = match_.cors != nullptr ? *match_.cors : context_->settings.cors;
  if (!is_websocket_origin_allowed(policy, origin_, head.host))
    return refusal{403, {errc::forbidden, "this origin may not open WebSockets here"}, {}};
  return std::nullopt;
}

/// Fills the request that a handler gets.
void http_session::take_request() {
  auto& head = parser_->head();
  request_.verb = verb_;
  request_.path = std::move(target_->path);
  request_.query = std::move(target_->query);
  request_.remote_address = std::move(remote_address_);
  request_.headers = std::move(head.headers);
  request_.body = parser_->take_body();
  request_.id = request_id_;
  request_.path_values = std::move(match_.path_values);
  state_ = state::handling;
  deadline_ = std::chrono::steady_clock::now() + context_->settings.timeouts.handler;
}

void http_session::dispatch() {
  take_request();
  const auto to = make_responder(loop_, self(), serial_, match_.errors);
  try {
    std::get<handler>(match_.found->serve)(std::exchange(request_, {}), to);
  } catch (const std::exception& error) {
    log::error(
      "handler threw",
      {{"route", match_.found->label()}, {"what", error.what()}, {"request_id", request_id_}});
    to->fail({errc::internal, "internal error"});
  }
}

void http_session::dispatch_upgrade() {
  const auto& head = parser_->head();
  websocket_key_ = head.header("sec-websocket-key");
  auto shake =
    make_handshake(loop_, self(), serial_, match_.errors, head.header("sec-websocket-protocol"));
  take_request();
  try {
    std::get<ws_handler>(match_.found->serve)(std::exchange(request_, {}), shake);
  } catch (const std::exception& error) {
    log::error(
      "handler threw",
      {{"route", match_.found->label()}, {"what", error.what()}, {"request_id", request_id_}});
    shake->refuse({errc::internal, "internal error"});
  }
}

void http_session::upgrade(std::uint64_t serial, std::string_view subprotocol,
                           std::shared_ptr<ws_events> events, const ws_settings& settings) {
  if (state_ != state::handling || serial != serial_ || answer_)
    return events->on_closed(ws_close::abnormal);
  std::string answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                       "Connection: Upgrade\r\nSec-WebSocket-Accept: ";
  answer += accept_key(websocket_key_);
  if (!subprotocol.empty()) {
    answer += "\r\nSec-WebSocket-Protocol: ";
    answer += subprotocol;
  }
  answer += "\r\nX-Request-Id: " + request_id_ + "\r\n\r\n";
  out_status_ = 101;
  report();
  state_ = state::closed;
  loop_->remove(*this);
  auto socket = std::make_shared<ws_socket>(loop_, std::move(link_), std::move(events), settings);
  socket->start(std::move(answer), std::move(inbox_));
  if (context_->is_draining)
    socket->begin_drain();
}

void http_session::deliver(std::uint64_t serial, response answer) {
  if (state_ != state::handling || serial != serial_ || answer_)
    return;
  answer_ = std::move(answer);
  run();
}

bool http_session::take_answer() {
  if (!answer_)
    return false;
  start_writing(*std::exchange(answer_, std::nullopt));
  return true;
}

// ---- answers ------------------------------------------------------------------------------

void http_session::refuse(refusal why) {
  auto answer = match_.errors(why.status, why.why, {});
  for (auto& line : why.headers)
    answer.headers.push_back(std::move(line));
  start_writing(std::move(answer));
}

header_list http_session::further_headers() const {
  const auto& policy = match_.cors != nullptr ? *match_.cors : context_->settings.cors;
  auto headers = cors_headers(policy, origin_);
  headers.insert(headers.end(), limit_headers_.begin(), limit_headers_.end());
  const auto& settings = context_->settings;
  if (settings.tls && settings.strict_transport.count() > 0)
    headers.emplace_back("Strict-Transport-Security",
                         "max-age=" + std::to_string(settings.strict_transport.count()));
  return headers;
}

void http_session::start_writing(response answer) {
  const bool is_read = parser_ && (parser_->is_complete() || !parser_->head().has_body());
  if (!is_read) {
    const auto& head = parser_ ? parser_->head() : request_head{};
    const bool is_short = parser_ && !head.is_chunked && head.header("expect").empty()
                          && head.content_length.value_or(0) <= skipped_body_bytes_max;
    keep_alive_ = keep_alive_ && is_short && state_ != state::body;
  }
  if (context_->is_draining)
    keep_alive_ = false;
  out_status_ = answer.status;
  out_head_ = response_head(answer, request_id_, keep_alive_, further_headers());
  if (verb_ != method::head && !is_bodiless(answer.status))
    out_body_ = std::move(answer.body);
  out_done_ = 0;
  state_ = state::writing;
  deadline_ = std::chrono::steady_clock::now() + context_->settings.timeouts.write;
}

bool http_session::write() {
  while (out_done_ < out_head_.size() + out_body_.size()) {
    std::array<iovec, 2> pieces;
    std::size_t count = 0;
    if (out_done_ < out_head_.size())
      pieces[count++] = piece_of(std::string_view(out_head_).substr(out_done_));
    const auto body_done = out_done_ - std::min(out_done_, out_head_.size());
    if (body_done < out_body_.size())
      pieces[count++] = piece_of(std::string_view(out_body_).substr(body_done));
    const auto sent = link_.write_some({pieces.data(), count});
    if (sent.what == connection::status::ended) {
      close();
      return false;
    }
    if (sent.what == connection::status::would_block) {
      await_room();
      return false;
    }
    out_done_ += sent.bytes;
    deadline_ = std::chrono::steady_clock::now() + context_->settings.timeouts.write;
  }
  finish_request();
  return true;
}

void http_session::finish_request() {
  report();
  out_head_ = std::string{};
  out_body_ = std::string{};
  if (!keep_alive_) {
    const bool all_read = parser_ && (parser_->is_complete() || !parser_->head().has_body());
    if (client_closes_ && all_read)
      return close();
    return start_lingering();
  }
  if (parser_ && !parser_->is_complete() && parser_->head().has_body()) {
    parser_->set_body_limit(skipped_body_bytes_max);
    state_ = state::skipping;
    deadline_ = std::chrono::steady_clock::now() + context_->settings.timeouts.body;
    return;
  }
  start_request();
}

bool http_session::skip_body() {
  std::size_t consumed = 0;
  const auto progress = parser_->feed(inbox_, consumed);
  parser_->drop_body();
  inbox_.erase(0, consumed);
  if (progress == request_parser::progress::need_more)
    return await_bytes();
  if (progress != request_parser::progress::complete) {
    close();
    return false;
  }
  start_request();
  return true;
}

void http_session::start_request() {
  ++serial_;
  has_begun_ = keep_alive_ = client_closes_ = false;
  scanned_ = 0;
  body_bytes_ = 0;
  parser_.reset();
  target_.reset();
  match_ = {};
  verb_ = method::get;
  request_ = {};
  remote_address_.clear();
  limit_headers_.clear();
  origin_.clear();
  request_id_ = format_uuid(random_uuid());
  answer_.reset();
  state_ = state::head;
  deadline_ = std::chrono::steady_clock::now() + context_->settings.timeouts.idle;
}

/// The client may still be sending: closing now would reset the connection, and with it the
/// answer that the client has not read yet (RFC 9112, 9.6).
void http_session::start_lingering() {
  link_.shutdown_send();
  state_ = state::lingering;
  const auto now = std::chrono::steady_clock::now();
  lingers_until_ = now + context_->settings.timeouts.linger;
  deadline_ = std::min(lingers_until_, now + context_->settings.timeouts.linger_silence);
  inbox_ = std::string{};
  parser_.reset();
  body_bytes_ = 0;
}

void http_session::report() const {
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(
    std::chrono::steady_clock::now() - started_at_);
  const auto label = match_.found != nullptr ? match_.found->label() : "unmatched";
  const auto& settings = context_->settings;
  if (settings.on_request)
    settings.on_request(verb_, label, out_status_, took);
  if (settings.access_log)
    log::info("request", {{"method", to_string(verb_)},
                          {"route", label},
                          {"status", out_status_},
                          {"duration_us", took.count()},
                          {"bytes", out_body_.size()},
                          {"request_id", request_id_}});
}

// ---- time and the end ---------------------------------------------------------------------

void http_session::on_tick(steady_time now) {
  if (now < deadline_ || state_ == state::closed)
    return;
  switch (state_) {
  case state::head:
    if (!has_begun_)
      return close();
    refuse({408, {errc::timeout, "the request header did not arrive in time"}, {}});
    break;
  case state::body:
    refuse({408, {errc::timeout, "the request body did not arrive in time"}, {}});
    break;
  case state::handling:
    log::warning("handler gave no answer in time", {{"request_id", request_id_}});
    answer_ = match_.errors(503, {errc::timeout, "the server was too slow; try again"}, {});
    break;
  default:
    return close();
  }
  run();
}

void http_session::begin_drain() {
  if (state_ == state::head && !has_begun_)
    close();
}

void http_session::abort() {
  close();
}

void http_session::close() {
  if (state_ == state::closed)
    return;
  state_ = state::closed;
  link_.close();
  loop_->remove(*this);
}

} // namespace coterie::net
