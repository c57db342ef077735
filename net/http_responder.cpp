#include "net/http_responder.hpp"

#include "base/log.hpp"
#include "net/http_session.hpp"

#include <atomic>

namespace coterie::net {

namespace {

class session_responder final : public responder {
public:
  session_responder(std::shared_ptr<io_loop> loop, std::weak_ptr<http_session> session,
                    std::uint64_t serial, error_writer errors)
      : loop_(std::move(loop)), session_(std::move(session)), serial_(serial), errors_(errors) {}

  ~session_responder() override {
    if (!is_answered_)
      fail({errc::internal, "internal error: the request was not answered"}, {}, std::nullopt);
  }

  void send(response answer) override {
    if (is_answered_.exchange(true))
      log::error("request answered twice", {{"status", answer.status}});
    else
      deliver_to(loop_, session_, serial_, std::move(answer));
  }

  void fail(const failure& why, const std::vector<std::string>& details,
            std::optional<std::chrono::milliseconds> retry_after) override {
    send(failure_response(errors_, why, details, retry_after));
  }

private:
  std::shared_ptr<io_loop> loop_;
  std::weak_ptr<http_session> session_;
  std::uint64_t serial_;
  error_writer errors_;
  std::atomic<bool> is_answered_{false};
};

} // namespace

responder_ptr make_responder(std::shared_ptr<io_loop> loop, std::weak_ptr<http_session> session,
                             std::uint64_t serial, error_writer errors) {
  return std::make_shared<session_responder>(std::move(loop), std::move(session), serial, errors);
}

response failure_response(error_writer errors, const failure& why,
                          const std::vector<std::string>& details,
                          std::optional<std::chrono::milliseconds> retry_after) {
  auto answer = errors(status_of(why.code), why, details);
  if (retry_after) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(*retry_after).count();
    answer.headers.emplace_back("Retry-After", std::to_string(std::max<std::int64_t>(seconds, 0)));
  }
  return answer;
}

void deliver_to(const std::shared_ptr<io_loop>& loop, std::weak_ptr<http_session> session,
                std::uint64_t serial, response answer) {
  // The session is only locked on its own thread, so that it is never destroyed on another.
  auto deliver = [session = std::move(session), serial, answer = std::move(answer)]() mutable {
    if (const auto found = session.lock())
      found->deliver(serial, std::move(answer));
  };
  if (loop->is_this_thread())
    deliver();
  else
    loop->post(std::move(deliver));
}

} // namespace coterie::net
