#include <inspector/reconcile/facts/code_heads.h>
#include <inspector/reconcile/facts/names.h>
#include <inspector/reconcile/layers/layer_blocks.h>
#include <inspector/reconcile/layers/layer_parser.h>
#include <inspector/reconcile/layers/layer_vectors.h>
#include <inspector/reconcile/layers/xl_attention.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <set>

namespace tally::inspector {
namespace {

namespace slot = formulas::slot;
using formulas::Slot;

/// The same matrix of the one MLP, of an expert and of the shared experts.
struct MlpSlots {
  Slot dense, expert, shared;
};
constexpr MlpSlots kMlpSlots[] = {{slot::kGate, slot::kExpertsGate, slot::kSharedGate},
                                  {slot::kUp, slot::kExpertsUp, slot::kSharedUp},
                                  {slot::kGateUp, slot::kExpertsGateUp, slot::kSharedGateUp},
                                  {slot::kDown, slot::kExpertsDown, slot::kSharedDown}};

const MlpSlots& mlp_slots(Slot dense) {
  return *std::find_if(std::begin(kMlpSlots), std::end(kMlpSlots),
                       [dense](const MlpSlots& slots) { return slots.dense == dense; });
}

/// "num_heads" and its other names; the value is the number of heads.
constexpr std::string_view kHeadCounts[] = {"num_heads", "n_heads", "n_head", "num_attention_heads",
                                            "heads",     "nheads",  "nhead"};
constexpr std::string_view kHeadWidths[] = {
    "head_dim", "head_size", "d_head", "attention_head_size", "key_value_proj_dim", "d_k"};

constexpr std::ptrdiff_t kMostStacked = 64;  // tensors of all experts; three are usual

std::int64_t integer(const std::string& literal) {
  if (literal.empty() || literal.size() > 9 ||
      literal.find_first_not_of("0123456789") != std::string::npos)
    return 0;
  return std::atoll(literal.c_str());
}

class LayerParser {
 public:
  LayerParser(const ModelSnapshot& snapshot, const Weights& weights, ModuleId module,
              std::int64_t hidden)
      : s_(snapshot), w_(weights), module_(module), modules_(subtree(weights, module)) {
    layer_.module = module;
    layer_.hidden = hidden;
  }

  std::optional<ParsedLayer> run() {
    Units units = find_units(s_, w_, modules_);
    take_tables(units);
    pair_expert_biases(units.matrices);
    take_head_norms(units);
    take_xl_attention(w_, units, layer_);
    matrices_ = std::move(units.matrices);
    auto blocks = oriented();
    if (!blocks) return std::nullopt;
    describe_attention(*blocks);
    describe_mlp(*blocks);
    read_layer_vectors(s_, w_, units.vectors, *blocks, layer_);
    find_heads();
    return std::move(layer_);
  }

 private:
  /// Tables of relative positions: embeddings inside a layer.
  void take_tables(Units& units) {
    auto& all = units.matrices;
    const auto is_table = [](const Matrix& m) { return m.table; };
    const auto first = std::find_if(all.begin(), all.end(), is_table);
    if (first == all.end()) return;
    layer_.relative_buckets = first->rows;
    relative_heads_ = first->columns;
    relative_weight_ = first->weight;
    layer_.add(first->weight, {slot::kRelativeBias});
    all.erase(std::remove_if(first, all.end(), is_table), all.end());
  }

  /// Biases of experts that no name pairs: [experts, width] behind [experts, ·, width], in the same
  /// module.
  static void pair_expert_biases(std::vector<Matrix>& all) {
    const auto stacked =
        std::count_if(all.begin(), all.end(), [](const Matrix& m) { return m.experts > 0; });
    if (stacked == 0 || stacked > kMostStacked) return;
    for (auto bias = all.begin(); bias != all.end();) {
      auto of = all.end();
      for (auto m = all.begin(); m != all.end(); ++m) {
        const bool fits = m->experts > 0 && m->experts == bias->rows && !m->bias.valid() &&
                          m->module == bias->module &&
                          (m->rows == bias->columns || m->columns == bias->columns);
        if (fits && m->weight < bias->weight && (of == all.end() || m->weight > of->weight)) of = m;
      }
      if (bias->experts > 0 || bias->bias.valid() || bias->projects || of == all.end()) {
        ++bias;
        continue;
      }
      of->bias = bias->weight;
      of->input_first = of->columns == bias->columns && of->rows != bias->columns;
      of->sure = true;
      bias = all.erase(bias);
    }
  }

