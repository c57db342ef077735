#pragma once

// A look at the inner order of a document, for tests and diagnosis.

#include "crdt/doc.hpp"

#include <map>
#include <string>
#include <vector>

namespace coterie::crdt {

/// A stretch of units that follow each other in a list and in their client's clocks.
struct unit_run {
  client_id client = 0;
  std::uint64_t clock = 0;
  std::uint64_t length = 0;
  bool is_deleted = false;
  friend bool operator==(const unit_run&, const unit_run&) = default;
};

/// Tombstones included; neighbouring runs are joined, so that it does not depend on how a replica
/// cuts its items.
struct type_order {
  std::vector<unit_run> list;
  std::map<std::string, std::vector<unit_run>> keys;
  friend bool operator==(const type_order&, const type_order&) = default;
};

/// The order of every living type below the roots named; by "/root" or "client:clock" of the item
/// that holds the type.
std::map<std::string, type_order> inspect_order(doc& document,
                                                const std::vector<std::string>& roots);

/// Whether all inner structures agree with each other; a sentence about the first that does not.
/// Linear. For tests and fuzzing.
std::string check_integrity(const doc& document);

} // namespace coterie::crdt
