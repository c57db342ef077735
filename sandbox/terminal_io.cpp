#include "sandbox/terminal_io.hpp"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>

#include <array>
#include <cerrno>

namespace coterie::sandbox {

namespace {

// What one wake-up may take; the kernel holds about as much for a terminal.
constexpr std::size_t read_bytes = 64U << 10;
// Reads at the end: more than the kernel holds, and not for ever, as somebody may still write.
constexpr int drain_reads_max = 4;

} // namespace

terminal_io::terminal_io(event_loop& loop, settings how, input_gauge gauge)
    : loop_(loop), how_(std::move(how)), input_(std::move(gauge)) {}

terminal_io::~terminal_io() {
  retire();
}

bool terminal_io::begin(unique_fd master) {
  unsigned number;
  // Pid 1 made it so; but it sits beside untrusted code, and this thread must not block.
  if (::ioctl(master.get(), TIOCGPTN, &number) != 0
      || ::fcntl(master.get(), F_SETFL, O_NONBLOCK) != 0)
    return false;
  master_ = std::move(master);
  return true;
}

void terminal_io::feed(std::string bytes) {
  input_.add(std::move(bytes), true);
  if (!master_)
    return;
  if (input_.write_to(master_.get()) == input_queue::progress::broken)
    input_.clear();
  update();
}

void terminal_io::set_size(terminal_size size) {
  winsize wanted{};
  wanted.ws_row = size.rows;
  wanted.ws_col = size.columns;
  if (master_)
    ::ioctl(master_.get(), TIOCSWINSZ, &wanted);
}

void terminal_io::update() {
  if (master_)
    watch((how_.paused ? 0U : EPOLLIN) | (input_.is_empty() ? 0U : EPOLLOUT));
}

void terminal_io::watch(std::uint32_t events) {
  if (events == watched_)
    return;
  // Not merely without events: the kernel would go on to report that the other end is closed.
  if (watched_ != 0)
    loop_.forget(master_.get());
  watched_ = events;
  if (watched_ != 0)
    loop_.watch(master_.get(), watched_, [this] { on_ready(); });
}

void terminal_io::on_ready() {
  if (!how_.paused)
    read_some();
  if (master_ && input_.write_to(master_.get()) == input_queue::progress::broken)
    input_.clear();
  update();
}

bool terminal_io::read_some() {
  static thread_local std::array<char, read_bytes> buffer;
  std::size_t filled = 0;
  bool ended = false;
  // The kernel gives 4 KiB at a time: several at once are worth less calls further on.
  while (filled < buffer.size() && !ended) {
    const ssize_t size = ::read(master_.get(), buffer.data() + filled, buffer.size() - filled);
    if (size < 0 && errno == EINTR)
      continue;
    if (size < 0 && errno == EAGAIN)
      break;
    if (size > 0)
      filled += static_cast<std::size_t>(size);
    else
      ended = true; // EIO: the other end is closed
  }
  if (filled > 0)
    how_.on_output({buffer.data(), filled});
  if (ended)
    how_.on_end();
  return filled > 0;
}

void terminal_io::drain() {
  for (int i = 0; i < drain_reads_max && master_ && !how_.paused; ++i)
    if (!read_some())
      return;
}

void terminal_io::retire() {
  if (master_)
    watch(0);
  input_.clear();
}

void terminal_io::close() {
  retire();
  master_.reset();
}

} // namespace coterie::sandbox
