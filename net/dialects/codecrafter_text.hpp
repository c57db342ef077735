#pragma once

// Texts of the CodeCrafter dialect: operations with positions, and which text a client goes on
// from. Pure. Positions and lengths count UTF-16 code units, as the clients do.

#include "base/result.hpp"

#include <boost/json/object.hpp>

#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace coterie::net {

using shared_text = std::shared_ptr<const std::string>;

/// `base` with {"type": "insert", "position", "text"}, {"type": "delete", "position", "length"} or
/// {"type": "retain"} done to it; positions behind the end mean the end. errc::invalid_argument for
/// anything else.
result<std::string> apply_crafter_operation(std::string_view base,
                                            const boost::json::object& operation);

/// One operation, and the text that it leads to.
struct crafter_step {
  boost::json::object operation; ///< as apply_crafter_operation reads it
  std::string text;
};
/// What makes `after` of `before`: at most a deletion and then an insertion.
std::vector<crafter_step> crafter_steps(std::string_view before, std::string_view after);

/// The texts that one client may have: the one that it sent last, and those that it was told and
/// may not have received before that.
class crafter_texts {
public:
  using time_point = std::chrono::steady_clock::time_point;

  static constexpr std::size_t kept_max = 8;
  /// By then a text that was told has arrived, and what was typed before that has been sent.
  static constexpr std::chrono::seconds kept_for{3};

  void note_told(shared_text text, time_point now);
  /// The client made `text` of `base`: what it sent, and was told before `base`, is past.
  void note_sent(shared_text text, const shared_text& base, time_point now);
  /// What `wanted` is a change of: of the texts that the client may have, the one that differs
  /// least. Null when it has none.
  shared_text base_of(std::string_view wanted, time_point now);
  /// The one noted last; null: none.
  shared_text newest() const;

private:
  struct entry {
    shared_text text;
    time_point at;
    bool is_sent = false;
  };
  void note(entry what);

  std::deque<entry> texts_; ///< newest first
};

} // namespace coterie::net
