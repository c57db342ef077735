#pragma once

// CAF type ids. Ids travel between nodes as 16-bit numbers: append, never reorder.
// Each actor's header owns its messages; this file only names them.
//
// Nothing here is serialized yet: a cluster of one passes references. A message gains `inspect`
// (and loses its line in the second list) when it first crosses nodes.

#include "base/ids.hpp"
#include "base/result.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/is_error_code_enum.hpp>
#include <caf/type_id.hpp>

#include <cstdint>
#include <vector>

namespace coterie::storage {
struct room_record;
struct lease_record;
struct job_record;
struct user_record;
struct taken_names;
struct rotation;
struct login_record;
struct ended_login;
} // namespace coterie::storage

namespace coterie::actors {
struct store_task;
struct commit_batch;

struct open_room;
struct room_opened;
struct find_room;
struct room_entry;
struct find_alias;
struct attach_participant;
struct room_closed;
struct close_rooms;
struct describe_directory;
struct directory_status;

struct describe_room;
struct room_state_on_disk;
struct room_description;
struct change_room;
struct remove_room;
struct list_files;
struct file_listing;
struct read_file;
struct file_read;
struct write_file;
struct file_written;
struct remove_file;
struct export_files;
struct file_export;
struct import_files;
struct files_imported;
struct replace_source;
struct read_source;
struct source_read;
struct start_run;
struct run_accepted;
struct list_runs;
struct run_listing;
struct join;
struct joined;
struct leave;
struct lease_renewed;
struct lease_lost;
struct close_room;

struct room_event;
struct participant_request;
struct participant_gone;
struct connection_drained;
struct end_participant;
struct end_connection;
struct connection_replaced;
struct participant_put_out;

struct submit_job;
struct cancel_job;
struct find_job;
struct wait_job;
struct job_view;
struct job_output;
struct job_ended;
struct describe_queue;
struct queue_status;
struct stop_jobs;

struct run_job;
struct cancel_run;
struct job_done;
struct put_files;
struct run_program;
struct end_program;
struct program_output;
struct program_exited;
struct container_made;
struct files_written;
struct job_started;

struct describe_cluster;
struct cluster_status;
struct drain;
struct role_changed;

struct document_frames;
struct flush_document;
struct document_news;
struct enter_alias;

struct room_request;
struct access_request;
struct room_answer;
struct access_answer;
struct list_chat;
struct chat_listing;
struct read_board;
struct board_read;
struct replay_terminal;

struct blocking_task;
struct open_workspace;
struct wanted_changes;
struct found_changes;
struct open_shell;
struct type_into_shell;
struct resize_shell;
struct close_shell;
struct replay_shell;
struct settle_files;
struct shell_opened;
struct shell_output;
struct shell_ended;
struct shell_heard;
struct tree_touched;

struct write_run;
struct feed_run;
struct feed_program;

struct open_files;
struct work_files;
struct borrow_container;
struct container_lent;
struct trial_done;

struct history_request;
struct history_answer;
struct past_request;

struct register_user;
struct log_in;
struct refresh_login;
struct log_out;
struct log_out_everywhere;
struct find_user;
struct find_users;
struct change_profile;
struct change_password;
struct list_logins;
struct login_granted;
struct user_view;
struct user_listing;
struct login_listing;
struct password_checked;

/// Makes the messages known to CAF. Called once, before the first actor_system_config.
void register_messages();

} // namespace coterie::actors

namespace coterie {

/// An error code travels as its number; one that this build does not know becomes `internal`.
template <class Inspector>
bool inspect(Inspector& f, errc& x) {
  const auto get = [&x] { return static_cast<std::uint8_t>(x); };
  const auto set = [&x](std::uint8_t number) {
    const bool is_known = number != 0 && number <= static_cast<std::uint8_t>(errc::internal);
    x = is_known ? static_cast<errc>(number) : errc::internal;
    return true;
  };
  return f.apply(get, set);
}

} // namespace coterie

