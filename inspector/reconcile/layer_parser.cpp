#include <inspector/reconcile/code_heads.h>
#include <inspector/reconcile/layer_blocks.h>
#include <inspector/reconcile/layer_parser.h>
#include <inspector/reconcile/names.h>

#include <algorithm>
#include <cstdlib>

namespace tally::inspector {
namespace {

using formulas::NormKind;
using formulas::QkNorm;

/// "num_heads" and its other names; the value is the number of heads.
constexpr std::string_view kHeadCounts[] = {"num_heads", "n_heads", "n_head", "num_attention_heads",
                                            "heads",     "nheads",  "nhead"};
constexpr std::string_view kHeadWidths[] = {
    "head_dim", "head_size", "d_head", "attention_head_size", "key_value_proj_dim", "d_k"};

std::int64_t integer(const std::string& literal) {
  if (literal.empty() || literal.size() > 9 ||
      literal.find_first_not_of("0123456789") != std::string::npos)
    return 0;
  return std::atoll(literal.c_str());
}

class LayerParser {
 public:
  LayerParser(const ModelSnapshot& snapshot, const Weights& weights, std::int32_t module,
              std::int64_t hidden)
      : s_(snapshot), w_(weights), module_(module), modules_(subtree(weights, module)) {
    layer_.module = module;
    layer_.hidden = hidden;
  }

  std::optional<ParsedLayer> run() {
    Units units = find_units(s_, w_, modules_);
    take_tables(units);
    matrices_ = std::move(units.matrices);
    auto blocks = oriented();
    if (!blocks) return std::nullopt;
    describe_attention(*blocks);
    describe_mlp(*blocks);
    for (const std::size_t i : blocks->unknown) forget(matrices_[i]);
    describe_vectors(units.vectors, *blocks);
    find_heads();
    return std::move(layer_);
  }

 private:
  /// Tables of relative positions: embeddings inside a layer.
  void take_tables(Units& units) {
    auto& all = units.matrices;
    for (auto it = all.begin(); it != all.end();) {
      if (!it->table) {
        ++it;
        continue;
      }
      if (layer_.relative_buckets == 0) {
        layer_.relative_buckets = it->rows;
        relative_heads_ = it->columns;
        relative_weight_ = it->weight;
        role(it->weight, "attention.relative_bias");
      } else {
        layer_.unknown.push_back(it->weight);
      }
      it = all.erase(it);
    }
  }

  /// The blocks, with matrices stored as biases and classes say; failing that, with the undecided
  /// ones the other way round.
  std::optional<LayerBlocks> oriented() {
    const bool proved = std::any_of(matrices_.begin(), matrices_.end(),
                                    [](const Matrix& m) { return m.sure && m.rows != m.columns; });
    const bool first = std::any_of(matrices_.begin(), matrices_.end(), [](const Matrix& m) {
      return m.sure && m.input_first && m.rows != m.columns;
    });
    if (first) turn();
    if (auto blocks = find_blocks(s_, w_, module_, matrices_, layer_.hidden)) return blocks;
    if (proved) return std::nullopt;
    turn();
    return find_blocks(s_, w_, module_, matrices_, layer_.hidden);
  }

  void turn() {
    for (Matrix& m : matrices_) {
      if (!m.sure || m.rows == m.columns) m.input_first = true;
    }
  }

  void describe_attention(const LayerBlocks& blocks) {
    for (std::size_t k = 0; k < blocks.attentions.size(); ++k) {
      const Block& block = blocks.attentions[k];
      const bool cross = k == 1;
      auto& spec = cross ? layer_.group.cross_attention : layer_.group.attention;
      const std::string prefix = cross ? "cross_attention." : "attention.";
      (cross ? layer_.cross_query_width : layer_.query_width) = block.query_width;
      (cross ? layer_.cross_key_value_width : layer_.key_value_width) = block.key_value_width;
      layer_.group.has_cross_attention = layer_.group.has_cross_attention || cross;
      spec.fused_qkv = block.fused;
      for (const auto& [matrix, part] : block.roles) {
        const Matrix& m = matrices_[matrix];
        const bool bias = m.bias >= 0;
        // With keys and values in one tensor, the formula's line for a self-attention holds the
        // queries as well.
        const bool packed = part == "qkv" || part == "kv" || (block.fused && part == "q" && !cross);
        role(m, prefix + (packed ? "qkv" : part));
        if (part == "q" || part == "qkv") spec.q_bias = bias;
        if (part == "k" || part == "qkv" || part == "kv") spec.k_bias = bias;
        if (part == "v" || part == "qkv" || part == "kv") spec.v_bias = bias;
        if (part == "o") spec.o_bias = bias;
        spec.transposed = spec.transposed || m.input_first;
        layer_.input_first_sure = layer_.input_first_sure && m.sure;
      }
    }
    regions(blocks);
  }

