#include "sandbox/program_io.hpp"

#include <fcntl.h>
#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>

namespace coterie::sandbox {

namespace {

// A pipe's default capacity, so one read drains a full pipe.
constexpr std::size_t read_bytes = 64U << 10;

bool make_pipe(unique_fd& read_end, unique_fd& write_end, bool ours_reads) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    return false;
  read_end.reset(ends[0]);
  write_end.reset(ends[1]);
  // Only our end: the program expects ordinary, blocking streams.
  return ::fcntl(ours_reads ? ends[0] : ends[1], F_SETFL, O_NONBLOCK) == 0;
}

} // namespace

program_io::program_io(event_loop& loop, settings how, input_gauge gauge)
    : loop_(loop), how_(std::move(how)), gauge_(gauge), input_(std::move(gauge)) {}

program_io::~program_io() {
  for (auto& each : channels_)
    close(each.ours);
  drop_input();
}

result<void> program_io::open(bool with_input) {
  bool good = true;
  for (auto& each : channels_)
    good = good && make_pipe(each.ours, each.theirs, true);
  if (with_input)
    good = good && make_pipe(input_theirs_, input_ours_, false);
  return good ? result<void>{} : system_failure("pipe2", errno);
}

std::vector<int> program_io::program_ends() const {
  std::vector<int> ends;
  if (input_theirs_)
    ends.push_back(input_theirs_.get());
  for (const auto& each : channels_)
    ends.push_back(each.theirs.get());
  return ends;
}

void program_io::begin() {
  input_theirs_.reset();
  for (const auto which : {stream::out, stream::err}) {
    auto& from = channels_[static_cast<std::size_t>(which)];
    from.theirs.reset();
    loop_.watch(from.ours.get(), EPOLLIN, [this, which] { read_some(which); });
  }
  write_some();
}

void program_io::feed(std::string bytes, bool gauged) {
  if (!input_ours_ || input_ends_) {
    if (gauged)
      gauge_->fetch_sub(bytes.size());
    return;
  }
  input_.add(std::move(bytes), gauged);
  if (!input_theirs_) // begun
    write_some();
}

void program_io::close_input() {
  input_ends_ = true;
  if (!input_theirs_)
    write_some();
}

void program_io::drain() {
  for (const auto which : {stream::out, stream::err})
    while (read_some(which)) {
    }
}

bool program_io::read_some(stream which) {
  auto& from = channels_[static_cast<std::size_t>(which)];
  if (!from.ours)
    return false;
  static thread_local std::array<char, read_bytes> buffer;
  const ssize_t size = ::read(from.ours.get(), buffer.data(), buffer.size());
  if (size < 0 && (errno == EAGAIN || errno == EINTR))
    return false;
  if (size <= 0) {
    close(from.ours);
    return false;
  }
  pass(which, {buffer.data(), static_cast<std::size_t>(size)});
  return true;
}

void program_io::pass(stream which, std::string_view bytes) {
  auto& from = channels_[static_cast<std::size_t>(which)];
  const auto room = how_.output_bytes_max - from.passed;
  const auto taken = bytes.substr(0, std::min<std::uint64_t>(room, bytes.size()));
  from.passed += taken.size();
  if (!taken.empty() && how_.on_output)
    how_.on_output(which, taken);
  if (taken.size() == bytes.size())
    return;
  from.truncated = true;
  if (!how_.truncate && !overflowed_) {
    overflowed_ = true;
    how_.on_overflow();
  }
}

void program_io::write_some() {
  if (!input_ours_)
    return;
  switch (input_.write_to(input_ours_.get())) {
  case input_queue::progress::blocked:
    if (!input_watched_)
      loop_.watch(input_ours_.get(), EPOLLOUT, [this] { write_some(); });
    input_watched_ = true;
    return;
  case input_queue::progress::broken: // the program does not read any more
    return drop_input();
  case input_queue::progress::done:
    break;
  }
  if (input_watched_) {
    loop_.forget(input_ours_.get());
    input_watched_ = false;
  }
  if (input_ends_)
    drop_input();
}

void program_io::drop_input() {
  close(input_ours_);
  input_watched_ = false;
  input_.clear();
}

void program_io::close(unique_fd& end) {
  if (end)
    loop_.forget(end.get());
  end.reset();
}

} // namespace coterie::sandbox
