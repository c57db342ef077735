#pragma once

#include "sandbox/unique_fd.hpp"

#include <dirent.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace coterie::sandbox {

/// Reads the entries of one directory, without "." and "..".
class directory_reader {
public:
  struct entry {
    std::string_view name; ///< until the next call
    std::uint64_t inode = 0;
    unsigned char type = DT_UNKNOWN; ///< DT_DIR and so on; DT_UNKNOWN where it is not told
  };

  /// A descriptor that is open for reading.
  explicit directory_reader(unique_fd directory);

  /// Nothing at the end or when it cannot be read.
  std::optional<entry> next();

  /// For calls relative to the directory; -1 when it could not be opened.
  int descriptor() const noexcept;

private:
  struct closer {
    void operator()(DIR* directory) const noexcept {
      ::closedir(directory);
    }
  };
  std::unique_ptr<DIR, closer> directory_;
};

} // namespace coterie::sandbox
