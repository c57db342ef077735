#pragma once

// Tells dialects that know only "the code" of a room when it changes.

#include "actors/membership.hpp"
#include "actors/room.hpp"
#include "actors/room_files.hpp"

#include <caf/disposable.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>

namespace coterie::actors {

struct room_source_bounds {
  /// Between the answer to a write and its announcement: clients take their own text for somebody
  /// else's when they hear of it before they know that it was accepted.
  static constexpr std::chrono::milliseconds answer_first{20};
  /// Edits of other surfaces are told together, this often at most.
  static constexpr std::chrono::milliseconds edits_every{40};
  /// Writes that are announced one by one; of more only the last one counts.
  static constexpr std::size_t waiting_max = 64;
};

/// Belongs to one room actor. Costs nothing while nobody hears the source.
class room_source {
public:
  room_source(room_actor::pointer self, const storage::room_record& room, room_files& files,
              const membership& members, std::function<void(source_changed)> tell);
  ~room_source();
  room_source(const room_source&) = delete;
  room_source& operator=(const room_source&) = delete;

  /// The source at one moment.
  struct moment {
    source_changed what;
    std::string file; ///< the main file's id; empty: there was none
    std::uint64_t version = 0;
  };
  moment now_there();

  /// A whole text was just written: it is told by itself once on_written says that it is durable.
  void on_writing(const moment& being_written);

  /// It is durable: told as it was then. Written ones are told in the
  /// order of their writing.
  void on_written(moment written);

  /// The document or the room's record may have changed.
  void after_changes();

  /// What somebody hears first who comes back with an old text: nothing when `client` knows the
  /// present one, or when nothing is known of it.
  std::optional<source_changed> news_for(const std::string& client);

private:
  bool is_told() const;
  void tell(const moment& source);
  void tell_written();
  void tell_edits();
  const document_file* main() const;

  room_actor::pointer self_;
  const storage::room_record& room_;
  room_files& files_;
  const membership& members_;
  std::function<void(source_changed)> tell_;
  std::deque<moment> written_; ///< to be told
  std::string told_file_;      ///< what was told last: the file's id
  std::uint64_t told_version_ = 0;
  std::string told_language_;
  std::uint64_t being_written_ = 0; ///< the version that will be told by itself
  bool will_tell_written_ = false;
  bool will_tell_edits_ = false;
  caf::disposable next_written_;
  caf::disposable next_edits_;
};

} // namespace coterie::actors
