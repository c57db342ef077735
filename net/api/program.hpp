#pragma once

// The parts of request bodies that describe programs: files, limits, tests.

#include "actors/file.hpp"
#include "actors/run.hpp"
#include "net/json.hpp"

#include <optional>
#include <string>
#include <vector>

namespace coterie::net {

/// `files`: [{"path", "content" | "content_base64"}]. Complains about paths that cannot be, about
/// two entries with one path, and about a path that is also a directory of another. Binary is what
/// comes as `content_base64` and is not UTF-8.
std::vector<actors::named_file> read_files(const field_reader& fields, std::size_t count_max,
                                           std::size_t bytes_max);

/// A path of a file, checked by actors::complain_about_path.
std::optional<std::string> read_path(const field_reader& fields, std::string_view name);

/// stdin, args, compiler_args, limits, tests, on_output_limit, retry, interactive.
actors::run_options read_run_options(const field_reader& fields);

} // namespace coterie::net
