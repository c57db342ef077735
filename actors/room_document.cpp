#include "actors/room_document.hpp"

#include "base/log.hpp"
#include "base/ws_header.hpp"
#include "crdt/sync_protocol.hpp"
#include "crdt/varint.hpp"
#include "storage/checks.hpp"

#include <algorithm>

namespace coterie::actors {

namespace {

constexpr std::uint8_t binary_opcode = 2;

// The state vector of a client that has nothing.
constexpr std::string_view empty_vector{"\0", 1};

// The first two bytes of a frame that carries an update: sync, update.
constexpr std::string_view update_prefix{"\0\2", 2};

/// `message` as one WebSocket frame.
template <class Message>
shared_frames framed(const Message& message) {
  const std::string payload = crdt::encode_frame(message);
  std::string out;
  out.reserve(payload.size() + ws_header_bytes_max);
  append_ws_header(out, binary_opcode, payload.size());
  out += payload;
  return std::make_shared<const std::string>(std::move(out));
}

} // namespace

crdt::doc_options document_options() {
  crdt::doc_options options;
  options.limits.update_bytes = storage::state_bytes_max; // what is loaded; see take_update
  options.limits.content_bytes = document_bounds::content_bytes_max;
  options.limits.structs = document_bounds::structs_max;
  options.limits.pending_bytes = document_bounds::pending_bytes_max;
  return options;
}

room_document::room_document(wall_clock now)
    : now_(now), doc_(document_options()), saved_vector_(doc_.encode_state_vector()) {}

result<std::shared_ptr<room_document>> room_document::load(const storage::stored_document& stored,
                                                           wall_clock now) {
  auto loaded = std::make_shared<room_document>(now);
  const auto damaged = [](const failure& why) {
    return failure{errc::internal, "the stored document cannot be read: " + why.detail};
  };
  std::uint64_t sequence = 0;
  std::uint64_t tail_bytes = 0;
  if (stored.snapshot) {
    if (auto taken = loaded->doc_.apply_update(stored.snapshot->state); !taken)
      return damaged(taken.why());
    if (auto read = loaded->files_.decode_details(stored.snapshot->details); !read)
      return read.why();
    loaded->files_.forget_changes();
    sequence = stored.snapshot->sequence;
  }
  for (const auto& entry : stored.tail) {
    if (auto taken = loaded->doc_.apply_update(entry.update); !taken)
      return damaged(taken.why());
    if (entry.sequence != sequence + 1)
      return damaged({errc::internal, "a change is missing"});
    sequence = entry.sequence;
    tail_bytes += entry.update.size();
    loaded->files_.stamp(entry.at);
  }
  loaded->journal_ = document_journal(sequence, stored.tail.size(), tail_bytes);
  loaded->saved_vector_ = loaded->doc_.encode_state_vector();
  return loaded;
}

// -- reading and writing here -------------------------------------------------------------------

std::uint64_t room_document::edit(std::string_view author,
                                  const std::function<void(crdt::transaction&)>& how) {
  const auto update = doc_.transact(how);
  return update.empty() ? 0 : add_update({}, author, update, update);
}

void room_document::prepare(const std::function<void(crdt::transaction&)>& how) {
  doc_.transact(how);
  saved_vector_ = doc_.encode_state_vector();
}

// -- storing --------------------------------------------------------------------------------------

std::vector<storage::journal_entry> room_document::begin_batch() {
  auto entries = journal_.begin();
  under_way_ = {};
  if (journal_.has_waiting()) // too much for one batch: what is saved is told after the last
    return entries;
  under_way_.vector = doc_.encode_state_vector();
  for (const auto& [who, entry] : members_)
    if (entry.wants_saved)
      under_way_.updates.emplace_back(who, entry.updates);
  return entries;
}

void room_document::commit_batch() {
  journal_.commit();
  const auto saved = std::exchange(under_way_, {});
  if (saved.vector.empty())
    return;
  saved_vector_ = saved.vector;
  for (const auto& [who, updates] : saved.updates)
    if (const auto known = members_.find(who); known != members_.end())
      say_saved(who, known->second, updates);
  say_saved_to_all();
}

void room_document::say_saved(participant_id to, member& who, std::uint64_t updates) {
  who.updates_saved = updates;
  reply(to, framed(crdt::saved_frame{saved_vector_, updates}));
}

/// Updates that said nothing new are in no batch: they are as durable as what they repeat.
void room_document::say_saved_to_all() {
  if (!journal_.is_saved())
    return;
  for (auto& [who, entry] : members_)
    if (entry.wants_saved && entry.updates_saved != entry.updates)
      say_saved(who, entry, entry.updates);
}

storage::document_snapshot room_document::snapshot(timestamp at) {
  return {journal_.last(), doc_.encode_state_as_update(), files_.encode_details(), at};
}

// -- who takes part -----------------------------------------------------------------------------

void room_document::join(guest comes) {
  const auto who = comes.who;
  leave(who);
  member joined;
  joined.name = std::move(comes.name);
  joined.wants_saved = comes.wants_saved;
  joined.grants = comes.grants;
  joined.port = comes.port;
  joined.connection = ++last_connection_;
  members_.emplace(who, joined);
  welcomes_.push_back(who);
}

void room_document::leave(participant_id who) {
  const auto gone = members_.find(who);
  if (gone == members_.end())
    return;
  if (gone->second.has_announced)
    add_change(awareness_.remove_connection(gone->second.connection));
  members_.erase(gone);
}

// -- what clients send --------------------------------------------------------------------------

void room_document::take(const document_frame& frame, time_point now) {
  const auto from = members_.find(frame.from);
  if (from == members_.end() || from->second.is_ending)
    return;
  switch (frame.what) {
  case document_frame::kind::step1:
    return take_sync(frame.from, from->second, frame.body(), now);
  case document_frame::kind::step2:
  case document_frame::kind::update:
    return take_update(frame, from->second, now);
  case document_frame::kind::awareness:
    return take_awareness(frame.from, from->second, frame.body(), now);
  case document_frame::kind::query_awareness:
    asked_for_states_.push_back(frame.from);
    return;
  }
}

void room_document::take_update(const document_frame& frame, member& who, time_point now) {
  if (who.grants < storage::role::editor)
    return deny(frame, who);
  if (frame.what == document_frame::kind::update)
    ++who.updates;
  if (frame.size > document_bounds::update_bytes_max)
    return refuse(frame.from, who, {errc::too_large, "the update is larger than the limit"});
  const auto taken = doc_.apply_update(frame.body());
  if (!taken)
    return refuse(frame.from, who, taken.why());
  if (!doc_.has_waiting())
    waiting_since_.reset();
  else if (!waiting_since_)
    waiting_since_ = now;
  // What waits is stored as it came, so that it waits again after a restart.
  if (taken->is_waiting || !taken->relay.empty())
    add_update(frame.from, who.name, taken->relay, taken->is_waiting ? frame.body() : taken->relay);
}

/// A client that only reads answers our step 1, too: without structs of its own, but with all
/// deletions that it knows of. That is no attempt to write.
void room_document::deny(const document_frame& frame, member& who) {
  if (frame.what == document_frame::kind::step2 && frame.body().starts_with('\0'))
    return;
  ++counts_.refused;
  if (!std::exchange(who.is_denied, true))
    denied_.push_back(frame.from);
}

/// Everything that passes here is new in the document: `update` is told to everybody else (none
/// when it is empty), `stored` goes into the journal.
std::uint64_t room_document::add_update(participant_id from, std::string_view author,
                                        std::string_view update, std::string_view stored) {
  const auto at = now_();
  const auto sequence = journal_.append(author, stored, at);
  files_.stamp(at);
  if (update.empty())
    return sequence;
  ++counts_.integrated;
  const auto begin = updates_.size();
  const auto size = update_prefix.size() + crdt::varuint_size(update.size()) + update.size();
  append_ws_header(updates_, binary_opcode, size);
  updates_ += update_prefix;
  crdt::writer length;
  length.write_varuint(update.size());
  updates_ += length.view();
  updates_ += update;
  pieces_.push_back({from, begin, updates_.size() - begin});
  return sequence;
}

void room_document::take_sync(participant_id from, member& who, std::string_view vector,
                              time_point now) {
  if (now - who.syncs_since >= document_bounds::syncs_window) {
    who.syncs_since = now;
    who.syncs = 0;
  }
  if (++who.syncs > document_bounds::syncs_max)
    return refuse(from, who, {errc::rate_limited, "asked for the document too often"});
  if (vector.size() > document_bounds::vector_bytes_max)
    return refuse(from, who, {errc::too_large, "the state vector is too large"});
  if (vector != empty_vector)
    if (const auto decoded = crdt::decode_state_vector(vector); !decoded)
      return refuse(from, who, decoded.why());
  syncs_.push_back({from, std::string(vector)});
}

void room_document::take_awareness(participant_id from, member& who, std::string_view states,
                                   time_point now) {
  const auto change = awareness_.apply(states, who.connection, now);
  if (!change)
    return refuse(from, who, change.why());
  who.has_announced = true;
  add_change(*change);
}

void room_document::add_change(const crdt::awareness_change& change) {
  for (const auto* ids : {&change.added, &change.updated, &change.removed})
    announced_.insert(announced_.end(), ids->begin(), ids->end());
}

void room_document::refuse(participant_id from, member& who, failure why) {
  ++counts_.refused;
  who.is_ending = true;
  document_reply end;
  end.to = from;
  end.port = who.port;
  end.end = std::move(why);
  replies_.push_back(std::move(end));
}

// -- what is said -------------------------------------------------------------------------------

bool room_document::has_output() const noexcept {
  return !pieces_.empty() || !announced_.empty() || !welcomes_.empty() || !syncs_.empty()
         || !asked_for_states_.empty() || !denied_.empty() || !replies_.empty();
}

room_document::output room_document::flush(time_point) {
  say_welcomes();
  say_saved_to_all();
  answer_syncs();
  say_states();
  say_denials();
  output out;
  out.replies = std::exchange(replies_, {});
  if (pieces_.empty() && announced_.empty())
    return out;
  auto all = std::make_shared<document_broadcast>();
  if (!pieces_.empty()) {
    all->updates = std::make_shared<const std::string>(std::exchange(updates_, {}));
    all->pieces = std::exchange(pieces_, {});
  }
  if (!announced_.empty()) {
    // Of several announcements of one id only the last is told.
    std::ranges::sort(announced_);
    const auto same = std::ranges::unique(announced_);
    announced_.erase(same.begin(), same.end());
    all->awareness = framed(crdt::awareness_frame{awareness_.encode(announced_)});
    announced_.clear();
  }
  out.broadcast = std::move(all);
  return out;
}

void room_document::reply(participant_id to, shared_frames frames, bool is_large) {
  const auto known = members_.find(to);
  if (known == members_.end())
    return; // left meanwhile
  document_reply told;
  told.to = to;
  told.port = known->second.port;
  told.frames = std::move(frames);
  told.is_large = is_large;
  replies_.push_back(std::move(told));
}

/// Everybody who comes is asked what it has, and told who is here.
void room_document::say_welcomes() {
  for (const auto& who : std::exchange(welcomes_, {})) {
    if (!members_.contains(who))
      continue;
    reply(who, step1_frames());
    replies_.back().is_welcome = true;
    asked_for_states_.push_back(who);
    if (auto& newcomer = members_.at(who); newcomer.wants_saved)
      say_saved(who, newcomer, 0);
  }
}

void room_document::say_states() {
  if (asked_for_states_.empty())
    return;
  const auto states = awareness_.encode_states();
  const auto frames = states.empty() ? nullptr : framed(crdt::awareness_frame{states});
  for (const auto& who : std::exchange(asked_for_states_, {}))
    if (frames)
      reply(who, frames);
}

void room_document::answer_syncs() {
  for (const auto& wanted : std::exchange(syncs_, {}))
    reply(wanted.from, missing_frames(wanted.vector), true);
}

void room_document::say_denials() {
  for (const auto& who : std::exchange(denied_, {}))
    if (const auto known = members_.find(who); known != members_.end()) {
      known->second.is_denied = false;
      reply(who, framed(crdt::permission_denied{"permission denied"}));
    }
}

shared_frames room_document::step1_frames() {
  if (!step1_.frames || step1_.version != doc_.version()) {
    const auto vector = doc_.encode_state_vector();
    step1_ = {doc_.version(), {}, framed(crdt::sync_step1{vector})};
  }
  step1_.was_used = true;
  return step1_.frames;
}

/// Step 2 for who has `vector`, which is well-formed. Many ask at once for the same: newcomers for
/// everything, and all who were here when the server was started anew for what they have.
shared_frames room_document::missing_frames(const std::string& vector) {
  auto& kept = vector == empty_vector ? whole_ : missing_;
  if (!kept.frames || kept.version != doc_.version() || kept.vector != vector) {
    const auto known = crdt::decode_state_vector(vector);
    const auto update = doc_.encode_state_as_update(known ? *known : crdt::state_vector{},
                                                    crdt::doc::waiting::omitted);
    kept = {doc_.version(), vector, framed(crdt::sync_step2{update})};
  }
  kept.was_used = true;
  return kept.frames;
}

// -- time ---------------------------------------------------------------------------------------

bool room_document::needs_ticks() const noexcept {
  return awareness_.size() != 0 || doc_.has_waiting() || whole_.frames || missing_.frames
         || step1_.frames;
}

void room_document::tick(time_point now) {
  add_change(awareness_.expire(now));
  for (auto* kept : {&whole_, &missing_, &step1_})
    if (!std::exchange(kept->was_used, false))
      *kept = {};
  if (doc_.has_waiting() && !waiting_since_) // it was loaded so
    waiting_since_ = now;
  if (waiting_since_ && now - *waiting_since_ >= document_bounds::pending_time_max) {
    waiting_since_.reset();
    doc_.drop_waiting();
    // Whoever has what was missing still has it.
    for (const auto& [who, entry] : members_)
      reply(who, step1_frames());
  }
}

room_document::counts room_document::take_counts() {
  return std::exchange(counts_, {});
}

} // namespace coterie::actors