  void describe_mlp(const LayerBlocks& blocks) {
    auto& mlp = layer_.group.mlp;
    const Block& main = blocks.mlps.front();
    mlp.kind = main.gated ? formulas::MlpKind::kGated : formulas::MlpKind::kTwoMatrix;
    mlp.intermediate_size = main.intermediate;
    mlp.num_experts = blocks.experts;
    mlp.num_experts_per_token = blocks.experts > 0 ? 1 : 0;
    mlp.stacked_experts = main.experts > 0;
    mlp.fused_gate_up = main.fused && blocks.experts == 0;
    for (std::size_t k = 0; k < blocks.mlps.size(); ++k) {
      const Block& block = blocks.mlps[k];
      const bool shared = blocks.has_shared && k + 1 == blocks.mlps.size();
      std::string prefix = "mlp.";
      if (blocks.experts > 0) prefix = shared ? "mlp.shared." : "mlp.experts.";
      for (const auto& [matrix, part] : block.roles) {
        const Matrix& m = matrices_[matrix];
        const bool together = !shared && mlp.stacked_experts && part != "down";
        role(m, prefix + (together ? "gate_up" : part));
        if (shared)
          mlp.shared_bias = mlp.shared_bias || m.bias >= 0;
        else
          (part == "down" ? mlp.down_bias : mlp.up_bias) = m.bias >= 0;
        mlp.transposed = mlp.transposed || m.input_first;
      }
      if (shared) mlp.shared_intermediate_size = block.intermediate;
    }
    if (!blocks.router) return;
    role(matrices_[*blocks.router], "mlp.router");
    mlp.router_bias = matrices_[*blocks.router].bias >= 0;
  }

  /// The modules that hold nothing but attention, inside which a vector may belong to it.
  void regions(const LayerBlocks& blocks) {
    for (const Block& block : blocks.attentions)
      regions_.push_back(block.module == module_ ? -1 : block.module);
  }

  void describe_vectors(const std::vector<Vector>& vectors, const LayerBlocks& blocks) {
    std::vector<const Vector*> norms, queries_and_keys;
    for (const Vector& v : vectors) {
      const std::string_view part = last_part(v.name);
      const bool named =
          holds_any(part, {"q_norm", "k_norm", "q_layernorm", "k_layernorm", "query_norm",
                           "key_norm", "q_ln", "k_ln", "norm_q", "norm_k"});
      if (v.size == 0) {
        forget(v);
      } else if (v.size == layer_.hidden && v.row && blocks.experts > 0 && blocks.has_shared) {
        role(v.weight, "mlp.shared_gate.weight");
        layer_.group.mlp.shared_gate = true;
      } else if (holds_any(part, {"sink"}) && layer_.query_width % v.size == 0) {
        layer_.group.attention.sinks = true;
        sinks_ = &v;
        role(v.weight, "attention.sinks");
      } else if (named || (v.size != layer_.hidden && v.size > 1 &&
                           layer_.query_width % v.size == 0 && in_attention(v))) {
        queries_and_keys.push_back(&v);
      } else if (v.size == layer_.hidden && v.bias < 0 && is_scale(v)) {
        scales_.push_back(&v);
      } else if (v.size == layer_.hidden) {
        norms.push_back(&v);
      } else {
        forget(v);
      }
    }
    describe_query_key_norms(queries_and_keys);
    describe_norms(norms);
    if (scales_.size() == 2) {
      layer_.group.layer_scale = true;
      role(scales_[0]->weight, "mlp.layer_scale1");
      role(scales_[1]->weight, "mlp.layer_scale2");
    } else {
      for (const Vector* v : scales_) forget(*v);
    }
  }

