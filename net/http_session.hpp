#pragma once

// One HTTP/1.1 connection: reads a request, lets its route answer, writes the answer, and so on.
//
//   head -> body -> handling -> writing -> head ...             keep-alive and pipelining
//                                       -> skipping -> head     answered before a short body
//                                       -> lingering -> closed  answered before a long one
//
// One request at a time: what a client pipelines waits in `inbox_` (or in the kernel, as we do
// not read while a handler works), so answers keep the order of requests and memory is bounded.
// All of it runs on the loop's thread; responders post to it.

#include "net/connection.hpp"
#include "net/io_loop.hpp"
#include "net/request_parser.hpp"
#include "net/server_context.hpp"
#include "net/ws_session.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace coterie::net {

class http_session final : public loop_member {
public:
  http_session(std::shared_ptr<io_loop> loop, std::shared_ptr<const server_context> context,
               connection link);

  /// Reads the first request.
  void start();
  /// Answers with `why` whatever the client asks, then closes.
  void start_refusing(unsigned status, failure why);

  void on_tick(steady_time now) override;
  void begin_drain() override;
  void abort() override;

  /// The answer to request number `serial`. Ignored when that was answered or timed out.
  void deliver(std::uint64_t serial, response answer);

  /// Switches request number `serial` to the WebSocket protocol; `events` learns of the end when
  /// the client has gone meanwhile.
  void upgrade(std::uint64_t serial, std::string_view subprotocol,
               std::shared_ptr<ws_events> events, const ws_settings& settings);

private:
  enum class state : std::uint8_t { head, body, handling, writing, skipping, lingering, closed };

  void run();
  bool step();
  bool read_head();
  bool read_body();
  bool take_answer();
  bool write();
  bool skip_body();
  bool await_bytes();
  void await_room();
  void on_readable();

  void on_head();
  void start_body();
  void answer_unrouted(const request_head& head);
  std::optional<refusal> pass_gate(const request_head& head);
  std::optional<refusal> check_body_rules(const request_head& head) const;
  std::optional<refusal> check_upgrade(const request_head& head) const;
  void take_request();
  void dispatch();
  void dispatch_upgrade();
  void refuse(refusal why);
  void start_writing(response answer);
  header_list further_headers() const;
  void finish_request();
  void start_request();
  void start_lingering();
  void report() const;
  void close();
  std::shared_ptr<http_session> self();

  std::shared_ptr<io_loop> loop_;
  std::shared_ptr<const server_context> context_;
  connection link_;
  steady_time deadline_;
  steady_time lingers_until_; ///< once lingering: whatever still comes
  state state_ = state::head;
  bool running_ = false;
  bool waits_to_read_ = false;
  bool waits_to_write_ = false;

  // Of the request under way.
  std::uint64_t serial_ = 0; ///< grows with each, so that a late answer finds no request
  bool has_begun_ = false;
  bool keep_alive_ = false;
  bool client_closes_ = false;
  std::size_t scanned_ = 0;
  std::uint64_t body_bytes_ = 0; ///< received of the body
  steady_time started_at_;
  std::unique_ptr<request_parser> parser_;
  std::optional<target> target_;
  router::match match_;
  method verb_ = method::get;
  request request_;
  std::string remote_address_;
  header_list limit_headers_;
  std::string origin_;
  std::string request_id_;
  std::string websocket_key_;
  std::optional<response> answer_;

  std::string inbox_; ///< received and not consumed; at most one header and one scratch buffer
  std::string out_head_;
  std::string out_body_;
  std::size_t out_done_ = 0; ///< bytes of both that the kernel took
  unsigned out_status_ = 0;
};

} // namespace coterie::net
