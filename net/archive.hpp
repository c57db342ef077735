#pragma once

// Files of a room as a zip file (APPNOTE 6.3) or as a tar archive compressed by gzip (POSIX.1-2001
// pax, RFC 1952), by libarchive.

#include "actors/file.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace coterie::net {

enum class archive_format : std::uint8_t { zip, tar_gz };

/// Names are UTF-8. Blocks for as long as compressing takes.
result<std::string> pack_archive(const std::vector<actors::exported_file>& files,
                                 archive_format format);

struct unpack_limits {
  std::size_t files_max = 1000; ///< and directories
  std::size_t file_bytes_max = 8U << 20;
  std::size_t bytes_max = 32U << 20; ///< unpacked, all together
};

struct unpacked_archive {
  struct skipped_entry {
    std::string path;
    std::string why;
  };
  std::vector<actors::named_file> files; ///< no path twice: of equal ones the last
  std::vector<std::string> directories;  ///< those with nothing in them
  /// Links, devices, names that no file may have; at most files_max.
  std::vector<skipped_entry> skipped;
};

/// Reads a zip file or a tar archive, plain or compressed by gzip. Never writes anything; counts
/// what comes out, not what the archive claims. errc::invalid_argument for what is damaged,
/// encrypted or no such archive, errc::too_large past the limits.
result<unpacked_archive> unpack_archive(std::string_view bytes, const unpack_limits& limits);

} // namespace coterie::net
