#include "actors/document_journal.hpp"

#include "base/text.hpp"
#include "storage/checks.hpp"

#include <utility>

namespace coterie::actors {

std::uint64_t document_journal::append(std::string_view author, std::string_view update,
                                       timestamp at) {
  waiting_.push_back({++last_, at, std::string(utf8_prefix(author, storage::author_bytes_max)),
                      std::string(update)});
  unsaved_bytes_ += update.size();
  return last_;
}

std::vector<storage::journal_entry> document_journal::begin() {
  is_under_way_ = true;
  under_way_until_ = last_;
  under_way_bytes_ = unsaved_bytes_;
  return std::exchange(waiting_, {});
}

void document_journal::commit() {
  tail_entries_ += under_way_until_ - saved_;
  tail_bytes_ += under_way_bytes_;
  unsaved_bytes_ -= under_way_bytes_;
  saved_ = under_way_until_;
  is_under_way_ = false;
}

bool document_journal::wants_snapshot(bool is_last) const noexcept {
  return tail_entries_ >= journal_bounds::tail_entries_max
         || tail_bytes_ >= journal_bounds::tail_bytes_max
         || (is_last && tail_entries_ >= journal_bounds::tail_entries_worth);
}

void document_journal::on_snapshot(std::uint64_t sequence) noexcept {
  // What came after the snapshot is its new tail; its bytes are counted from now on.
  tail_entries_ = saved_ > sequence ? saved_ - sequence : 0;
  tail_bytes_ = 0;
}

} // namespace coterie::actors
