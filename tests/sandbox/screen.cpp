#include "tests/sandbox/screen.hpp"

#include "tests/sandbox/lab.hpp"

#include <algorithm>
#include <mutex>

namespace coterie::sandbox {

namespace {

constexpr std::size_t kept_bytes = 256U << 10;

} // namespace

struct screen::record {
  mutable std::mutex mutex;
  screen_view seen;
};

screen::screen(container& box, terminal_command what) : record_(std::make_shared<record>()) {
  terminal_events events;
  events.on_opened = [to = record_](result<void> how) {
    const std::lock_guard guard(to->mutex);
    to->seen.is_misordered |= to->seen.opened || to->seen.bytes > 0 || to->seen.end;
    to->seen.opened = std::move(how);
  };
  events.on_output = [to = record_](std::string_view bytes) {
    const std::lock_guard guard(to->mutex);
    to->seen.is_misordered |= !to->seen.opened || to->seen.end;
    to->seen.text += bytes;
    if (to->seen.text.size() > 2 * kept_bytes)
      to->seen.text.erase(0, to->seen.text.size() - kept_bytes);
    to->seen.bytes += bytes.size();
    to->seen.largest = std::max<std::uint64_t>(to->seen.largest, bytes.size());
    ++to->seen.outputs;
  };
  events.on_exit = [to = record_](const terminal_end& how) {
    const std::lock_guard guard(to->mutex);
    to->seen.is_misordered |= !to->seen.opened;
    to->seen.end = how;
    ++to->seen.ends;
  };
  line_ = box.open_terminal(std::move(what), std::move(events));
}

screen_view screen::view() const {
  const std::lock_guard guard(record_->mutex);
  return record_->seen;
}

bool screen::is_open() const {
  eventually([&] { return view().opened.has_value(); });
  const auto seen = view();
  return seen.opened && *seen.opened;
}

bool screen::shows(std::string_view text) const {
  return eventually([&] { return contains(view().text, text); });
}

bool screen::type(std::string_view text) {
  return line_->write(std::string(text));
}

std::string screen::run(const std::string& command) {
  // The marks are put together by the shell, so that they are not found in the echo.
  const auto number = std::to_string(++runs_);
  const auto begin = "[begin:" + number + "]";
  const auto end = "[end:" + number + "]";
  if (!type("printf '[%s:" + number + "]' begin; " + command + "; printf '[%s:" + number
            + "]' end\n")
      || !shows(end))
    return "(no answer)";
  auto text = view().text;
  text.erase(text.find(end));
  text.erase(0, text.find(begin) + begin.size());
  std::erase(text, '\r');
  return text;
}

terminal_end screen::end() const {
  eventually([&] { return view().end.has_value(); });
  terminal_end none;
  none.how = terminal_end::kind::exited;
  none.exit_code = -1;
  return view().end.value_or(none);
}

} // namespace coterie::sandbox
