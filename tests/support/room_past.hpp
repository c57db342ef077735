#pragma once

// Questions about what a room was.

#include "actors/history.hpp"
#include "actors/room_document.hpp"
#include "support/room_company.hpp"

#include <string>
#include <variant>
#include <vector>

namespace coterie::testing {

struct room_past : room_company {
  template <class Wish>
  result<history_answer> past(Wish wish, const std::string& token = {}) {
    return ask<history_answer>(room(), history_request{with(token), {}, std::move(wish)});
  }
  /// The answer of that kind, which must come.
  template <class Answer, class Wish>
  Answer get(Wish wish) {
    return std::get<Answer>(must(past(std::move(wish))).what);
  }

  history_page page_of_all() {
    return get<history_page>(read_history{});
  }
  version_id save(std::string name) {
    return get<storage::version_record>(save_version{std::move(name)}).id;
  }
  void write(std::string path, std::string content) {
    must(ask<file_written>(room(), put(std::move(path), std::move(content))));
  }
  void write_binary(std::string path, std::string content) {
    must(ask<file_written>(room(), write_file{{}, std::move(path), std::move(content), false, {}}));
  }
  void remove(std::string path) {
    must(ask<void>(room(), remove_file{{}, std::move(path), {}}));
  }
  std::string read(std::string path) {
    const auto file = ask<file_read>(room(), read_file{{}, std::move(path)});
    return file ? file->content : std::string(to_string(file.why().code));
  }
  std::vector<std::string> paths() {
    std::vector<std::string> all;
    for (const auto& file : must(ask<file_listing>(room(), list_files{})).files)
      all.push_back(file.path);
    return all;
  }
  /// Puts the room away with a snapshot of everything, which `count` entries make worth it.
  void compact(std::size_t count = journal_bounds::tail_entries_worth) {
    for (std::size_t i = 0; i < count; ++i)
      write("busy.txt", std::to_string(i));
    sleep();
  }
  void sleep() {
    anon_send(room(), close_room{});
    consume_messages();
  }

  /// The document after the first `count` entries of a page that has a base.
  static std::shared_ptr<room_document> play(const history_page& page, std::size_t count) {
    storage::stored_document stored;
    stored.snapshot =
      storage::document_snapshot{page.base->sequence, page.base->state, {}, page.base->at};
    stored.tail.assign(page.entries.begin(),
                       page.entries.begin() + static_cast<std::ptrdiff_t>(count));
    return must(room_document::load(stored));
  }
  static std::string text_at(const history_page& page, std::size_t count, const std::string& path) {
    const auto document = play(page, count);
    const auto* file = document->files().find(path);
    return file ? document->files().text_of(*file) : "no such file";
  }
};

} // namespace coterie::testing
