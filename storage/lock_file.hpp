#pragma once

#include "base/result.hpp"

#include <string>

namespace coterie::storage {

/// An exclusive lock by flock(2) on a file of its own, which holds our process id for operators.
/// The kernel drops it when the process ends, however it ends. The file stays: removing it would
/// let two processes lock two files of one name.
class lock_file {
public:
  /// Takes the lock without waiting. errc::already_running when another process, or another
  /// object of ours, has it; the detail says which file and, where known, which process.
  static result<lock_file> take(const std::string& path);

  lock_file(lock_file&& other) noexcept;
  lock_file& operator=(lock_file&&) = delete;
  ~lock_file();

private:
  explicit lock_file(int fd) : fd_(fd) {}
  int fd_; ///< closed at exec: programs that we start do not keep the lock
};

} // namespace coterie::storage