CAF_BEGIN_TYPE_ID_BLOCK(coterie, first_custom_type_id)

CAF_ADD_TYPE_ID(coterie, (coterie::errc))
CAF_ADD_TYPE_ID(coterie, (coterie::room_id))
CAF_ADD_TYPE_ID(coterie, (coterie::job_id))
CAF_ADD_TYPE_ID(coterie, (coterie::participant_id))
CAF_ADD_TYPE_ID(coterie, (coterie::storage::room_record))
CAF_ADD_TYPE_ID(coterie, (coterie::storage::lease_record))
CAF_ADD_TYPE_ID(coterie, (coterie::storage::job_record))
CAF_ADD_TYPE_ID(coterie, (std::vector<coterie::storage::lease_record>))
CAF_ADD_TYPE_ID(coterie, (std::vector<coterie::storage::job_record>))
CAF_ADD_TYPE_ID(coterie, (std::vector<coterie::storage::room_record>))
CAF_ADD_TYPE_ID(coterie, (std::vector<coterie::job_id>))

CAF_ADD_TYPE_ID(coterie, (coterie::actors::store_task))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::commit_batch))

CAF_ADD_TYPE_ID(coterie, (coterie::actors::open_room))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::room_opened))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::find_room))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::room_entry))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::find_alias))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::attach_participant))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::room_closed))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::close_rooms))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::describe_directory))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::directory_status))

CAF_ADD_TYPE_ID(coterie, (coterie::actors::describe_room))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::room_description))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::room_state_on_disk))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::change_room))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::remove_room))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::list_files))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::file_listing))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::read_file))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::file_read))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::write_file))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::file_written))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::remove_file))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::export_files))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::file_export))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::import_files))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::files_imported))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::replace_source))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::read_source))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::source_read))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::start_run))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::run_accepted))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::list_runs))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::run_listing))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::join))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::joined))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::leave))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::lease_renewed))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::lease_lost))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::close_room))

CAF_ADD_TYPE_ID(coterie, (coterie::actors::room_event))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::participant_request))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::participant_gone))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::end_participant))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::end_connection))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::connection_replaced))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::participant_put_out))

CAF_ADD_TYPE_ID(coterie, (coterie::actors::submit_job))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::cancel_job))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::find_job))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::wait_job))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::job_view))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::job_output))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::job_ended))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::describe_queue))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::queue_status))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::stop_jobs))

CAF_ADD_TYPE_ID(coterie, (coterie::actors::run_job))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::cancel_run))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::job_done))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::put_files))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::run_program))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::end_program))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::program_output))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::program_exited))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::container_made))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::files_written))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::job_started))

CAF_ADD_TYPE_ID(coterie, (coterie::actors::describe_cluster))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::cluster_status))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::drain))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::role_changed))

CAF_ADD_TYPE_ID(coterie, (coterie::actors::document_frames))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::flush_document))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::document_news))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::enter_alias))

CAF_ADD_TYPE_ID(coterie, (coterie::actors::room_request))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::access_request))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::room_answer))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::access_answer))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::list_chat))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::chat_listing))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::read_board))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::board_read))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::replay_terminal))

CAF_ADD_TYPE_ID(coterie, (coterie::actors::connection_drained))

CAF_ADD_TYPE_ID(coterie, (coterie::actors::blocking_task))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::open_workspace))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::wanted_changes))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::found_changes))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::open_shell))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::type_into_shell))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::resize_shell))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::close_shell))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::replay_shell))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::settle_files))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::shell_opened))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::shell_output))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::shell_ended))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::shell_heard))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::tree_touched))

CAF_ADD_TYPE_ID(coterie, (coterie::actors::write_run))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::feed_run))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::feed_program))

CAF_ADD_TYPE_ID(coterie, (coterie::actors::open_files))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::work_files))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::borrow_container))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::container_lent))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::trial_done))

CAF_ADD_TYPE_ID(coterie, (coterie::actors::history_request))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::history_answer))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::past_request))