  static bool is_scale(const Vector& v) {
    return v.type.find("norm") == std::string::npos &&
           holds_any(v.name, {"layer_scale", "lambda", "gamma_", "ls1", "ls2"});
  }

  bool in_attention(const Vector& v) const {
    return std::any_of(regions_.begin(), regions_.end(), [&](std::int32_t region) {
      return region >= 0 && w_.inside(v.module, region);
    });
  }

  void describe_query_key_norms(const std::vector<const Vector*>& found) {
    if (found.empty()) return;
    auto& attention = layer_.group.attention;
    const std::int64_t a = layer_.query_width, b = layer_.key_value_width;
    std::string variant;
    if (found.size() == 2) {
      const Vector& q = *found[0];
      const Vector& k = *found[1];
      if (q.shape.size() == 2 && k.shape.size() == 2 && q.size == a && k.size == b) {
        attention.qk_norm = QkNorm::kPerHead;
        variant = "_norm_per_head";
        prove_width(q.shape[1], w_[q.weight].tensor, "one norm for each head");
      } else if (q.size == k.size && q.size < a) {
        attention.qk_norm = QkNorm::kHeadDim;
        variant = "_norm";
        prove_width(q.size, w_[q.weight].tensor, "the norm of a head's queries");
      } else if (q.size == a && k.size == b) {
        attention.qk_norm = QkNorm::kFull;
        variant = "_norm_full";
      }
    }
    if (variant.empty()) {
      for (const Vector* v : found) forget(*v);
      return;
    }
    bool sure = true;
    attention.qk_norm_kind = norm_kind_of(*found[0], sure);
    layer_.rms_sure = sure;
    for (const bool q : {true, false})
      role(*found[q ? 0 : 1], std::string("attention.") + (q ? "q" : "k") + variant);
  }

  void prove_width(std::int64_t width, std::int32_t tensor, const char* reason) {
    if (width < 1 || layer_.query_width % width != 0 || layer_.key_value_width % width != 0) return;
    if (layer_.heads.head_dim == 0) layer_.heads = {width, {tensor}, reason, {}};
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
      const bool alike = (v->bias >= 0) == (found.front()->bias >= 0);
      const std::size_t most = group.has_cross_attention ? 3 : 4;
      if (alike && norms.size() < most)
        norms.push_back(v);
      else
        forget(*v);
    }
    const auto take = [&](const Vector& v, const char* slot, bool formulas::LayerGroup::*flag) {
      group.*flag = true;
      role(v, std::string("norm.") + slot);
    };
    using G = formulas::LayerGroup;
    if (norms.size() == 4) {
      take(*norms[0], "attention", &G::attention_pre_norm);
      take(*norms[1], "attention_post", &G::attention_post_norm);
      take(*norms[2], "mlp", &G::mlp_pre_norm);
      take(*norms[3], "mlp_post", &G::mlp_post_norm);
      layer_.positions_of_norms_sure = true;
      return;
    }
    if (norms.size() == 3 && !group.has_cross_attention) {
      forget(*norms.back());
      norms.pop_back();
    }
    if (norms.size() == 3) {
      take(*norms[0], "attention", &G::attention_pre_norm);
      take(*norms[1], "cross_attention", &G::cross_attention_norm);
      take(*norms[2], "mlp", &G::mlp_pre_norm);
      return;
    }
    const std::size_t path = s_.modules[static_cast<std::size_t>(module_)].path.size();
    const auto named = [&](const Vector* v, std::initializer_list<std::string_view> parts) {
      return holds_any(std::string_view(v->name).substr(path), parts);
    };
    // Both named so: OLMo 2's norms stand behind their blocks, though one stands behind the last
    // layer, too.
    if (norms.size() == 2 && named(norms[0], {"post_"}) && named(norms[1], {"post_"})) {
      take(*norms[0], "attention_post", &G::attention_post_norm);
      take(*norms[1], "mlp_post", &G::mlp_post_norm);
      return;
    }
    if (norms.size() == 1 && named(norms[0], {"mlp", "ffn"})) {
      take(*norms[0], "mlp", &G::mlp_pre_norm);
      return;
    }
    if (norms.size() == 2 && is_attention_norm(*norms[1]) && !is_attention_norm(*norms[0]))
      std::swap(norms[0], norms[1]);
    take(*norms[0], "attention", &G::attention_pre_norm);
    if (norms.size() == 2) take(*norms[1], "mlp", &G::mlp_pre_norm);
    group.parallel_block = norms.size() == 1;
  }

