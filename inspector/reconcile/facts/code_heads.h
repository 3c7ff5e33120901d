// Heads in the code: which width of a head the sizes in a layer's code are consistent with.
//
// A traced attention splits its projections by numbers: `view(q, [b, t, 12, 64])`, `[b, t, -1,
// 64]`,
// `[b, 12, t, 64]`. Numbers count only where they fit the widths of the projections.
#pragma once

#include <inspector/model/snapshot.h>

#include <string>
#include <vector>

namespace tally::inspector {

/// The sizes of an attention that its matrices show.
struct AttentionWidths {
  std::int64_t query = 0;      ///< n_q·d
  std::int64_t key_value = 0;  ///< n_kv·d
  std::int64_t hidden = 0;
  bool fused = false;  ///< queries, keys and values come out of one matrix
};

struct CodeHeads {
  std::int64_t head_dim = 0;             ///< 0: the code does not say, or says several
  std::string reason;                    ///< the sizes that say it, in words
  std::vector<std::int64_t> candidates;  ///< where it says several
};

/// Reads the code of `modules`, a layer's. The strictest kind of evidence decides: both sizes of
/// the split, then its last alone, then the number of heads alone.
CodeHeads heads_in_code(const ModelSnapshot& snapshot, const std::vector<ModuleId>& modules,
                        const AttentionWidths& widths);

}  // namespace tally::inspector
