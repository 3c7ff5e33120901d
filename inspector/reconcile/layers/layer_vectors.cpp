#include <inspector/reconcile/facts/names.h>
#include <inspector/reconcile/layers/layer_vectors.h>

#include <algorithm>
#include <set>

namespace tally::inspector {
namespace {

namespace slot = formulas::slot;
using formulas::NormKind;
using formulas::Part;
using formulas::QkNorm;

class VectorReader {
 public:
  VectorReader(const ModelSnapshot& snapshot, const Weights& weights, const LayerBlocks& blocks,
               ParsedLayer& layer)
      : s_(snapshot), w_(weights), blocks_(blocks), module_(layer.module), layer_(layer) {
    // Modules that hold nothing but attention, inside which a vector may belong to it.
    for (const Block& block : blocks.attentions) {
      if (block.module != module_) regions_.push_back(block.module);
    }
  }

  void run(const std::vector<Vector>& vectors) {
    find_full_norms(vectors);
    find_scales(vectors);
    std::vector<const Vector*> norms, queries_and_keys;
    for (const Vector& v : vectors) {
      const std::string_view part = last_part(v.name);
      const bool named =
          holds_any(part, {"q_norm", "k_norm", "q_layernorm", "k_layernorm", "query_norm",
                           "key_norm", "q_ln", "k_ln", "norm_q", "norm_k"});
      if (v.size == 0 || read_latent_norm(v)) {
        continue;
      } else if (v.size == layer_.hidden && v.row && blocks_.experts > 0 && blocks_.has_shared) {
        layer_.add(v.weight, {slot::kGateOfShared, Part::kWeight});
        layer_.group.mlp.shared_gate = true;
      } else if (is_sink(v, part)) {
        layer_.group.attention.sinks = true;
        layer_.add(v.weight, {slot::kSinks});
        layer_.prove_head_dim(layer_.query_width / v.size, w_[v.weight].tensor,
                              "a sink for each head");
      } else if (named || full_.count(&v) > 0 || (v.shape.size() == 2 && in_attention(v)) ||
                 (v.size != layer_.hidden && v.size > 1 && layer_.query_width % v.size == 0 &&
                  in_attention(v))) {
        queries_and_keys.push_back(&v);
      } else if (is_scale_.count(&v) > 0) {
        continue;
      } else if (v.size == layer_.hidden) {
        norms.push_back(&v);
      }
    }
    describe_query_key_norms(queries_and_keys);
    describe_norms(norms);
    describe_scales();
  }

 private:
  bool in_attention(const Vector& v) const {
    return std::any_of(regions_.begin(), regions_.end(),
                       [&](ModuleId region) { return w_.inside(v.module, region); });
  }

  /// Norms over all heads at once, as wide as the projections: exactly two vectors without a bias
  /// inside the attention.
  void find_full_norms(const std::vector<Vector>& vectors) {
    std::vector<const Vector*> inside;
    for (const Vector& v : vectors) {
      if (in_attention(v) && !v.bias.valid()) inside.push_back(&v);
    }
    if (inside.size() == 2 && inside[0]->size == layer_.query_width &&
        inside[1]->size == layer_.key_value_width)
      full_ = {inside[0], inside[1]};
    if (inside.size() == 1) only_inside_ = inside.front();
  }

  /// One logit a head: named so, or the only vector inside the attention, of no norm's name.
  bool is_sink(const Vector& v, std::string_view part) const {
    if (v.size < 1 || layer_.query_width % v.size != 0 || v.bias.valid()) return false;
    return holds_any(part, {"sink"}) || (v.bare && &v == only_inside_ && v.size != layer_.hidden);
  }

  bool read_latent_norm(const Vector& v) {
    const auto& a = layer_.group.attention;
    if (a.kind != formulas::AttentionKind::kLatent || v.bias.valid() || !in_attention(v))
      return false;
    const bool key = v.size == a.kv_lora_rank && !has_key_norm_,
               query = v.size == a.q_lora_rank && !has_query_norm_;
    if (!key && !query) return false;
    (query ? has_query_norm_ : has_key_norm_) = true;
    // Of two equal ranks the queries' comes first.
    layer_.add(v.weight, {query ? slot::kQANorm : slot::kKvANorm, Part::kWeight});
    return true;
  }