  /// Norms with a row for each head, by a class that says nothing: two [heads, width] whose
  /// products are widths of projections.
  void take_head_norms(Units& units) {
    auto& all = units.matrices;
    std::set<std::int64_t> widths;
    for (const Matrix& m : all) {
      if (m.rows == layer_.hidden) widths.insert(m.columns);
      if (m.columns == layer_.hidden) widths.insert(m.rows);
    }
    const auto is_norm = [&](const Matrix& m) {
      return m.experts == 0 && !m.bias.valid() && !m.projects && m.rows != layer_.hidden &&
             m.columns != layer_.hidden && widths.count(m.rows * m.columns) > 0;
    };
    std::vector<Matrix> norms;
    std::copy_if(all.begin(), all.end(), std::back_inserter(norms), is_norm);
    if (norms.size() != 2 || norms[0].columns != norms[1].columns) return;
    for (const Matrix& m : norms) {
      Vector v;
      v.weight = m.weight;
      v.module = m.module;
      v.name = m.name;
      v.size = m.rows * m.columns;
      v.shape = {m.rows, m.columns};
      units.vectors.push_back(std::move(v));
      all.erase(std::find_if(all.begin(), all.end(),
                             [&](const Matrix& other) { return other.weight == m.weight; }));
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
      (cross ? layer_.cross_query_width : layer_.query_width) = block.query_width;
      (cross ? layer_.cross_key_value_width : layer_.key_value_width) = block.key_value_width;
      layer_.group.has_cross_attention = layer_.group.has_cross_attention || cross;
      spec.fused_qkv = block.fused;
      if (block.latent) describe_latent(*block.latent, spec);
      for (const auto& [matrix, role] : block.roles) {
        const Matrix& m = matrices_[matrix];
        const bool bias = m.bias.valid(), together = role == slot::kQkv;
        // With keys and values in one tensor, the formula's line for a self-attention holds the
        // queries as well.
        const bool packed = block.fused && role == slot::kQ && !cross;
        layer_.add_unit(m, packed ? slot::kQkv : role, cross);
        if (role == slot::kQ || (together && !block.fused_two)) spec.q_bias = bias;
        if (role == slot::kK || together) spec.k_bias = bias;
        if (role == slot::kV || together) spec.v_bias = bias;
        if (role == slot::kO) spec.o_bias = bias;
        if (role == slot::kQA || role == slot::kKvA) spec.latent_bias = spec.latent_bias || bias;
        if (role == slot::kPosKey) spec.position_key_proj = true;
        if (role == slot::kPosQuery) spec.position_query_proj = true;
        spec.transposed = spec.transposed || m.input_first;
        layer_.input_first_sure = layer_.input_first_sure && m.sure;
      }
    }
  }

  void describe_latent(const LatentSizes& sizes, formulas::AttentionSpec& spec) {
    spec.kind = formulas::AttentionKind::kLatent;
    spec.num_heads = spec.num_key_value_heads = sizes.num_heads;
    spec.head_dim = sizes.nope_dim + sizes.rope_dim;
    spec.value_head_dim = sizes.value_dim;
    spec.qk_nope_head_dim = sizes.nope_dim;
    spec.qk_rope_head_dim = sizes.rope_dim;
    spec.q_lora_rank = sizes.query_rank;
    spec.kv_lora_rank = sizes.key_value_rank;
    layer_.heads = {spec.head_dim, {}, "the sizes of a latent attention leave one number", {}};
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
      for (const auto& [matrix, role] : block.roles) {
        const Matrix& m = matrices_[matrix];
        const bool down = role == slot::kDown;
        const auto& slots =
            mlp_slots(!shared && mlp.stacked_experts && !down ? slot::kGateUp : role);
        layer_.add_unit(m, blocks.experts == 0 ? slots.dense
                           : shared            ? slots.shared
                                               : slots.expert);
        if (shared)
          mlp.shared_bias = mlp.shared_bias || m.bias.valid();
        else
          (down ? mlp.down_bias : mlp.up_bias) = m.bias.valid();
        mlp.transposed = mlp.transposed || m.input_first;
      }
      if (shared) mlp.shared_intermediate_size = block.intermediate;
    }
    if (!blocks.router) return;
    layer_.add_unit(matrices_[*blocks.router], slot::kRouter);
    mlp.router_bias = matrices_[*blocks.router].bias.valid();
  }

  void find_heads() {
    if (layer_.heads.head_dim > 0) return;
    if (relative_heads_ > 0 && layer_.query_width % relative_heads_ == 0) {
      layer_.prove_head_dim(layer_.query_width / relative_heads_, w_[relative_weight_].tensor,
                            "a bias for each head");
    }
    for (const ModuleId m : modules_) {
      const ModuleNode& node = s_.modules[m];
      for (const auto* list : {&node.constants, &node.attributes}) {
        for (const auto& [name, literal] : *list) take_declared(node, name, integer(literal));
      }
    }
    if (layer_.heads.head_dim > 0) return;
    CodeHeads code = heads_in_code(s_, modules_,
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

  const ModelSnapshot& s_;
  const Weights& w_;
  ModuleId module_;
  std::vector<ModuleId> modules_;
  std::vector<Matrix> matrices_;
  std::int64_t relative_heads_ = 0;
  WeightId relative_weight_;
  ParsedLayer layer_;
};

}  // namespace

void ParsedLayer::prove_head_dim(std::int64_t width, TensorId tensor, const char* reason) {
  if (width < 1 || query_width % width != 0 || key_value_width % width != 0) return;
  if (heads.head_dim == 0) heads = {width, {tensor}, reason, {}};
}

std::optional<ParsedLayer> parse_layer(const ModelSnapshot& snapshot, const Weights& weights,
                                       ModuleId module, std::int64_t hidden) {
  return LayerParser(snapshot, weights, module, hidden).run();
}

}  // namespace tally::inspector
