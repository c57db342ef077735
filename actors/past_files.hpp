#pragma once

// The files of a document as it once was. Everything here takes its time: not for a room's thread.

#include "actors/history.hpp"
#include "actors/room_document.hpp"
#include "base/result.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace coterie::actors {

/// The document that a version holds. errc::internal when it cannot be read.
result<std::shared_ptr<room_document>> open_version(const storage::version_record& version);

/// What is there, without content.
version_view describe_version(const storage::version_record& version, room_document& document);

/// What is there; `blobs` is left empty.
version_content content_of_version(const storage::version_record& version, room_document& document);

/// How the files of `before` became those of `after`: a file is the same when it has the same id,
/// else when it has the same path.
version_comparison compare_files(document_files& before, document_files& after);

} // namespace coterie::actors
