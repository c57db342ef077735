#include "sandbox/tree.hpp"

#include "sandbox/beneath.hpp"
#include "sandbox/file_facts.hpp"
#include "sandbox/tree_path.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

namespace coterie::sandbox {

namespace {

/// The last part of a path and the directory it is in.
struct located {
  unique_fd above;
  std::string name;
};

result<located> locate(int top, std::string_view path) {
  const auto parts = split_path(path);
  if (!parts)
    return parts.why();
  const std::string above{
    path.substr(0, path.size() - std::min(path.size(), parts->back().size() + 1))};
  auto opened = open_beneath(top, above.empty() ? "." : above.c_str(), O_PATH | O_DIRECTORY);
  if (!opened)
    return file_failure(path, errno);
  return located{std::move(opened), parts->back()};
}

result<unique_fd> open_to_look(int top, std::string_view path, struct stat& info) {
  if (const auto parts = split_path(path); !parts)
    return parts.why();
  auto opened = open_beneath(top, std::string(path).c_str(), O_PATH);
  if (!opened || ::fstat(opened.get(), &info) != 0)
    return file_failure(path, errno);
  return opened;
}

} // namespace

result<tree_place> tree_place::duplicate() const {
  tree_place copy{unique_fd{::fcntl(top.get(), F_DUPFD_CLOEXEC, 0)},
                  unique_fd{::fcntl(incoming.get(), F_DUPFD_CLOEXEC, 0)}, owner};
  if (!copy.top || !copy.incoming)
    return system_failure("fcntl", errno);
  return copy;
}

result<tree_entry> tree::find(std::string_view path) const {
  struct stat info;
  if (auto opened = open_to_look(place_.top.get(), path, info); !opened)
    return opened.why();
  return tree_entry{std::string(path), kind_of(info), (info.st_mode & S_IXUSR) != 0,
                    identity_of(info)};
}

result<file_content> tree::read(std::string_view path, std::uint64_t bytes_max) const {
  // Looked at first: opening a FIFO or device would be noticed inside, or wait.
  struct stat info;
  const auto looked = open_to_look(place_.top.get(), path, info);
  if (!looked)
    return looked.why();
  if (!S_ISREG(info.st_mode))
    return file_failure(path, EISDIR);
  const auto too_large = [&] {
    return failure{errc::too_large,
                   std::string(path) + ": larger than " + std::to_string(bytes_max) + " bytes"};
  };
  if (static_cast<std::uint64_t>(info.st_size) > bytes_max)
    return too_large();
  const auto opened = reopen(looked->get(), O_RDONLY);
  if (!opened)
    return file_failure(path, errno);
  auto content = read_content(opened.get(), identity_of(info), bytes_max);
  if (!content)
    return file_failure(path, errno);
  if (!content->is_whole)
    return too_large(); // it grew
  return std::move(*content);
}

result<void> tree::make_directory(std::string_view path) {
  const auto parts = split_path(path);
  if (!parts)
    return parts.why();
  directory_chain chain(place_.top.get());
  for (const auto& part : *parts)
    if (!chain.enter(part, place_.owner)) {
      const int error = errno;
      chain.undo();
      return file_failure(path, error);
    }
  return {};
}

result<void> tree::remove(std::string_view path) {
  const auto place = locate(place_.top.get(), path);
  if (!place)
    return place.why();
  // A program may make a directory of a file and back meanwhile: a few tries, then it has won.
  constexpr int tries_max = 4;
  for (int i = 0; i < tries_max; ++i) {
    if (::unlinkat(place->above.get(), place->name.c_str(), 0) == 0)
      return {};
    if (errno != EISDIR)
      break;
    if (::unlinkat(place->above.get(), place->name.c_str(), AT_REMOVEDIR) == 0)
      return {};
    if (errno != ENOTDIR)
      break;
  }
  return file_failure(path, errno);
}

result<void> tree::rename(std::string_view from, std::string_view to) {
  const auto source = locate(place_.top.get(), from);
  if (!source)
    return source.why();
  const auto parts = split_path(to);
  if (!parts)
    return parts.why();
  directory_chain above(place_.top.get());
  int error = 0;
  for (std::size_t i = 0; i + 1 < parts->size() && error == 0; ++i)
    error = above.enter((*parts)[i], place_.owner) ? 0 : errno;
  if (error == 0
      && ::renameat2(source->above.get(), source->name.c_str(), above.last(), parts->back().c_str(),
                     RENAME_NOREPLACE)
           != 0)
    error = errno;
  if (error == 0)
    return {};
  above.undo();
  if (error == EINVAL)
    return failure{errc::invalid_argument, std::string(from) + ": cannot move into itself"};
  return file_failure(error == ENOENT || error == EACCES ? from : to, error);
}

} // namespace coterie::sandbox
