#pragma once

// Which structs of an update can be integrated now, in which order, and which have to wait. Decided
// before the document is touched, so that a refusal leaves it as it was.

#include "crdt/decoded_update.hpp"
#include "crdt/waiting_structs.hpp"

#include <cstdint>
#include <map>
#include <vector>

namespace coterie::crdt {

struct doc_state;

/// A struct to integrate without its first `offset` units.
struct planned_struct {
  client_id client = 0;
  const decoded_struct* what = nullptr;
  unit_clock offset = 0;
};

struct integration_plan {
  std::vector<planned_struct> order;
  std::vector<planned_struct> waits;
  bool skips_known = false; ///< some units of the update were here already
};

/// Fills `plan` (cleared first) for an update.
void plan_update(const doc_state& document, const decoded_update& update, integration_plan& plan);

/// The same for structs that wait; `waits` stays empty, for they are kept already.
void plan_waiting(const doc_state& document, const waiting_structs& waiting,
                  integration_plan& plan);

} // namespace coterie::crdt
