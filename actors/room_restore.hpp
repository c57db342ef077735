#pragma once

// A version's files, back into a room.

#include "actors/history.hpp"
#include "actors/room_document.hpp"
#include "actors/room_files.hpp"
#include "base/result.hpp"

#include <string_view>

namespace coterie::actors {

/// Makes the files what they were, by one edit: a file that is still there (by its id, else by its
/// path) gets its path and text back by small changes, one that is gone comes anew, one that the
/// version does not have is removed, unless it is the main file and the version names none.
/// errc::too_large when the document would pass its limits: what it then is, is said by its files.
result<restore_report> restore_files(room_document& document, room_files& files,
                                     const version_content& wanted, std::string_view main,
                                     const room_files::writer& who);

} // namespace coterie::actors
