#include "net/ws_handshake.hpp"

#include "base/log.hpp"
#include "net/http_responder.hpp"
#include "net/http_session.hpp"

#include <algorithm>
#include <atomic>

namespace coterie::net {

namespace {

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    auto entry = text.substr(0, text.find(','));
    text.remove_prefix(std::min(entry.size() + 1, text.size()));
    while (!entry.empty() && (entry.front() == ' ' || entry.front() == '\t'))
      entry.remove_prefix(1);
    while (!entry.empty() && (entry.back() == ' ' || entry.back() == '\t'))
      entry.remove_suffix(1);
    if (!entry.empty())
      out.emplace_back(entry);
  }
  return out;
}

class session_handshake final : public ws_handshake {
public:
  session_handshake(std::shared_ptr<io_loop> loop, std::weak_ptr<http_session> session,
                    std::uint64_t serial, error_writer errors, std::string_view offered)
      : loop_(std::move(loop)),
        session_(std::move(session)),
        serial_(serial),
        errors_(errors),
        subprotocols_(split_list(offered)) {}

  ~session_handshake() override {
    if (!is_answered_)
      refuse(failure{errc::internal, "internal error: the request was not answered"}, {});
  }

  const std::vector<std::string>& subprotocols() const noexcept override {
    return subprotocols_;
  }

  void accept(std::string_view subprotocol, std::shared_ptr<ws_events> events,
              ws_settings settings) override {
    if (is_answered_.exchange(true))
      return log::error("WebSocket handshake answered twice");
    // The session is only locked on its own thread, so that it is never destroyed on another.
    auto upgrade = [session = session_, serial = serial_, chosen = std::string(subprotocol),
                    events = std::move(events), settings]() mutable {
      if (const auto found = session.lock())
        found->upgrade(serial, chosen, std::move(events), settings);
      else
        events->on_closed(ws_close::abnormal);
    };
    if (loop_->is_this_thread())
      upgrade();
    else
      loop_->post(std::move(upgrade));
  }

  void refuse(const failure& why, const std::vector<std::string>& details) override {
    refuse(failure_response(errors_, why, details, std::nullopt));
  }

  void refuse(response answer) override {
    if (is_answered_.exchange(true))
      log::error("WebSocket handshake answered twice");
    else
      deliver_to(loop_, session_, serial_, std::move(answer));
  }

private:
  std::shared_ptr<io_loop> loop_;
  std::weak_ptr<http_session> session_;
  std::uint64_t serial_;
  error_writer errors_;
  std::vector<std::string> subprotocols_;
  std::atomic<bool> is_answered_{false};
};

} // namespace

bool ws_handshake::offers(std::string_view subprotocol) const noexcept {
  const auto& all = subprotocols();
  return std::find(all.begin(), all.end(), subprotocol) != all.end();
}

std::shared_ptr<ws_handshake> make_handshake(std::shared_ptr<io_loop> loop,
                                             std::weak_ptr<http_session> session,
                                             std::uint64_t serial, error_writer errors,
                                             std::string_view offered) {
  return std::make_shared<session_handshake>(std::move(loop), std::move(session), serial, errors,
                                             offered);
}

} // namespace coterie::net
