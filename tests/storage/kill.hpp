#pragma once

// Children that work on a database and die by SIGKILL.

#include "caf/test/bdd_dsl.hpp"

#include <csignal>
#include <cstdint>
#include <functional>
#include <sys/wait.h>
#include <unistd.h>

namespace coterie::storage::testing {

/// Forks a child that does `work`, says that it is done and waits; then kills it with SIGKILL.
inline void kill_after(const std::function<bool()>& work) {
  int ends[2];
  REQUIRE_EQ(::pipe(ends), 0);
  const auto child = ::fork();
  REQUIRE_NE(child, -1);
  if (child == 0) {
    const char done = work() ? 'y' : 'n';
    if (::write(ends[1], &done, 1) != 1)
      ::_exit(1);
    while (true)
      ::pause();
  }
  ::close(ends[1]);
  char done = '?';
  const auto size = ::read(ends[0], &done, 1);
  ::close(ends[0]);
  ::kill(child, SIGKILL);
  int status = 0;
  ::waitpid(child, &status, 0);
  CHECK_EQ(size, 1);
  CHECK_EQ(done, 'y');
  CHECK(WIFSIGNALED(status));
}

/// Forks a child that works without end and reports numbers as it goes; kills it with SIGKILL
/// after thirty reports, in the middle of what follows. Answers the last report.
inline std::uint64_t
kill_while(const std::function<void(const std::function<void(std::uint64_t)>&)>& work) {
  int ends[2];
  REQUIRE_EQ(::pipe(ends), 0);
  const auto child = ::fork();
  REQUIRE_NE(child, -1);
  if (child == 0) {
    work([&](std::uint64_t number) {
      if (::write(ends[1], &number, sizeof number) != sizeof number)
        ::_exit(1);
    });
    ::_exit(2); // it is meant to be killed
  }
  ::close(ends[1]);
  std::uint64_t last = 0;
  std::uint64_t number = 0;
  for (int reports = 0; reports < 30 && ::read(ends[0], &number, sizeof number) == sizeof number;
       ++reports)
    last = number;
  ::kill(child, SIGKILL);
  while (::read(ends[0], &number, sizeof number) == sizeof number)
    last = number; // reported before it died
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  CHECK(WIFSIGNALED(status));
  return last;
}

} // namespace coterie::storage::testing
