#include "net/ask.hpp"

namespace coterie::net::detail {

bool is_untouched(const caf::error& why) {
  return why == errc::unavailable || why == caf::sec::request_receiver_down;
}

} // namespace coterie::net::detail
