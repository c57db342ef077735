#pragma once

// What text a client last knew of a file. Clients that write whole texts (REST, dialects) have not
// seen what others typed since; their new text is therefore a change of the one that they knew.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace coterie::actors {

struct text_base_bounds {
  static constexpr std::chrono::milliseconds kept_for{std::chrono::minutes{10}};
  static constexpr std::size_t entries_max = 1000; ///< of one room
  static constexpr std::size_t bytes_max = 8U << 20;
  /// A client may still write from a text for so long after it was told a newer one: that takes a
  /// while to arrive, and clients wait before they send what was typed.
  static constexpr std::chrono::milliseconds older_for{2'000};
  static constexpr std::size_t older_max = 4;       ///< of one client and file
  static constexpr std::size_t older_bytes_min = 8; ///< shorter ones are part of too many texts
};

/// A bounded table: the entry that was not touched for longest goes first.
class text_bases {
public:
  using time_point = std::chrono::steady_clock::time_point;

  struct base {
    std::uint64_t version = 0;
    std::shared_ptr<const std::string> text;
    /// The text is that of the version; else it is what the client had sent when it was told this
    /// version, which holds more: what others had typed.
    bool is_whole = true;
  };

  enum class older : std::uint8_t {
    forget, ///< the client knows the new text: it asked for it, or sent it
    keep,   ///< it may not have it yet, or another program of the same name has it
  };

  /// `client` (any text that names it; empty: nobody) has, or has sent, this text of a file.
  void note(std::string_view client, std::string_view file, base what, time_point now,
            older before = older::forget);

  /// What the client last knew; null text when that is not known.
  base find(std::string_view client, std::string_view file, time_point now);

  /// The same for a client that writes `wanted`: an older text that it had when the newest one was
  /// noted, if `wanted` is that text with something put into one place, and the newest one is not;
  /// else the one from which it is the smallest change in one place.
  base find_for(std::string_view client, std::string_view file, std::string_view wanted,
                time_point now);

  /// The whole text of a version, if any client still has it.
  std::shared_ptr<const std::string> find_version(std::string_view file, std::uint64_t version,
                                                  time_point now);

private:
  struct entry {
    std::string key;
    std::string file;
    base what;
    time_point at;
    std::vector<std::pair<base, time_point>> before{}; ///< older ones and since when, newest first
  };
  using entry_list = std::list<entry>; ///< newest first

  static const base* find_nearest(const entry& known, std::string_view wanted, time_point now);
  void erase(entry_list::iterator which);
  void use(const std::shared_ptr<const std::string>& text);
  void let_go(const std::shared_ptr<const std::string>& text);
  void trim(time_point now);

  entry_list entries_;
  std::unordered_map<std::string, entry_list::iterator> by_key_;
  std::unordered_map<const std::string*, std::size_t> users_; ///< of each text
  std::size_t bytes_ = 0;                                     ///< of all texts, each counted once
};

} // namespace coterie::actors
