#include "sandbox/pty.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>

#include <cerrno>

namespace coterie::sandbox {

namespace {

/// The kernel's usual settings, but that erasing a character erases all of its bytes.
bool expect_utf8(int slave) {
  termios settings;
  if (::tcgetattr(slave, &settings) != 0)
    return false;
  settings.c_iflag |= IUTF8;
  return ::tcsetattr(slave, TCSANOW, &settings) == 0;
}

} // namespace

wire::trouble open_pty(std::uint32_t owner, std::uint32_t rows, std::uint32_t columns, pty& made) {
  constexpr int flags = O_RDWR | O_NOCTTY | O_CLOEXEC;
  made.master.reset(::open("/dev/ptmx", flags | O_NONBLOCK));
  int unlocked = 0;
  if (!made.master || ::ioctl(made.master.get(), TIOCSPTLCK, &unlocked) != 0)
    return {wire::step::open_pty, errno};
  // By the master, not by a path: what programs do to /dev/pts does not matter.
  made.slave.reset(::ioctl(made.master.get(), TIOCGPTPEER, flags));
  winsize size{};
  size.ws_row = static_cast<unsigned short>(rows);
  size.ws_col = static_cast<unsigned short>(columns);
  // The mode is that of the mount: 0620.
  if (!made.slave || !expect_utf8(made.slave.get()) || ::fchown(made.slave.get(), owner, owner) != 0
      || ::ioctl(made.master.get(), TIOCSWINSZ, &size) != 0)
    return {wire::step::open_pty, errno};
  return {};
}

} // namespace coterie::sandbox
