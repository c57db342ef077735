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

namespace coterie::actors {

struct text_base_bounds {
  static constexpr std::chrono::milliseconds kept_for{std::chrono::minutes{10}};
  static constexpr std::size_t entries_max = 1000; ///< of one room
  static constexpr std::size_t bytes_max = 8U << 20;
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

  /// `client` (any text that names it; empty: nobody) has, or has sent, this text of a file.
  void note(std::string_view client, std::string_view file, base what, time_point now);

  /// What the client last knew; null text when that is not known.
  base find(std::string_view client, std::string_view file, time_point now);

  /// The whole text of a version, if any client still has it.
  std::shared_ptr<const std::string> find_version(std::string_view file, std::uint64_t version,
                                                  time_point now);

private:
  struct entry {
    std::string key;
    std::string file;
    base what;
    time_point at;
  };
  using entry_list = std::list<entry>; ///< newest first

  void erase(entry_list::iterator which);
  void trim(time_point now);

  entry_list entries_;
  std::unordered_map<std::string, entry_list::iterator> by_key_;
  std::unordered_map<const std::string*, std::size_t> users_; ///< of each text
  std::size_t bytes_ = 0;                                     ///< of all texts, each counted once
};

} // namespace coterie::actors
