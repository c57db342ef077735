#pragma once

// Files, messages and drawings as Code Sprint's clients write them.

#include "actors/room_event.hpp"
#include "actors/room_request.hpp"
#include "base/result.hpp"
#include "storage/chat_records.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coterie::net {

struct code_sprint_tree_bounds {
  static constexpr std::size_t name_characters_max = 25;
};

/// Whether a file or directory may have this name: none of < > : " / \ | ? * and no control
/// characters, no dot at the beginning, at most 25 characters; a file's has a dot within.
bool is_code_sprint_name(std::string_view name, bool is_directory);

/// The Item with this id and everything in it. `all`: created ones, parents first.
boost::json::object code_sprint_item(const actors::item& top,
                                     const std::vector<actors::item_change>& all);
/// The root Item.
boost::json::object code_sprint_root(const std::vector<actors::item_change>& all);

/// One event for clients.
struct code_sprint_news {
  std::string name;
  boost::json::object payload;
  bool is_known = false; ///< not for who did it
};
std::vector<code_sprint_news> code_sprint_words(const actors::items_changed& what);

/// A ChatMessage, with the id and time that its client gave it.
boost::json::object code_sprint_message(const storage::chat_message& message);
/// What to keep of a ChatMessage besides its text.
std::string code_sprint_message_extras(const boost::json::object& message);

/// A RecordsDiff as a change of the drawing; errc::invalid_argument for what is none.
result<actors::change_drawing> read_code_sprint_drawing(const boost::json::value& diff);

} // namespace coterie::net
