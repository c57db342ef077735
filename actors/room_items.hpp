#pragma once

// Tells dialects that show a tree of files, with texts as wholes, what becomes of it; and does what
// their clients want with it, by id.

#include "actors/item_tree.hpp"
#include "actors/membership.hpp"
#include "actors/room.hpp"
#include "actors/room_document.hpp"
#include "actors/room_files.hpp"
#include "actors/room_request.hpp"

#include <caf/disposable.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace coterie::actors {

struct room_items_bounds {
  /// Edits of other surfaces are told together, this often at most.
  static constexpr std::chrono::milliseconds edits_every{40};
};

/// Belongs to one room actor. Costs nothing while nobody hears items; then it keeps the texts that
/// it told, which are those of the room.
class room_items {
public:
  struct callbacks {
    std::function<void(event)> tell_all;
    std::function<void(participant_id, event)> tell_one;
  };

  room_items(room_actor::pointer self, room_document& document, room_files& files,
             const membership& members, callbacks tell);
  ~room_items();
  room_items(const room_items&) = delete;
  room_items& operator=(const room_items&) = delete;

  /// For who comes, and is known as `client` from then on: all items, as created. Who is there
  /// already is told first what is new.
  std::shared_ptr<const std::vector<item_change>> list(const std::string& client);

  /// The document may have changed.
  void after_changes();
  /// What is there now is told at once, whoever did it.
  void tell_pending();
  /// The same, done by programs.
  void tell_found();
  /// Somebody who hears items lets the main file go: another text takes its place, if there is one.
  bool replace_main();

  // -- wishes, see room_request.hpp; the room is told at once
  // ---------------------------------------

  using writer = room_files::writer;
  result<void> grant(participant_id by, const writer& who, const create_item& wish);
  result<void> grant(participant_id by, const writer& who, const rename_item& wish);
  result<void> grant(participant_id by, const writer& who, const remove_item& wish);
  result<void> grant(participant_id by, const writer& who, const write_item& wish);
  result<void> grant(participant_id by, const writer& who, const show_item& wish);

private:
  using shared_string = std::shared_ptr<const std::string>;
  struct told_text {
    std::uint64_t version = 0;
    shared_string text;
  };
  /// One participant's doing; nobody's by default.
  struct deed {
    participant_id by = {};
    std::string_view id = {};          ///< of the item
    const std::string* text = nullptr; ///< that it wrote
    std::string_view client = {};
    bool from_program = false;
  };

  void tell(const deed& done);
  bool add_text(item_change& change);
  void note(const item_change& change, const told_text& before, std::string_view author);
  std::vector<item_change> list_below(std::string_view directory);

  room_actor::pointer self_;
  room_document& document_;
  room_files& files_;
  const membership& members_;
  callbacks tell_;
  bool is_following_ = false; ///< what is below is what those who hear items were told
  item_tree tree_;
  std::map<std::string, told_text, std::less<>> texts_; ///< by id
  std::uint64_t told_until_ = 0;                        ///< of the journal
  bool will_tell_ = false;
  caf::disposable next_;
};

} // namespace coterie::actors
