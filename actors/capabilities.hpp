#pragma once

// Bearer capabilities: rights in a room for whoever has the token. The token is shown once, when
// the room is made; the database keeps its hash.

#include "storage/records.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coterie::actors {

/// The three tokens of a new room, in the clear.
struct room_tokens {
  std::string owner;
  std::string editor;
  std::string viewer;
};

/// Fresh tokens and what to store of them.
room_tokens make_room_tokens();
std::vector<storage::capability_record> to_records(const room_tokens& tokens);

/// BLAKE2b-256 of the token. Tokens have 192 random bits, so that a plain hash is enough.
std::string hash_token(std::string_view token);

/// Who asks: the user who is signed in, or the hash of the bearer token that came along (empty:
/// none), and where from.
struct caller {
  std::string token_hash;
  std::string address;
  std::string request_id; ///< of the request, for the logs; may be empty
  /// What tells one program from another where texts are written whole: its token, else its address
  /// and how it calls itself. Empty: nobody in particular.
  std::string client{};
  /// Who is signed in; nothing: nobody, or a capability came along instead.
  std::optional<user_id> user{};
  std::string user_name{}; ///< of that user
  /// The server is closed to anonymous use: to be let in takes a user or a capability of the room;
  /// that everybody knows the id of a room with visibility `link` is not enough.
  bool needs_grant = false;

  static caller with_token(std::string_view token, std::string_view address);
};

/// The name by which everybody sees that connections are one person's; only that person knows the
/// secret that it comes from. Empty for a secret of less than 16 bytes.
std::string public_person(std::string_view secret);

} // namespace coterie::actors
