#include "actors/job_rows.hpp"

#include "actors/run.hpp"

#include <utility>

namespace coterie::actors {

namespace {

bool is_started(const storage::job_record& row, node_id node, std::uint32_t starts_before) {
  return row.status == storage::job_status::running && row.node == node
         && row.starts == starts_before + 1;
}

} // namespace

result<void> start_row(storage::backend& backend, job_id job, node_id node,
                       std::uint32_t starts_before, timestamp at) {
  if (const auto claimed = backend.claim_job(job, node))
    return backend.start_job(job, node, at);
  else if (claimed.why().code != errc::conflict)
    return claimed.why();
  const auto row = backend.load_job(job);
  if (!row)
    return row.why();
  if (is_started(*row, node, starts_before))
    return {};
  return {errc::conflict, "the job is over or another node has it"};
}

result<void> create_started_row(storage::backend& backend, const storage::job_record& row,
                                node_id node, timestamp at) {
  const auto created = backend.create_job(row);
  if (created)
    return start_row(backend, row.id, node, 0, at);
  if (created.why().code != errc::conflict)
    return created;
  const auto known = backend.load_job(row.id);
  return known && is_started(*known, node, 0) ? result<void>{} : created;
}

result<void> count_claim(storage::backend& backend, job_id job, node_id node) {
  const auto claimed = backend.claim_job(job, node);
  return claimed ? result<void>{} : result<void>{claimed.why()};
}

result<void> end_row(storage::backend& backend, job_id job, node_id node,
                     storage::job_status status, std::string_view encoded_result, timestamp at) {
  const auto finished = backend.finish_job(job, node, status, encoded_result, at);
  if (finished || finished.why().code != errc::conflict)
    return finished;
  return backend.abandon_job(job, status, encoded_result, at);
}

result<void> withdraw_row(storage::backend& backend, job_id job, node_id node, std::string detail,
                          timestamp at) {
  const auto encoded = encode(result_without_run(sandbox::outcome::cancelled, std::move(detail)));
  return end_row(backend, job, node, storage::job_status::cancelled, encoded, at);
}

failure no_such_job() {
  return {errc::not_found, "there is no such execution in this room"};
}

failure job_is_over() {
  return {errc::conflict, "the execution is over"};
}

failure job_has_not_started() {
  return {errc::conflict, "the execution has not started yet"};
}

result<void> refuse_input(storage::backend& backend, job_id job,
                          const std::optional<room_id>& room) {
  const auto row = backend.load_job(job);
  if (!row && row.why().code != errc::not_found)
    return row.why();
  if (!row || (room && row->room != room))
    return no_such_job();
  if (storage::is_final(row->status))
    return job_is_over();
  if (row->status == storage::job_status::queued)
    return job_has_not_started();
  return {errc::conflict, "the execution does not run here"};
}

result<storage::job_record> cancel_waiting(storage::backend& backend, job_id job,
                                           const std::optional<room_id>& room, timestamp at) {
  if (room)
    if (const auto row = backend.load_job(job); !row || row->room != room)
      return row || row.why().code == errc::not_found ? no_such_job() : row.why();
  const auto encoded = encode(result_without_run(sandbox::outcome::cancelled, ""));
  const auto done = backend.abandon_job(job, storage::job_status::cancelled, encoded, at);
  if (!done && done.why().code == errc::conflict)
    return job_is_over();
  if (!done)
    return done.why();
  return backend.load_job(job);
}

result<std::vector<storage::job_record>> list_waiting(storage::backend& backend,
                                                      std::size_t limit) {
  auto rows = backend.list_queued_jobs(limit);
  if (rows)
    for (auto& row : *rows)
      row.request = {};
  return rows;
}

bool is_permanent(const failure& why) noexcept {
  switch (why.code) {
  case errc::invalid_argument:
  case errc::not_found:
  case errc::conflict:
  case errc::too_large:
    return true;
  default:
    return false;
  }
}

} // namespace coterie::actors
