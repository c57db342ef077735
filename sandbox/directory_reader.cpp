#include "sandbox/directory_reader.hpp"

namespace coterie::sandbox {

directory_reader::directory_reader(unique_fd directory) {
  if (!directory)
    return;
  directory_.reset(::fdopendir(directory.get()));
  if (directory_)
    directory.release();
}

std::optional<directory_reader::entry> directory_reader::next() {
  while (directory_) {
    const dirent* found = ::readdir(directory_.get()); // NOLINT(concurrency-mt-unsafe): ours alone
    if (!found)
      break;
    const std::string_view name = found->d_name;
    if (name != "." && name != "..")
      return entry{name, found->d_ino, found->d_type};
  }
  return std::nullopt;
}

int directory_reader::descriptor() const noexcept {
  return directory_ ? ::dirfd(directory_.get()) : -1;
}

} // namespace coterie::sandbox