  /// Two vectors that scale the blocks' outputs: named so, or the only bare ones beside norms that
  /// have a bias.
  void find_scales(const std::vector<Vector>& vectors) {
    std::vector<const Vector*> named, bare;
    std::size_t norms = 0;
    for (const Vector& v : vectors) {
      if (v.size != layer_.hidden || in_attention(v)) continue;
      if (v.bias.valid()) ++norms;
      if (v.bias.valid() || v.type.find("norm") != std::string::npos) continue;
      if (holds_any(v.name, {"layer_scale", "lambda", "gamma_", "ls1", "ls2"})) named.push_back(&v);
      if (v.bare) bare.push_back(&v);
    }
    scales_ = !named.empty() ? named : norms >= 2 && bare.size() == 2 ? bare : named;
    is_scale_ = {scales_.begin(), scales_.end()};
  }

  void describe_scales() {
    if (scales_.size() != 2) return;
    layer_.group.layer_scale = true;
    layer_.add(scales_[0]->weight, {slot::kLayerScale1});
    layer_.add(scales_[1]->weight, {slot::kLayerScale2});
  }

  void describe_query_key_norms(const std::vector<const Vector*>& found) {
    if (found.empty() || each_head(found)) return;
    auto& attention = layer_.group.attention;
    const std::int64_t a = layer_.query_width, b = layer_.key_value_width;
    formulas::Slot slot_of_q, slot_of_k;
    if (found.size() == 2) {
      const Vector& q = *found[0];
      const Vector& k = *found[1];
      if (q.shape.size() == 2 && k.shape.size() == 2 && q.size == a && k.size == b) {
        attention.qk_norm = QkNorm::kPerHead;
        slot_of_q = slot::kQNormPerHead;
        slot_of_k = slot::kKNormPerHead;
        layer_.prove_head_dim(q.shape[1], w_[q.weight].tensor, "one norm for each head");
      } else if (q.size == k.size && q.size < a) {
        attention.qk_norm = QkNorm::kHeadDim;
        slot_of_q = slot::kQNorm;
        slot_of_k = slot::kKNorm;
        layer_.prove_head_dim(q.size, w_[q.weight].tensor, "the norm of a head's queries");
      } else if (q.size == a && k.size == b) {
        attention.qk_norm = QkNorm::kFull;
        slot_of_q = slot::kQNormFull;
        slot_of_k = slot::kKNormFull;
      }
    }
    if (!slot_of_q.valid()) return;
    set_kind(*found[0]);
    layer_.add_unit(*found[0], slot_of_q);
    layer_.add_unit(*found[1], slot_of_k);
  }

  /// A norm of its own for each head, queries' before keys' (StableLM 2 12B).
  bool each_head(const std::vector<const Vector*>& found) {
    const std::int64_t d = found.front()->size;
    const bool alike = std::all_of(found.begin(), found.end(), [d](const Vector* v) {
      return v->size == d && v->shape.size() == 1;
    });
    const std::int64_t a = layer_.query_width, b = layer_.key_value_width,
                       count = static_cast<std::int64_t>(found.size());
    if (count <= 2 || !alike || a % d != 0 || b % d != 0 || count != a / d + b / d) return false;
    layer_.group.attention.qk_norm = QkNorm::kEachHead;
    set_kind(*found.front());
    layer_.prove_head_dim(d, w_[found.front()->weight].tensor, "one norm for each head");
    for (std::int64_t i = 0; i < count; ++i)
      layer_.add_unit(*found[i], i < a / d ? slot::kQNormEachHead : slot::kKNormEachHead);
    return true;
  }

  void set_kind(const Vector& norm) {
    bool sure = true;
    layer_.group.attention.qk_norm_kind = norm_kind_of(norm, sure);
    layer_.rms_sure = sure;
  }

