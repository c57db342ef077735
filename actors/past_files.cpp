#include "actors/past_files.hpp"

#include "actors/unified_diff.hpp"

#include <algorithm>
#include <utility>

namespace coterie::actors {

namespace {

storage::version_record without_state(const storage::version_record& version) {
  auto told = version;
  told.state.clear();
  told.blobs.clear();
  return told;
}

std::string main_of(document_files& files) {
  const auto* main = files.main();
  return main ? main->path : std::string();
}

/// The file of `others` that `file` is, or became.
const document_file* counterpart(document_files& own, document_files& others,
                                 const document_file& file) {
  if (const auto* same = others.find_by_id(file.id))
    return same;
  const auto* there = others.find(file.path);
  return there && !own.find_by_id(there->id) ? there : nullptr;
}

bool is_same_content(document_files& before, const document_file& old_file, document_files& after,
                     const document_file& new_file) {
  if (old_file.kind != new_file.kind)
    return false;
  if (old_file.kind == file_kind::text)
    return before.text_of(old_file) == after.text_of(new_file);
  return old_file.blob == new_file.blob;
}

class comparison {
public:
  comparison(document_files& before, document_files& after) : before_(before), after_(after) {}

  version_comparison make() && {
    for (const auto& [path, file] : before_.all())
      if (!counterpart(before_, after_, file))
        add(file_fate::removed, file);
    for (const auto& [path, file] : after_.all()) {
      const auto* known = counterpart(after_, before_, file);
      if (!known)
        add(file_fate::added, file);
      else if (known->path != path)
        add(file_fate::moved, file, known->path);
      else if (!is_same_content(before_, *known, after_, file))
        add(file_fate::changed, file);
    }
    std::ranges::sort(made_.files, {}, &file_change::path);
    for (auto& change : made_.files)
      write_diff(change);
    return std::move(made_);
  }

private:
  void add(file_fate fate, const document_file& shown, const std::string& from = {}) {
    file_change change;
    change.fate = fate;
    change.path = shown.path;
    change.from = from;
    change.kind = shown.kind;
    made_.files.push_back(std::move(change));
  }

  /// For `git apply`, but for what is not text.
  void write_diff(file_change& change) {
    const auto& old_path = change.from.empty() ? change.path : change.from;
    const auto* old_file = change.fate == file_fate::added ? nullptr : before_.find(old_path);
    const auto* new_file = change.fate == file_fate::removed ? nullptr : after_.find(change.path);
    const auto is_text = [](const document_file* file) {
      return !file || file->kind == file_kind::text;
    };
    if (!is_text(old_file) || !is_text(new_file))
      return;
    const auto old_text = old_file ? before_.text_of(*old_file) : std::string();
    const auto new_text = new_file ? after_.text_of(*new_file) : std::string();
    const auto bytes_max = std::min(history_bounds::diff_bytes_max, bytes_left_);
    auto diff = diff_lines(old_text, new_text, budget_, bytes_max);
    bytes_left_ -= diff.hunks.size();
    change.added = diff.added;
    change.removed = diff.removed;
    change.is_truncated = diff.is_truncated;
    made_.is_truncated = made_.is_truncated || diff.is_truncated;
    change.diff = git_head(change.fate, old_path, change.path);
    if (diff.hunks.empty())
      return;
    change.diff += old_file ? "--- a/" + old_path + '\n' : "--- /dev/null\n";
    change.diff += new_file ? "+++ b/" + change.path + '\n' : "+++ /dev/null\n";
    change.diff += diff.hunks;
  }

  static std::string git_head(file_fate fate, const std::string& from, const std::string& to) {
    auto head = "diff --git a/" + from + " b/" + to + '\n';
    switch (fate) {
    case file_fate::added:
      return head + "new file mode 100644\n";
    case file_fate::removed:
      return head + "deleted file mode 100644\n";
    case file_fate::moved:
      return head + "rename from " + from + "\nrename to " + to + '\n';
    case file_fate::changed:
      break;
    }
    return head;
  }

  document_files& before_;
  document_files& after_;
  crdt::myers_budget budget_ = diff_budget();
  std::size_t bytes_left_ = history_bounds::diffs_bytes_max;
  version_comparison made_;
};

} // namespace

result<std::shared_ptr<room_document>> open_version(const storage::version_record& version) {
  storage::stored_document stored;
  stored.snapshot = storage::document_snapshot{version.sequence, version.state, {}, version.at};
  return room_document::load(stored);
}

version_view describe_version(const storage::version_record& version, room_document& document) {
  auto& files = document.files();
  version_view view{without_state(version), main_of(files), files.meta("language"), {}};
  for (const auto& [path, file] : files.all())
    view.files.push_back({path, file.kind, files.size_of(file)});
  return view;
}

version_content content_of_version(const storage::version_record& version,
                                   room_document& document) {
  auto& files = document.files();
  version_content content;
  content.version = without_state(version);
  content.main = main_of(files);
  content.language = files.meta("language");
  for (const auto& [path, file] : files.all())
    content.files.push_back(
      {file.id, path, file.kind, files.text_of(file), file.blob, files.size_of(file)});
  return content;
}

version_comparison compare_files(document_files& before, document_files& after) {
  return comparison(before, after).make();
}

} // namespace coterie::actors
