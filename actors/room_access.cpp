#include "actors/room_access.hpp"

#include "base/random.hpp"
#include "base/text.hpp"
#include "storage/checks.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace coterie::actors {

using storage::role;

namespace {

bool is_over(const std::optional<timestamp>& end, timestamp now) {
  return end && *end <= now;
}

/// By what was asked with. Addresses are shared by many, so that they count for guests only.
bool is_meant(const storage::ban_record& ban, const caller& who) {
  if (who.user)
    return ban.user == *who.user;
  return !ban.address.empty() && ban.address == who.address;
}

bool is_banned(const storage::access_lists& lists, const caller& who, timestamp now) {
  return std::ranges::any_of(lists.bans, [&](const storage::ban_record& ban) {
    return !is_over(ban.until, now) && is_meant(ban, who);
  });
}

failure banned() {
  return {errc::forbidden, "an owner of this room has banned you from it"};
}

failure no_such_member() {
  return {errc::not_found, "there is no such member"};
}

bool is_full(const storage::access_lists& lists, std::size_t members_max) {
  return members_max != 0 && lists.members.size() >= members_max;
}

failure full() {
  return {errc::too_large, "this room has as many members as it is meant for"};
}

result<std::optional<timestamp>> end_of(const std::optional<std::chrono::milliseconds>& lasts,
                                        timestamp now) {
  if (!lasts)
    return std::optional<timestamp>{};
  if (*lasts <= std::chrono::milliseconds{0} || *lasts > access_bounds::lifetime_max)
    return failure{errc::invalid_argument, "it lasts more than 0 ms and at most 366 days"};
  return std::optional{now + *lasts};
}

template <class Row, class Id>
const Row* find(const std::vector<Row>& rows, Id Row::*key, const Id& id) {
  const auto at = std::ranges::find(rows, id, key);
  return at == rows.end() ? nullptr : &*at;
}

template <class Row, class Id>
void put(std::vector<Row>& rows, const std::vector<Row>& changed, Id Row::*key) {
  for (const auto& row : changed)
    if (const auto at = std::ranges::find(rows, row.*key, key); at != rows.end())
      *at = row;
    else
      rows.push_back(row);
}

template <class Row, class Id>
void remove(std::vector<Row>& rows, const std::vector<Id>& gone, Id Row::*key) {
  std::erase_if(rows,
                [&](const Row& row) { return std::ranges::find(gone, row.*key) != gone.end(); });
}

} // namespace

std::optional<role> role_of(const caller& who, const storage::room_record& room,
                            const std::vector<storage::capability_record>& granted,
                            const storage::access_lists& lists, timestamp now) {
  std::optional<role> best;
  const auto improve = [&](role one) { best = best ? std::max(*best, one) : one; };
  // Hashes of secrets are compared: timing tells nothing about the secret itself.
  for (const auto& capability : granted)
    if (!who.token_hash.empty() && capability.hash == who.token_hash)
      improve(capability.grants);
  if (who.user)
    if (const auto* member = find(lists.members, &storage::member_record::user, *who.user))
      improve(member->grants);
  if (best == role::owner)
    return best;
  if (is_banned(lists, who, now))
    return std::nullopt;
  if (room.seen_by == storage::visibility::link && (who.user || !who.needs_grant))
    improve(room.link_grants);
  return best;
}

room_access::room_access(const storage::room_record& room,
                         std::vector<storage::capability_record> capabilities,
                         storage::access_lists lists, const membership& present, room_saver& saver,
                         wall_clock now, callbacks room_calls)
    : room_(room),
      capabilities_(std::move(capabilities)),
      lists_(std::move(lists)),
      present_(present),
      saver_(saver),
      now_(std::move(now)),
      calls_(std::move(room_calls)) {}

std::optional<role> room_access::role_of(const caller& who) const {
  return actors::role_of(who, room_, capabilities_, lists_, now_());
}

result<role> room_access::admit(const caller& who, role needed) const {
  const auto granted = role_of(who);
  if (!granted) {
    if (is_banned(lists_, who, now_()))
      return banned();
    if (who.token_hash.empty() && !who.user)
      return failure{errc::unauthorized, "this room needs a token that it gave out, or a member"};
    return failure{errc::forbidden, "this room needs a token that it gave out, or a member"};
  }
  if (*granted < needed)
    return failure{errc::forbidden, "this needs the role " + std::string(storage::to_string(needed))
                                      + " in the room"};
  return *granted;
}

result<role> room_access::admit_to_join(const caller& who, std::string_view person) const {
  auto granted = admit(who, role::viewer);
  if (!granted || *granted == role::owner || person.empty())
    return granted;
  const auto now = now_();
  for (const auto& ban : lists_.bans)
    if (ban.person == person && !is_over(ban.until, now))
      return banned();
  return granted;
}

