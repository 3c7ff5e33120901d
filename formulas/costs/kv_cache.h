// The cache of keys and values that generation keeps.
#pragma once

#include <base/result.h>
#include <base/wide.h>
#include <formulas/spec/spec.h>

#include <cstdint>

namespace tally::formulas {

/// Cache of a specification's causal stacks for one sequence.
struct KvCache {
  Wide elements_per_token;  ///< self attention, all layers; windowed layers included
  Wide elements;  ///< of `tokens` tokens, windows and the encoder's keys and values taken into
                  ///< account
};

/// Keys and values: n_kv (d + d_v) elements a layer and token, heads divided among
/// `tensor_parallel` devices but no further than one a device; multi-head latent attention keeps
/// r_kv + d_r instead, on every device. Layers with a sliding window keep at most the window. Cross
/// attention keeps the encoder's `encoder_tokens`. A specification without a causal stack has no
/// cache. Source: Kwon et al. 2023, arXiv:2309.06180, section 3; DeepSeek-AI 2024,
/// arXiv:2405.04434, section 2.1. Errors: kUsage for negative tokens, a degree below 1 (named).
Result<KvCache> kv_cache(const TransformerSpec& spec, std::int64_t tokens,
                         std::int64_t encoder_tokens = 0, std::int64_t tensor_parallel = 1);

}  // namespace tally::formulas