  void describe_norms(const std::vector<const Vector*>& found) {
    auto& group = layer_.group;
    group.norm = NormKind::kNone;
    if (found.empty()) return;
    bool sure = true;
    group.norm = norm_kind_of(*found.front(), sure);
    layer_.rms_sure = sure;
    std::vector<const Vector*> norms;
    for (const Vector* v : found) {
      const bool alike = (v->bias.valid()) == (found.front()->bias.valid());
      const std::size_t most = group.has_cross_attention ? 3 : 4;
      if (alike && norms.size() < most) norms.push_back(v);
    }
    const auto take = [&](const Vector& v, formulas::Slot slot, bool formulas::LayerGroup::*flag) {
      group.*flag = true;
      layer_.add_unit(v, slot);
    };
    using G = formulas::LayerGroup;
    if (norms.size() == 4) {
      take(*norms[0], slot::kAttentionNorm, &G::attention_pre_norm);
      take(*norms[1], slot::kAttentionPostNorm, &G::attention_post_norm);
      take(*norms[2], slot::kMlpNorm, &G::mlp_pre_norm);
      take(*norms[3], slot::kMlpPostNorm, &G::mlp_post_norm);
      layer_.positions_of_norms_sure = true;
      return;
    }
    if (norms.size() == 3 && !group.has_cross_attention) norms.pop_back();
    if (norms.size() == 3) {
      take(*norms[0], slot::kAttentionNorm, &G::attention_pre_norm);
      take(*norms[1], slot::kCrossAttentionNorm, &G::cross_attention_norm);
      take(*norms[2], slot::kMlpNorm, &G::mlp_pre_norm);
      return;
    }
    const std::size_t path = s_.modules[module_].path.size();
    const auto named = [&](const Vector* v, std::initializer_list<std::string_view> parts) {
      return holds_any(std::string_view(v->name).substr(path), parts);
    };
    // Both named so: OLMo 2's norms stand behind their blocks, though one stands behind the last
    // layer, too.
    if (norms.size() == 2 && named(norms[0], {"post_"}) && named(norms[1], {"post_"})) {
      take(*norms[0], slot::kAttentionPostNorm, &G::attention_post_norm);
      take(*norms[1], slot::kMlpPostNorm, &G::mlp_post_norm);
      return;
    }
    if (norms.size() == 1 && named(norms[0], {"mlp", "ffn"})) {
      take(*norms[0], slot::kMlpNorm, &G::mlp_pre_norm);
      return;
    }
    if (norms.size() == 2 && is_attention_norm(*norms[1]) && !is_attention_norm(*norms[0]))
      std::swap(norms[0], norms[1]);
    take(*norms[0], slot::kAttentionNorm, &G::attention_pre_norm);
    if (norms.size() == 2) take(*norms[1], slot::kMlpNorm, &G::mlp_pre_norm);
    group.parallel_block = norms.size() == 1;
  }

  bool is_attention_norm(const Vector& v) const {
    const std::string_view name = std::string_view(v.name).substr(s_.modules[module_].path.size());
    return !holds_any(name, {"post_attention"}) &&
           holds_any(name, {"attn", "attention", "sa_layer"});
  }

  const ModelSnapshot& s_;
  const Weights& w_;
  const LayerBlocks& blocks_;
  ModuleId module_;
  ParsedLayer& layer_;
  std::vector<ModuleId> regions_;
  std::set<const Vector*> full_;
  const Vector* only_inside_ = nullptr;
  std::vector<const Vector*> scales_;
  std::set<const Vector*> is_scale_;
  bool has_key_norm_ = false, has_query_norm_ = false;  ///< of latents
};

}  // namespace

NormKind norm_kind_of(const Vector& norm, bool& sure) {
  if (norm.bias.valid()) return NormKind::kLayerNorm;
  if (norm.type == "layernorm" || norm.type.find("layernormnobias") != std::string::npos)
    return NormKind::kLayerNormNoBias;
  sure = sure && (norm.type.find("rms") != std::string::npos || norm.type == "t5layernorm");
  return NormKind::kRmsNorm;
}

void read_layer_vectors(const ModelSnapshot& snapshot, const Weights& weights,
                        const std::vector<Vector>& vectors, const LayerBlocks& blocks,
                        ParsedLayer& layer) {
  VectorReader(snapshot, weights, blocks, layer).run(vectors);
}

}  // namespace tally::inspector