void room_access::grant(const access_request& m, const answer& tell) {
  std::visit([&](const auto& wish) { grant_one(m.who, wish, tell); }, m.what);
}

const storage::member_record* room_access::find_member(user_id user) const {
  return find(lists_.members, &storage::member_record::user, user);
}

bool room_access::is_last_owner(user_id user) const {
  const auto* member = find_member(user);
  return member && member->grants == role::owner
         && std::ranges::count(lists_.members, role::owner, &storage::member_record::grants) == 1;
}

storage::member_record room_access::enrol(const caller& who, role grants) const {
  return {*who.user, who.user_name, grants, now_()};
}

void room_access::apply(storage::access_change change, access_answer done, const answer& tell) {
  auto changed = lists_;
  remove(changed.members, change.removed_members, &storage::member_record::user);
  remove(changed.invites, change.removed_invites, &storage::invite_record::id);
  remove(changed.bans, change.removed_bans, &storage::ban_record::id);
  put(changed.members, change.put.members, &storage::member_record::user);
  put(changed.invites, change.put.invites, &storage::invite_record::id);
  put(changed.bans, change.put.bans, &storage::ban_record::id);
  if (auto fits = storage::check_access_counts(changed.members.size(), changed.invites.size(),
                                               changed.bans.size());
      !fits)
    return tell(fits.why());
  lists_ = std::move(changed);
  saver_.save_access(std::move(change));
  calls_.review();
  saver_.when_durable([tell, done = std::move(done)](const result<void>& saved) {
    if (saved)
      tell(done);
    else
      tell(saved.why());
  });
}

void room_access::grant_one(const caller& who, const list_access&, const answer& tell) {
  const auto granted = admit(who, role::viewer);
  if (!granted)
    return tell(granted.why());
  access_listing listing;
  listing.lists.members = lists_.members;
  if (*granted == role::owner) {
    listing.lists = lists_;
    for (auto& invite : listing.lists.invites)
      invite.hash.clear();
  }
  tell(access_answer{std::move(listing)});
}

void room_access::grant_one(const caller& who, const set_member& wish, const answer& tell) {
  if (auto granted = admit(who, role::owner); !granted)
    return tell(granted.why());
  if (wish.user.is_nil())
    return tell(failure{errc::invalid_argument, "user: there is no such user"});
  if (wish.name.size() > access_bounds::name_bytes_max || !is_utf8(wish.name))
    return tell(failure{errc::invalid_argument, "name: at most 200 bytes of UTF-8"});
  const auto* known = find_member(wish.user);
  if (!known && wish.only_known)
    return tell(no_such_member());
  if (wish.grants != role::owner && is_last_owner(wish.user))
    return tell(failure{errc::conflict, "the room would be left without an owner"});
  auto member = known ? *known : storage::member_record{wish.user, {}, wish.grants, now_()};
  member.grants = wish.grants;
  if (!wish.name.empty())
    member.name = wish.name;
  storage::access_change change;
  change.put.members = {member};
  for (const auto& one : lists_.bans) // whoever is made a member is wanted again
    if (one.user == wish.user)
      change.removed_bans.push_back(one.id);
  apply(std::move(change), {member}, tell);
}

void room_access::grant_one(const caller& who, const remove_member& wish, const answer& tell) {
  if (who.user != wish.user)
    if (auto granted = admit(who, role::owner); !granted)
      return tell(granted.why());
  if (!find_member(wish.user))
    return tell(no_such_member());
  if (is_last_owner(wish.user))
    return tell(failure{errc::conflict, "the room would be left without an owner"});
  apply({{}, {wish.user}, {}, {}}, {}, tell);
}

void room_access::grant_one(const caller& who, const make_invite& wish, const answer& tell) {
  if (auto granted = admit(who, role::owner); !granted)
    return tell(granted.why());
  if (wish.uses_max > access_bounds::invite_uses_max)
    return tell(failure{errc::invalid_argument, "uses: at most 100000"});
  const auto now = now_();
  const auto end = end_of(wish.lasts, now);
  if (!end)
    return tell(end.why());
  invite_made made;
  made.code = random_token();
  made.invite = {
    invite_id::random(), hash_token(made.code), wish.grants, now, *end, wish.uses_max, 0};
  storage::access_change change;
  change.put.invites = {made.invite};
  for (const auto& old : lists_.invites) // those that are good for nothing make place
    if (is_over(old.expires_at, now) || (old.uses_max != 0 && old.uses >= old.uses_max))
      change.removed_invites.push_back(old.id);
  made.invite.hash.clear();
  apply(std::move(change), {std::move(made)}, tell);
}

