#include "sandbox/wire.hpp"

#include <sys/socket.h>

#include <cerrno>

namespace coterie::sandbox::wire {

std::string_view to_string(step at) noexcept {
  static constexpr std::array<std::string_view, 31> names{
    "nothing",
    "the protocol between server and sandbox",
    "making a user namespace",
    "making a mount namespace",
    "making mounts private",
    "making the root file system",
    "binding a system directory",
    "filling /etc",
    "filling /dev",
    "changing the root file system",
    "installing the system call filter",
    "joining the control group",
    "making the namespaces",
    "setting the host name",
    "mounting /proc",
    "mounting the work directory",
    "mounting /tmp",
    "mounting /dev/shm",
    "mounting /dev/pts",
    "starting the loopback interface",
    "dropping capabilities",
    "setting no_new_privs",
    "opening the work directory",
    "placing standard input and output",
    "making a session",
    "setting resource limits",
    "changing the user",
    "forking",
    "executing the program",
    "opening a pseudo-terminal",
    "making the terminal that of its session",
  };
  const auto index = static_cast<std::size_t>(at);
  return index < names.size() ? names[index] : "an unknown step";
}

std::optional<kind> kind_of(std::span<const std::byte> bytes) noexcept {
  std::uint32_t value;
  if (bytes.size() < sizeof value)
    return std::nullopt;
  std::memcpy(&value, bytes.data(), sizeof value);
  return static_cast<kind>(value);
}

namespace {

union control_buffer {
  cmsghdr align;
  char bytes[CMSG_SPACE(sizeof(int) * fds_max)];
};

} // namespace

int send_bytes(int socket, std::span<const std::byte> bytes, std::span<const int> fds) noexcept {
  if (fds.size() > fds_max || bytes.size() > packet_bytes_max)
    return EMSGSIZE;
  iovec piece{const_cast<std::byte*>(bytes.data()), bytes.size()};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  control_buffer control{};
  if (!fds.empty()) {
    message.msg_control = control.bytes;
    message.msg_controllen = CMSG_SPACE(fds.size_bytes());
    cmsghdr* head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(fds.size_bytes());
    std::memcpy(CMSG_DATA(head), fds.data(), fds.size_bytes());
  }
  for (;;) {
    if (::sendmsg(socket, &message, MSG_NOSIGNAL) >= 0)
      return 0;
    if (errno != EINTR)
      return errno;
  }
}

receive_status receive(int socket, std::span<std::byte> buffer, packet& into) noexcept {
  into.fd_count = 0;
  iovec piece{buffer.data(), buffer.size()};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  control_buffer control{};
  message.msg_control = control.bytes;
  message.msg_controllen = sizeof control.bytes;
  const ssize_t size = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  if (size < 0) {
    into.left_unread = errno == ECONNRESET;
    return errno == EAGAIN || errno == EINTR ? receive_status::nothing : receive_status::closed;
  }
  for (cmsghdr* head = CMSG_FIRSTHDR(&message); head; head = CMSG_NXTHDR(&message, head)) {
    if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS)
      continue;
    const std::size_t count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd;
      std::memcpy(&fd, CMSG_DATA(head) + i * sizeof(int), sizeof fd);
      if (into.fd_count < fds_max)
        into.fds[into.fd_count++].reset(fd);
      else
        ::close(fd);
    }
  }
  if (size == 0 || (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)))
    return receive_status::closed;
  into.bytes = buffer.first(static_cast<std::size_t>(size));
  return receive_status::frame;
}

std::optional<string_counts> count_strings(std::span<const std::string> arguments,
                                           std::span<const std::string> environment) {
  const std::size_t count = arguments.size() + environment.size();
  if (arguments.empty() || count > strings_max)
    return std::nullopt;
  std::size_t bytes = 0;
  for (const auto list : {arguments, environment})
    for (const auto& text : list) {
      if (text.size() > strings_bytes_max || text.find('\0') != std::string::npos)
        return std::nullopt;
      bytes += text.size() + 1;
    }
  if (bytes > strings_bytes_max)
    return std::nullopt;
  return string_counts{.arguments = static_cast<std::uint32_t>(arguments.size()),
                       .strings = static_cast<std::uint32_t>(count),
                       .bytes = static_cast<std::uint32_t>(bytes)};
}

void write_strings(std::span<const std::string> arguments, std::span<const std::string> environment,
                   std::byte* to) {
  for (const auto list : {arguments, environment})
    for (const auto& text : list) {
      std::memcpy(to, text.c_str(), text.size() + 1);
      to += text.size() + 1;
    }
}

bool point_at_strings(std::span<std::byte> text, const string_counts& counts,
                      command_strings& strings) noexcept {
  if (counts.arguments == 0 || counts.arguments > counts.strings || counts.strings > strings_max
      || counts.bytes != text.size() || text.empty() || text.back() != std::byte{0})
    return false;
  char* at = reinterpret_cast<char*>(text.data());
  const char* const end = at + text.size();
  std::size_t next = 0;
  for (std::uint32_t i = 0; i < counts.strings; ++i) {
    if (at == end)
      return false;
    if (i == counts.arguments)
      strings.pointers[next++] = nullptr;
    strings.pointers[next++] = at;
    at += std::strlen(at) + 1; // the last byte is NUL: checked above
  }
  if (at != end)
    return false;
  if (counts.arguments == counts.strings)
    strings.pointers[next++] = nullptr;
  strings.pointers[next] = nullptr;
  strings.argv = strings.pointers.data();
  strings.environment = strings.pointers.data() + counts.arguments + 1;
  return true;
}

} // namespace coterie::sandbox::wire
