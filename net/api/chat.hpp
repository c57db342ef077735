#pragma once

// /api/v1/rooms/{id}/chat: what people in a room wrote to each other. Contract: docs/api.md.

#include "net/api/context.hpp"
#include "net/router.hpp"
#include "storage/chat_records.hpp"

#include <boost/json/object.hpp>

namespace coterie::net {

/// One message, as REST and the realtime protocol show it.
boost::json::object chat_json(const storage::chat_message& message);

void add_chat_api(router& routes, api_context_ptr context);

} // namespace coterie::net
