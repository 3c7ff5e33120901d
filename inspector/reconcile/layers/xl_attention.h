// XLNet's attention: projections stored as [hidden, heads, width of a head], five of them, with
// biases and segments for each head.
#pragma once

#include <inspector/reconcile/layers/layer_parser.h>

namespace tally::inspector {

/// Where `units` hold such an attention: takes what it has beyond q, k, v and o out of them, with
/// its terms, and turns those four into plain matrices [hidden, heads × width]. Else changes
/// nothing.
void take_xl_attention(const Weights& weights, Units& units, ParsedLayer& layer);

}  // namespace tally::inspector
