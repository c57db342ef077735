#include "sandbox/workdir.hpp"

#include "sandbox/beneath.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

namespace coterie::sandbox {

result<void> write_file(int directory, const input_file& file, long owner) {
  const auto parts = split_path(file.path);
  if (!parts)
    return parts.why();
  directory_chain above(directory);
  for (std::size_t i = 0; i + 1 < parts->size(); ++i)
    if (!above.enter((*parts)[i], owner))
      return file_failure(file.path, errno);
  const char* name = parts->back().c_str();
  if (::unlinkat(above.last(), name, 0) != 0 && errno != ENOENT)
    return file_failure(file.path, errno);
  const auto made = open_beneath(above.last(), name, O_WRONLY | O_CREAT | O_EXCL, 0600);
  if (!made || !write_all(made.get(), file.content) || !give_to(made.get(), owner)
      || ::fchmod(made.get(), file.executable ? 0755 : 0644) != 0)
    return file_failure(file.path, errno);
  return {};
}

} // namespace coterie::sandbox
