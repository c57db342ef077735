#include "sandbox/tree_copy.hpp"

#include "sandbox/ignore_rules.hpp"

#include <string>

namespace coterie::sandbox {

namespace {

result<void> copy_file(const tree& from, tree& to, const tree_entry& what) {
  const auto content = from.read(what.path, copy_bounds::file_bytes_max);
  if (!content)
    return content.why();
  const auto written = to.write(what.path, content->bytes, {.is_executable = what.is_executable});
  if (!written)
    return written.why();
  return {};
}

result<void> copy_entry(const tree& from, tree& to, const tree_entry& what) {
  switch (what.kind) {
  case entry_kind::file:
    return copy_file(from, to, what);
  case entry_kind::directory:
    return to.make_directory(what.path);
  default:
    return {errc::unsupported, what.path + ": neither a file nor a directory"};
  }
}

} // namespace

result<void> copy_tree(const tree& from, tree& to) {
  const auto listing = from.list("", ignore_rules{}, copy_bounds::entries_max);
  if (!listing)
    return listing.why();
  if (listing->is_cut)
    return {errc::too_large,
            "more than " + std::to_string(copy_bounds::entries_max) + " files and directories"};
  if (listing->skipped > 0)
    return {errc::unsupported, "names that are not UTF-8, too long or too deep"};
  for (const auto& entry : listing->entries)
    if (auto copied = copy_entry(from, to, entry); !copied)
      return copied;
  return {};
}

} // namespace coterie::sandbox