CAF_ADD_TYPE_ID(coterie, (coterie::actors::register_user))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::log_in))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::refresh_login))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::log_out))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::log_out_everywhere))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::find_user))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::find_users))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::change_profile))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::change_password))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::list_logins))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::login_granted))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::user_view))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::user_listing))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::login_listing))
CAF_ADD_TYPE_ID(coterie, (coterie::actors::password_checked))
CAF_ADD_TYPE_ID(coterie, (coterie::storage::user_record))
CAF_ADD_TYPE_ID(coterie, (coterie::storage::taken_names))
CAF_ADD_TYPE_ID(coterie, (coterie::storage::rotation))
CAF_ADD_TYPE_ID(coterie, (std::vector<coterie::storage::user_record>))
CAF_ADD_TYPE_ID(coterie, (std::vector<coterie::storage::login_record>))
CAF_ADD_TYPE_ID(coterie, (std::vector<coterie::storage::ended_login>))
CAF_ADD_TYPE_ID(coterie, (coterie::login_id))
CAF_ADD_TYPE_ID(coterie, (std::vector<coterie::login_id>))

CAF_END_TYPE_ID_BLOCK(coterie)

CAF_ERROR_CODE_ENUM(coterie::errc)

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::storage::room_record)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::storage::lease_record)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::storage::job_record)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::vector<coterie::storage::lease_record>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::vector<coterie::storage::job_record>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::vector<coterie::storage::room_record>)

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::store_task)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::commit_batch)

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::open_room)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::room_opened)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::find_room)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::room_entry)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::find_alias)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::attach_participant)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::room_closed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::close_rooms)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::describe_directory)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::directory_status)

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::describe_room)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::room_description)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::room_state_on_disk)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::change_room)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::remove_room)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::list_files)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::file_listing)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::read_file)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::file_read)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::write_file)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::file_written)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::remove_file)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::export_files)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::file_export)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::import_files)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::files_imported)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::replace_source)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::read_source)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::source_read)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::start_run)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::run_accepted)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::list_runs)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::run_listing)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::join)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::joined)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::leave)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::lease_renewed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::lease_lost)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::close_room)

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::room_event)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::participant_request)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::participant_gone)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::end_participant)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::end_connection)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::connection_replaced)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::participant_put_out)

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::submit_job)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::cancel_job)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::find_job)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::wait_job)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::job_view)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::job_output)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::job_ended)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::describe_queue)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::queue_status)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::stop_jobs)

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::run_job)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::cancel_run)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::job_done)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::put_files)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::run_program)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::end_program)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::program_output)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::program_exited)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::container_made)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::files_written)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::job_started)

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::describe_cluster)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::cluster_status)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::drain)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::role_changed)

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::document_frames)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::flush_document)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::document_news)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::enter_alias)

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::room_request)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::access_request)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::room_answer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::access_answer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::list_chat)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::chat_listing)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::read_board)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::board_read)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::replay_terminal)

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::connection_drained)

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::blocking_task)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::open_workspace)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::wanted_changes)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::found_changes)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::open_shell)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::type_into_shell)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::resize_shell)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::close_shell)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::replay_shell)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::settle_files)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::shell_opened)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::shell_output)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::shell_ended)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::shell_heard)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::tree_touched)

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::write_run)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::feed_run)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::feed_program)

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::open_files)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::work_files)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::borrow_container)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::container_lent)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::trial_done)

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::history_request)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::history_answer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::past_request)

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::register_user)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::log_in)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::refresh_login)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::log_out)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::log_out_everywhere)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::find_user)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::find_users)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::change_profile)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::change_password)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::list_logins)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::login_granted)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::user_view)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::user_listing)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::login_listing)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::actors::password_checked)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::storage::user_record)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::storage::taken_names)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coterie::storage::rotation)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::vector<coterie::storage::user_record>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::vector<coterie::storage::login_record>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::vector<coterie::storage::ended_login>)
