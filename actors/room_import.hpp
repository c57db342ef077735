#pragma once

// All files of a room at once: out of it, and into it.

#include "actors/file.hpp"
#include "actors/room.hpp"
#include "actors/room_files.hpp"

#include <memory>
#include <string_view>
#include <vector>

namespace coterie::actors {

/// Every file and directory with what it holds, by path.
std::shared_ptr<const std::vector<exported_file>> export_all(room_files& files);

/// See import_files. What cannot have its path is among the refusals, the others are written.
result<files_imported> import_into(room_files& files, const import_files& wanted,
                                   std::string_view main, const room_files::writer& who,
                                   room_files::time_point now);

} // namespace coterie::actors
