#include "actors/document_journal.hpp"

#include "base/text.hpp"
#include "storage/checks.hpp"

#include <iterator>
#include <utility>

namespace coterie::actors {

namespace {

std::size_t bytes_of(const storage::journal_entry& entry) noexcept {
  return entry.update.size() + journal_bounds::entry_bytes;
}

} // namespace

std::uint64_t document_journal::append(std::string_view author, std::string_view update,
                                       timestamp at) {
  waiting_.push_back({++last_, at, std::string(utf8_prefix(author, storage::author_bytes_max)),
                      std::string(update)});
  unsaved_bytes_ += bytes_of(waiting_.back());
  return last_;
}

std::vector<storage::journal_entry> document_journal::begin() {
  std::vector<storage::journal_entry> later;
  if (waiting_.size() > storage::append_entries_max) {
    const auto rest = waiting_.begin() + static_cast<std::ptrdiff_t>(storage::append_entries_max);
    later.assign(std::make_move_iterator(rest), std::make_move_iterator(waiting_.end()));
    waiting_.erase(rest, waiting_.end());
  }
  is_under_way_ = true;
  under_way_until_ = last_ - later.size();
  under_way_bytes_ = 0;
  for (const auto& entry : waiting_)
    under_way_bytes_ += bytes_of(entry);
  return std::exchange(waiting_, std::move(later));
}

void document_journal::commit() {
  tail_entries_ += under_way_until_ - saved_;
  tail_bytes_ += under_way_bytes_ - (under_way_until_ - saved_) * journal_bounds::entry_bytes;
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
