#include "storage/checks.hpp"
#include "storage/sqlite_backend.hpp"

#include <algorithm>

// Each step is one update guarded by the state it starts from, so that it also holds where
// several processes write (there a lost race is an update of no rows, and so a conflict).

namespace coterie::storage {

namespace {

// Reads the columns id, room, language, status, exclusive, retry, starts, claims, node,
// created_at, started_at, completed_at, request, result.
job_record read_job(const sqlite_query& row) {
  job_record job;
  job.id = row.id<job_id>(0);
  if (!row.is_null(1))
    job.room = row.id<room_id>(1);
  job.language = row.bytes(2);
  job.status = parse_job_status(row.bytes(3)).value_or(job_status::failed);
  job.exclusive = row.integer(4) != 0;
  job.retry = row.integer(5) != 0;
  job.starts = static_cast<std::uint32_t>(row.integer(6));
  job.claims = static_cast<std::uint32_t>(row.integer(7));
  job.node = row.id<node_id>(8);
  job.created_at = row.time(9);
  job.started_at = row.optional_time(10);
  job.completed_at = row.optional_time(11);
  job.request = row.bytes(12);
  job.result = row.bytes(13);
  return job;
}

// A LIMIT of at most list_rows_max.
std::int64_t rows_of(std::size_t limit) {
  return static_cast<std::int64_t>(std::min(limit, list_rows_max));
}

/// Why a guarded update changed nothing: there is no such job, or it is in another state.
result<void> explain_no_change(sqlite_connection& db, job_id job, std::string conflict) {
  auto select = db.query("SELECT 1 FROM job WHERE id = ?");
  if (auto ok = select.bind(job).next_or(no_such_job()); !ok)
    return ok;
  return {errc::conflict, std::move(conflict)};
}

/// Runs a guarded update of one job.
result<void> update_job(sqlite_connection& db, sqlite_query& update, job_id job,
                        std::string conflict) {
  if (auto ok = update.run(); !ok)
    return ok;
  if (db.changes() == 1)
    return {};
  return explain_no_change(db, job, std::move(conflict));
}

} // namespace

result<void> sqlite_backend::create_job(const job_record& job) {
  if (auto ok = check_new_job(job); !ok)
    return ok;
  return atomically([&]() -> result<void> {
    // Both conflicts are met here without an error: the row is then simply not inserted.
    auto insert = db_->query("INSERT INTO job (id, room, language, status, exclusive, retry,"
                             " created_at, request) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
                             " ON CONFLICT DO NOTHING");
    insert.bind(job.id, job.room, text(job.language), text(to_string(job.status)), job.exclusive,
                job.retry, job.created_at, blob(job.request));
    if (auto ok = insert.run(); !ok)
      return ok;
    if (db_->changes() == 1)
      return {};
    return {errc::conflict, load_job(job.id) ? "a job with this id exists"
                                             : "the room has an exclusive job that is not over"};
  });
}

result<job_record> sqlite_backend::load_job(job_id job) {
  auto select = db_->query("SELECT id, room, language, status, exclusive, retry, starts, claims,"
                           " node, created_at, started_at, completed_at, request, result"
                           " FROM job WHERE id = ?");
  if (auto ok = select.bind(job).next_or(no_such_job()); !ok)
    return ok.why();
  return read_job(select);
}

result<job_record> sqlite_backend::claim_job(job_id job, node_id node) {
  if (node.is_nil())
    return {errc::invalid_argument, "a claim needs a node"};
  return atomically([&]() -> result<job_record> {
    auto update = db_->query("UPDATE job SET node = ?1, claims = claims + 1"
                             " WHERE id = ?2 AND status = 'QUEUED' AND (node IS NULL"
                             " OR node = ?1 OR node NOT IN (SELECT id FROM node))");
    update.bind(node, job);
    if (auto ok =
          update_job(*db_, update, job, "the job is not queued or another node has claimed it");
        !ok)
      return ok.why();
    return load_job(job);
  });
}

result<void> sqlite_backend::start_job(job_id job, node_id node, timestamp at) {
  return atomically([&]() -> result<void> {
    auto update = db_->query("UPDATE job SET status = 'RUNNING', starts = starts + 1,"
                             " started_at = ? WHERE id = ? AND status = 'QUEUED' AND node = ?");
    update.bind(at, job, node);
    return update_job(*db_, update, job, "the job is not queued or not claimed by this node");
  });
}

result<void> sqlite_backend::finish_job(job_id job, node_id node, job_status status,
                                        std::string_view encoded_result, timestamp at) {
  if (auto ok = check_end(status, encoded_result); !ok)
    return ok;
  return atomically([&]() -> result<void> {
    auto guard = db_->query("SELECT 1 FROM job WHERE id = ? AND node = ?"
                            " AND status IN ('QUEUED', 'RUNNING')");
    const auto is_ours = guard.bind(job, node).next();
    if (!is_ours)
      return is_ours.why();
    if (!*is_ours)
      return explain_no_change(*db_, job, "the job is over or another node's");
    return end_job(job, status, encoded_result, at);
  });
}

result<void> sqlite_backend::abandon_job(job_id job, job_status status,
                                         std::string_view encoded_result, timestamp at) {
  if (auto ok = check_end(status, encoded_result); !ok)
    return ok;
  return atomically([&]() -> result<void> {
    auto guard = db_->query("SELECT 1 FROM job WHERE id = ? AND status = 'QUEUED'");
    const auto is_queued = guard.bind(job).next();
    if (!is_queued)
      return is_queued.why();
    if (!*is_queued)
      return explain_no_change(*db_, job, "the job is not queued");
    return end_job(job, status, encoded_result, at);
  });
}

result<void> sqlite_backend::end_job(job_id job, job_status status, std::string_view encoded_result,
                                     timestamp at) {
  // The sources go when the room was deleted while the job was open.
  auto update = db_->query("UPDATE job SET status = ?, result = ?, completed_at = ?,"
                           " request = CASE WHEN room IS NULL"
                           " OR EXISTS (SELECT 1 FROM room WHERE room.id = job.room)"
                           " THEN request ELSE x'' END"
                           " WHERE id = ? AND status IN ('QUEUED', 'RUNNING')");
  update.bind(text(to_string(status)), blob(encoded_result), at, job);
  return update_job(*db_, update, job, "the job is over");
}

result<std::vector<job_id>> sqlite_backend::recover_jobs(std::string_view lost_result,
                                                         timestamp at) {
  if (auto ok = check_end(job_status::failed, lost_result); !ok)
    return ok.why();
  return atomically([&]() -> result<std::vector<job_id>> {
    auto free = db_->query("UPDATE job SET node = NULL WHERE status = 'QUEUED'"
                           " AND node NOT IN (SELECT id FROM node)");
    if (auto ok = free.run(); !ok)
      return ok.why();
    auto requeue = db_->query("UPDATE job SET status = 'QUEUED', node = NULL, started_at = NULL"
                              " WHERE status = 'RUNNING' AND retry = 1 AND starts = 1"
                              " AND node NOT IN (SELECT id FROM node)");
    if (auto ok = requeue.run(); !ok)
      return ok.why();
    auto lost = list_lost_jobs();
    if (!lost)
      return lost;
    for (const auto& job : *lost)
      if (auto ok = end_job(job, job_status::failed, lost_result, at); !ok)
        return ok.why();
    return lost;
  });
}

result<std::vector<job_id>> sqlite_backend::list_lost_jobs() {
  std::vector<job_id> lost;
  auto select = db_->query("SELECT id FROM job WHERE status = 'RUNNING'"
                           " AND node NOT IN (SELECT id FROM node) ORDER BY seq");
  const auto done =
    select.for_each([&](const sqlite_query& row) { lost.push_back(row.id<job_id>(0)); });
  if (!done)
    return done.why();
  return lost;
}

result<std::vector<job_record>> sqlite_backend::list_queued_jobs(std::size_t limit) {
  std::vector<job_record> listed;
  auto select = db_->query("SELECT id, room, language, status, exclusive, retry, starts, claims,"
                           " node, created_at, started_at, completed_at, request, result"
                           " FROM job WHERE status = 'QUEUED'"
                           " AND (node IS NULL OR node NOT IN (SELECT id FROM node))"
                           " ORDER BY created_at, seq LIMIT ?");
  const auto done = select.bind(rows_of(limit)).for_each([&](const sqlite_query& row) {
    listed.push_back(read_job(row));
  });
  if (!done)
    return done.why();
  return listed;
}

result<std::vector<job_record>> sqlite_backend::list_room_jobs(room_id room, std::size_t limit) {
  std::vector<job_record> listed;
  auto select = db_->query("SELECT id, room, language, status, exclusive, retry, starts, claims,"
                           " node, created_at, started_at, completed_at, x'', x''"
                           " FROM job WHERE room = ?"
                           " ORDER BY created_at DESC, seq DESC LIMIT ?");
  const auto done = select.bind(room, rows_of(limit)).for_each([&](const sqlite_query& row) {
    listed.push_back(read_job(row));
  });
  if (!done)
    return done.why();
  return listed;
}

} // namespace coterie::storage