  bool is_attention_norm(const Vector& v) const {
    const std::string_view name =
        std::string_view(v.name).substr(s_.modules[static_cast<std::size_t>(module_)].path.size());
    return !holds_any(name, {"post_attention"}) &&
           holds_any(name, {"attn", "attention", "sa_layer"});
  }

  void find_heads() {
    if (layer_.heads.head_dim > 0) return;
    if (relative_heads_ > 0 && layer_.query_width % relative_heads_ == 0) {
      prove_width(layer_.query_width / relative_heads_, w_[relative_weight_].tensor,
                  "a bias for each head");
    }
    if (sinks_ != nullptr)
      prove_width(layer_.query_width / sinks_->size, w_[sinks_->weight].tensor,
                  "a sink for each head");
    for (const std::int32_t m : modules_) {
      const ModuleNode& node = s_.modules[static_cast<std::size_t>(m)];
      for (const auto* list : {&node.constants, &node.attributes}) {
        for (const auto& [name, literal] : *list) take_declared(node, name, integer(literal));
      }
    }
    if (layer_.heads.head_dim > 0) return;
    CodeHeads code =
        heads_in_code(s_, modules_,
                      {layer_.query_width, layer_.key_value_width, layer_.hidden,
                       layer_.group.attention.fused_qkv});
    layer_.heads = {code.head_dim, {}, std::move(code.reason), std::move(code.candidates)};
  }

  /// A number that a module declares: heads, or the width of one.
  void take_declared(const ModuleNode& node, const std::string& name, std::int64_t value) {
    if (value < 1 || layer_.heads.head_dim > 0) return;
    const auto is = [&](std::string_view other) { return name == other; };
    std::int64_t width = 0;
    if (std::any_of(std::begin(kHeadWidths), std::end(kHeadWidths), is)) width = value;
    if (std::any_of(std::begin(kHeadCounts), std::end(kHeadCounts), is) &&
        layer_.query_width % value == 0)
      width = layer_.query_width / value;
    if (width < 1 || layer_.query_width % width != 0 || layer_.key_value_width % width != 0) return;
    layer_.heads = {width, {}, node.path + " declares " + name + " = " + std::to_string(value), {}};
  }

  void role(std::int32_t weight, std::string term) {
    layer_.roles.push_back({weight, std::move(term)});
  }
  template <class Unit>
  void role(const Unit& unit, const std::string& term) {
    role(unit.weight, term + ".weight");
    if (unit.bias >= 0) role(unit.bias, term + ".bias");
  }
  template <class Unit>
  void forget(const Unit& unit) {
    layer_.unknown.push_back(unit.weight);
    if (unit.bias >= 0) layer_.unknown.push_back(unit.bias);
  }

  const ModelSnapshot& s_;
  const Weights& w_;
  std::int32_t module_;
  std::vector<std::int32_t> modules_;
  std::vector<Matrix> matrices_;
  std::vector<std::int32_t> regions_;
  std::vector<const Vector*> scales_;
  const Vector* sinks_ = nullptr;
  std::int64_t relative_heads_ = 0;
  std::int32_t relative_weight_ = -1;
  ParsedLayer layer_;
};

}  // namespace

NormKind norm_kind_of(const Vector& norm, bool& sure) {
  if (norm.bias >= 0) return NormKind::kLayerNorm;
  if (norm.type == "layernorm" || norm.type.find("layernormnobias") != std::string::npos)
    return NormKind::kLayerNormNoBias;
  sure = sure && (norm.type.find("rms") != std::string::npos || norm.type == "t5layernorm");
  return NormKind::kRmsNorm;
}

std::optional<ParsedLayer> parse_layer(const ModelSnapshot& snapshot, const Weights& weights,
                                       std::int32_t module, std::int64_t hidden) {
  return LayerParser(snapshot, weights, module, hidden).run();
}

}  // namespace tally::inspector