void room_access::grant_one(const caller& who, const revoke_invite& wish, const answer& tell) {
  if (auto granted = admit(who, role::owner); !granted)
    return tell(granted.why());
  if (!find(lists_.invites, &storage::invite_record::id, wish.invite))
    return tell(failure{errc::not_found, "there is no such invitation"});
  apply({{}, {}, {wish.invite}, {}}, {}, tell);
}

void room_access::grant_one(const caller& who, const accept_invite& wish, const answer& tell) {
  if (!who.user)
    return tell(failure{errc::unauthorized, "an invitation is for users; log in first"});
  const auto now = now_();
  if (is_banned(lists_, who, now))
    return tell(banned());
  const auto hash = hash_token(wish.code);
  const auto* invite = find(lists_.invites, &storage::invite_record::hash, hash);
  if (!invite || is_over(invite->expires_at, now)
      || (invite->uses_max != 0 && invite->uses >= invite->uses_max))
    return tell(failure{errc::forbidden, "this invitation is not valid any more"});
  const auto* known = find_member(*who.user);
  if (known && known->grants >= invite->grants)
    return tell(access_answer{*known});
  if (!known && is_full(lists_, wish.members_max))
    return tell(full());
  const auto member = enrol(who, invite->grants);
  auto used = *invite;
  ++used.uses;
  storage::access_change change;
  change.put.members = {member};
  change.put.invites = {used};
  apply(std::move(change), {member}, tell);
}

void room_access::grant_one(const caller& who, const become_member& wish, const answer& tell) {
  if (!who.user)
    return tell(failure{errc::unauthorized, "only users are members; log in first"});
  const auto granted = admit(who, role::viewer);
  if (!granted)
    return tell(granted.why());
  if (const auto* known = find_member(*who.user))
    return tell(access_answer{*known});
  if (is_full(lists_, wish.members_max))
    return tell(full());
  const auto member = enrol(who, std::min(*granted, wish.grants));
  storage::access_change change;
  change.put.members = {member};
  apply(std::move(change), {member}, tell);
}

void room_access::grant_one(const caller& who, const kick& wish, const answer& tell) {
  if (auto granted = admit(who, role::owner); !granted)
    return tell(granted.why());
  const auto* known = present_.find(wish.who);
  if (!known)
    return tell(failure{errc::not_found, "there is no such participant"});
  if (known->who.grants == role::owner)
    return tell(failure{errc::forbidden, "an owner is not put out"});
  calls_.put_out(wish.who, {errc::forbidden, "an owner of this room has put you out"});
  tell(access_answer{});
}

void room_access::grant_one(const caller& who, const ban& wish, const answer& tell) {
  if (auto granted = admit(who, role::owner); !granted)
    return tell(granted.why());
  const auto now = now_();
  const auto end = end_of(wish.lasts, now);
  if (!end)
    return tell(end.why());
  storage::ban_record made{ban_id::random(), wish.user, {}, {}, {}, now, *end};
  if (wish.who) {
    const auto* known = present_.find(*wish.who);
    if (!known)
      return tell(failure{errc::not_found, "there is no such participant"});
    if (known->who.grants == role::owner)
      return tell(failure{errc::forbidden, "an owner is not banned"});
    made.name = known->who.name;
    if (known->asking.user) {
      made.user = *known->asking.user;
    } else {
      made.person = known->who.person;
      if (wish.with_address || made.person.empty()) // nothing else tells who it is
        made.address = known->asking.address;
    }
  }
  if (made.user.is_nil() && made.person.empty() && made.address.empty())
    return tell(failure{errc::invalid_argument, "say who is banned: a participant or a user"});
  storage::access_change change;
  if (const auto* member = find_member(made.user)) {
    if (member->grants == role::owner)
      return tell(failure{errc::forbidden, "an owner is not banned"});
    made.name = member->name;
    change.removed_members = {made.user};
  }
  for (const auto& old : lists_.bans)
    if (is_over(old.until, now))
      change.removed_bans.push_back(old.id);
  change.put.bans = {made};
  apply(std::move(change), {made}, tell);
  std::vector<participant_id> out; // by the person; whom the user or the address tells, the review
  for (const auto& one : present_.participants())
    if (!made.person.empty() && one.person == made.person && one.grants != role::owner)
      out.push_back(one.id);
  for (const auto& one : out)
    calls_.put_out(one, banned());
}

void room_access::grant_one(const caller& who, const lift_ban& wish, const answer& tell) {
  if (auto granted = admit(who, role::owner); !granted)
    return tell(granted.why());
  if (!find(lists_.bans, &storage::ban_record::id, wish.ban))
    return tell(failure{errc::not_found, "there is no such ban"});
  apply({{}, {}, {}, {wish.ban}}, {}, tell);
}

} // namespace coterie::actors
