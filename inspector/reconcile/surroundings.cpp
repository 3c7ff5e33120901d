#include <inspector/reconcile/names.h>
#include <inspector/reconcile/surroundings.h>
#include <inspector/reconcile/units.h>

#include <algorithm>
#include <set>
#include <tuple>

namespace tally::inspector {
namespace {

using formulas::HeadLayer;
using formulas::HeadLayerKind;
using formulas::NormKind;
using formulas::PositionKind;
using formulas::StackSpec;

constexpr std::int64_t kFewRows =
    16;  // tables of token types have 1 to 4 rows, tables of positions more

class Reader {
 public:
  Reader(const ModelSnapshot& snapshot, const Weights& weights, Inference& inference)
      : s_(snapshot),
        w_(weights),
        in_(inference),
        units_(find_units(snapshot, weights, outside())) {}

  void run() {
    find_areas();
    find_stems();
    token_weight_.assign(stacks().size(), -1);
    for (std::size_t i = 0; i < stacks().size(); ++i) {
      if (!shares_tokens(i)) find_tokens(i);
    }
    for (std::size_t i = 0; i < stacks().size(); ++i) find_positions(i);
    for (std::size_t i = 0; i < stacks().size(); ++i) find_types(i);
    find_output();
    find_linears();
    for (const Vector& v : units_.vectors) {
      if (!placed(v.weight)) read_vector(v);
    }
    for (const Matrix& m : units_.matrices) {
      if (placed(m.weight)) continue;
      in_.unexplained.push_back(m.weight);
      if (m.bias >= 0 && !placed(m.bias)) in_.unexplained.push_back(m.bias);
    }
  }

 private:
  std::vector<StackSpec>& stacks() { return in_.spec.stacks; }

  std::vector<std::int32_t> outside() const {
    std::vector<std::int32_t> modules, open;
    if (!s_.modules.empty()) open.push_back(0);
    std::set<std::int32_t> layers;
    for (const LayerRun& run : in_.runs) layers.insert(run.layers.begin(), run.layers.end());
    while (!open.empty()) {
      const std::int32_t m = open.back();
      open.pop_back();
      if (layers.count(m) > 0) continue;
      modules.push_back(m);
      const auto& children = w_.children[index(m)];
      open.insert(open.end(), children.rbegin(), children.rend());
    }
    return modules;
  }

  /// The area of a stack: the highest module around its layers that holds no other stack.
  void find_areas() {
    for (const LayerRun& run : in_.runs) {
      std::int32_t area = run.parent;
      while (s_.modules[index(area)].parent >= 0 &&
             !holds_other(s_.modules[index(area)].parent, run))
        area = s_.modules[index(area)].parent;
      areas_.push_back(area);
    }
  }

  bool holds_other(std::int32_t module, const LayerRun& run) const {
    return std::any_of(in_.runs.begin(), in_.runs.end(), [&](const LayerRun& other) {
      return &other != &run && w_.inside(other.parent, module);
    });
  }

  /// Whether one of the weight's names lies in the stack's area.
  bool near(std::int32_t weight, std::size_t stack) const {
    if (w_.inside(w_[weight].module, areas_[stack])) return true;
    return std::any_of(w_[weight].aliases.begin(), w_[weight].aliases.end(), [&](std::int32_t t) {
      return w_.inside(w_.module_of[index(t)], areas_[stack]);
    });
  }

  bool before_layers(std::int32_t module, std::size_t stack) const {
    return w_.rank[index(module)] < w_.rank[index(in_.runs[stack].layers.front())];
  }

  /// Tables: embeddings by their class, and matrices of classes that say nothing, in front of the
  /// layers of their stack.
  bool is_table(const Matrix& m) const {
    if (m.table) return true;
    return !m.projects && m.bias < 0 && m.experts == 0 && in_front(m.module);
  }

  bool in_front(std::int32_t module) const {
    bool near_one = false;
    for (std::size_t i = 0; i < areas_.size(); ++i) {
      if (!w_.inside(module, areas_[i])) continue;
      near_one = true;
      if (before_layers(module, i)) return true;
    }
    return !near_one && before_layers(module, 0);
  }

  void find_stems() {
    for (const Vector& v : units_.vectors) {
      if (v.shape.size() != 4 && v.shape.size() != 3) continue;
      for (std::size_t i = 0; i < stacks().size(); ++i) {
        auto& e = stacks()[i].embedding;
        if (v.shape[0] != stacks()[i].hidden_size || !near(v.weight, i) || placed(v.weight))
          continue;
        if (v.shape.size() == 4 && e.num_channels == 0) {
          e.num_channels = v.shape[1];
          e.patch_height = v.shape[2];
          e.patch_width = v.shape[3];
          e.patch_bias = v.bias >= 0;
          place_unit(v, i, "embedding.patch");
          prove(i, "embedding.num_channels", e.num_channels, v.weight);
          prove(i, "embedding.patch_height", e.patch_height, v.weight);
          prove(i, "embedding.patch_width", e.patch_width, v.weight);
        } else if (v.shape.size() == 3 && v.bias >= 0) {
          read_audio(v, i);
        }
      }
    }
    drop_half_stems();
  }

  void read_audio(const Vector& v, std::size_t i) {
    auto& e = stacks()[i].embedding;
    const bool second = e.num_mel_bins > 0;
    if (second ? v.shape[1] != stacks()[i].hidden_size || v.shape[2] != e.conv_kernel
               : v.shape[1] == stacks()[i].hidden_size)
      return;
    place_unit(v, i, second ? "embedding.audio.conv2" : "embedding.audio.conv1");
    if (second) return;
    e.num_mel_bins = v.shape[1];
    e.conv_kernel = v.shape[2];
    prove(i, "embedding.num_mel_bins", e.num_mel_bins, v.weight);
    prove(i, "embedding.conv_kernel", e.conv_kernel, v.weight);
  }

  /// The formula's audio stem has two convolutions: one alone is something else.
  void drop_half_stems() {
    for (std::size_t i = 0; i < stacks().size(); ++i) {
      auto& e = stacks()[i].embedding;
      const auto has = [&](const char* term) {
        return std::any_of(in_.placements.begin(), in_.placements.end(), [&](const Placement& p) {
          return p.stack == static_cast<int>(i) && p.term == term;
        });
      };
      if (e.num_mel_bins == 0 || has("embedding.audio.conv2.weight")) continue;
      e.num_mel_bins = e.conv_kernel = 0;
      for (auto it = in_.placements.begin(); it != in_.placements.end();) {
        if (it->stack == static_cast<int>(i) && it->term.rfind("embedding.audio", 0) == 0) {
          placed_.erase(it->weight);
          it = in_.placements.erase(it);
        } else {
          ++it;
        }
      }
    }
  }

  static bool named_position(std::string_view name) { return holds_any(name, {"pos", "wpe"}); }
  static bool named_type(std::string_view name) {
    return holds_any(name, {"type_emb", "token_type", "segment"});
  }

  void find_tokens(std::size_t i) {
    const Matrix* best = nullptr;
    for (const Matrix& m : units_.matrices) {
      if (stacks()[i].embedding.num_channels > 0 || stacks()[i].embedding.num_mel_bins > 0)
        continue;  // it reads no tokens
      if (!is_table(m) && tied_name(m.weight, true) < 0) continue;
      if (w_[m.weight].shape.size() != 2) continue;
      if (placed(m.weight) || m.experts > 0 || !near(m.weight, i) || named_position(m.name) ||
          named_type(m.name))
        continue;
      const bool tied = tied_name(m.weight, false) >= 0,
                 best_tied = best != nullptr && tied_name(best->weight, false) >= 0;
      const bool better =
          best == nullptr || std::make_tuple(tied, m.table, m.rows) >
                                 std::make_tuple(best_tied, best->table, best->rows);
      if (better) best = &m;
    }
    if (best == nullptr) return;
    auto& e = stacks()[i].embedding;
    e.vocab_size = best->rows;
    e.embedding_size = best->columns;
    place(best->weight, i, "embedding.tokens");
    token_weight_[i] = best->weight;
    prove(i, "embedding.vocab_size", e.vocab_size, best->weight);
    prove(i, "embedding.embedding_size", e.embedding_size, best->weight);
    const auto& aliases = w_[best->weight].aliases;
    e.token_table_aliases = std::count_if(aliases.begin(), aliases.end(),
                                          [this](std::int32_t t) { return is_embedding(t); });
  }

  /// A stack reads another's table where that one has a name in its area, too (T5, BART).
  bool shares_tokens(std::size_t i) {
    auto& e = stacks()[i].embedding;
    for (std::size_t other = 0; other < i && e.num_channels == 0 && e.num_mel_bins == 0; ++other) {
      if (token_weight_[other] < 0 || !near(token_weight_[other], i)) continue;
      e.shares_token_table = true;
      e.vocab_size = stacks()[other].embedding.vocab_size;
      e.embedding_size = stacks()[other].embedding.embedding_size;
      prove(i, "embedding.shares_token_table", "yes", token_weight_[other]);
      return true;
    }
    return false;
  }

  void find_positions(std::size_t i) {
    auto& stack = stacks()[i];
    auto& e = stack.embedding;
    const Matrix* best = nullptr;
    for (const Matrix& m : units_.matrices) {
      const bool width = m.columns == stack.hidden_size || m.columns == e.embedding_size;
      if (placed(m.weight) || m.experts > 0 || !width || !near(m.weight, i) || named_type(m.name))
        continue;
      const bool raw =
          w_[m.weight].shape.size() == 3;  // [1, positions, hidden_size]: a bare parameter
      if (named_position(m.name) || raw || (is_table(m) && m.rows > kFewRows)) {
        if (best == nullptr || (named_position(m.name) && !named_position(best->name))) best = &m;
      }
    }
    if (best != nullptr) {
      e.positions = PositionKind::kLearned;
      e.position_rows = stack.max_positions = best->rows;
      e.position_width = best->columns;
      place(best->weight, i, "embedding.positions");
      prove(i, "embedding.positions", "learned", best->weight);
      prove(i, "embedding.position_rows", e.position_rows, best->weight);
      return;
    }
    if (e.positions == PositionKind::kRelative) return;
    for (std::size_t t = 0; t < s_.tensors.size(); ++t) {
      const TensorRecord& record = s_.tensors[t];
      if (record.name.find("inv_freq") == std::string::npos || !w_.inside(record.module, areas_[i]))
        continue;
      e.positions = PositionKind::kRotary;
      in_.fields.push_back({stack.name + ".embedding.positions",
                            "rotary",
                            {static_cast<std::int32_t>(t)},
                            "",
                            false,
                            {}});
      return;
    }
    in_.fields.push_back({stack.name + ".embedding.positions",
                          "none",
                          {},
                          "no table and no frequencies: what has no parameters leaves no trace",
                          true,
                          {"rotary", "alibi", "fixed", "none"}});
  }

  void find_types(std::size_t i) {
    auto& e = stacks()[i].embedding;
    const auto take = [&](std::int32_t weight, std::int64_t rows) {
      e.type_rows = rows;
      place(weight, i, "embedding.types");
      prove(i, "embedding.type_rows", rows, weight);
    };
    for (const Matrix& m : units_.matrices) {
      if (e.type_rows > 0 || placed(m.weight) || !is_table(m) || m.columns != e.embedding_size ||
          !near(m.weight, i))
        continue;
      if (named_type(m.name) || m.rows <= kFewRows) take(m.weight, m.rows);
    }
    for (const Vector& v : units_.vectors) {
      const bool row =
          w_[v.weight].shape.size() == 2 && v.type.find("embedding") != std::string::npos;
      if (e.type_rows == 0 && row && v.size == e.embedding_size && !placed(v.weight) &&
          near(v.weight, i))
        take(v.weight, 1);
    }
  }

  /// The layer of logits over the vocabulary: the token table under another name, or a matrix of
  /// its own.
  void find_output() {
    auto& output = in_.spec.output;
    for (std::size_t i = 0; i < stacks().size() && !output.present; ++i) {
      const std::int32_t token = token_weight_[i];
      const std::int32_t tied = token < 0 ? -1 : tied_name(token, false);
      if (tied < 0) continue;
      output.present = output.tied = true;
      output.vocab_size = stacks()[i].embedding.vocab_size;
      output.width = stacks()[i].embedding.embedding_size;
      in_.tied.push_back(tied);
      in_.fields.push_back(
          {"output.tied", "yes", {tied, w_[token].tensor}, "two names of one tensor", false, {}});
    }
    for (const Matrix& m : units_.matrices) {
      if (output.present || placed(m.weight) || is_table(m) || m.experts > 0) continue;
      for (std::size_t i = 0; i < stacks().size(); ++i) {
        const auto& e = stacks()[i].embedding;
        if (token_weight_[i] < 0 || m.out() != e.vocab_size ||
            (m.in() != e.embedding_size && m.in() != stacks()[i].hidden_size))
          continue;
        output.present = true;
        output.vocab_size = m.out();
        output.width = m.in();
        output.bias = m.bias >= 0;
        place_unit(m, -1, "head.output");
        prove("output.present", "yes", m.weight);
        prove("output.tied", "no", m.weight);
        break;
      }
    }
  }

  void find_linears() {
    for (const Matrix& m : units_.matrices) {
      if (placed(m.weight) || is_table(m) || m.experts > 0) continue;
      if (!read_projection(m)) read_head(m);
    }
  }

  /// Between embedding width and hidden width.
  bool read_projection(const Matrix& m) {
    for (std::size_t i = 0; i < stacks().size(); ++i) {
      auto& stack = stacks()[i];
      auto& e = stack.embedding;
      if (!near(m.weight, i)) continue;
      const bool own_width = token_weight_[i] < 0 && e.num_channels == 0 && e.num_mel_bins == 0 &&
                             !e.shares_token_table && before_layers(m.module, i);
      const bool in = m.out() == stack.hidden_size && m.in() != stack.hidden_size &&
                      !e.project_in &&
                      (own_width || (token_weight_[i] >= 0 && m.in() == e.embedding_size));
      const bool out = m.in() == stack.hidden_size && m.out() == e.embedding_size &&
                       e.embedding_size != stack.hidden_size && !e.project_out && m.bias < 0 &&
                       token_weight_[i] >= 0;
      if (!in && !out) continue;
      if (in) {
        e.project_in = true;
        e.project_in_bias = m.bias >= 0;
        if (own_width) e.embedding_size = m.in();
        if (m.bias >= 0) prove(i, "embedding.project_in_bias", "yes", m.bias);
      } else {
        e.project_out = true;
        if (in_.spec.output.present) in_.spec.output.width = e.embedding_size;
      }
      place_unit(m, static_cast<int>(i), in ? "embedding.project_in" : "embedding.project_out");
      prove(i, in ? "embedding.project_in" : "embedding.project_out", "yes", m.weight);
      return true;
    }
    return false;
  }

  void read_head(const Matrix& m) {
    const bool named = !head_layer_hint(m.name).empty();
    bool behind = false;
    for (std::size_t i = 0; i < stacks().size(); ++i) {
      // What stands in front of the layers reads something else, unless its name says that it is a
      // head.
      behind =
          behind || (m.in() == stacks()[i].hidden_size && (named || !before_layers(m.module, i)));
    }
    const bool chained = std::any_of(
        in_.spec.head_layers.begin(), in_.spec.head_layers.end(),
        [&](const HeadLayer& l) { return l.kind == HeadLayerKind::kLinear && l.out == m.in(); });
    if (!behind && !chained) return;  // stays unexplained
    HeadLayer layer;
    layer.kind = HeadLayerKind::kLinear;
    layer.in = m.in();
    layer.out = m.out();
    layer.bias = m.bias >= 0;
    std::string id(head_layer_hint(m.name));
    if (id.empty())
      id = in_.spec.output.present && m.out() == in_.spec.output.width ? "transform"
           : m.out() == m.in()                                         ? "dense"
                                                                       : "classifier";
    layer.id = unique_id(std::move(id));
    if (layer.id == "transform") transform_ = m.module;
    place_unit(m, -1, "head." + layer.id);
    prove("head." + layer.id + ".out", std::to_string(layer.out), m.weight);
    in_.spec.head_layers.push_back(std::move(layer));
  }

  std::string unique_id(std::string id) const {
    const auto taken = [&](const std::string& text) {
      return std::any_of(in_.spec.head_layers.begin(), in_.spec.head_layers.end(),
                         [&](const HeadLayer& l) { return l.id == text; });
    };
    std::string name = id;
    for (int k = 2; taken(name); ++k) name = id + std::to_string(k);
    return name;
  }

  void read_vector(const Vector& v) {
    const bool read = read_output_bias(v) || read_scale(v) || read_token(v) || read_norm(v);
    if (read) return;
    in_.unexplained.push_back(v.weight);
    if (v.bias >= 0 && !placed(v.bias)) in_.unexplained.push_back(v.bias);
  }

  bool read_output_bias(const Vector& v) {
    auto& output = in_.spec.output;
    if (!output.present || output.bias || v.size != output.vocab_size || v.bias >= 0) return false;
    output.bias = true;
    output.second_bias = !w_[v.weight].aliases.empty();
    place(v.weight, -1, "head.output.bias");
    prove("output.bias", "yes", v.weight);
    return true;
  }

  bool read_scale(const Vector& v) {
    if (!w_[v.weight].shape.empty() &&
        (v.size != 1 || !holds_any(last_part(v.name), {"logit_scale", "logit_bias"})))
      return false;
    HeadLayer layer;
    layer.id = unique_id(std::string(last_part(v.name)));
    layer.kind = HeadLayerKind::kVector;
    layer.in = 1;
    place(v.weight, -1, "head." + layer.id);
    in_.spec.head_layers.push_back(std::move(layer));
    return true;
  }

  bool read_token(const Vector& v) {
    const auto raw = w_[v.weight].shape.size();
    const bool mask = holds_any(last_part(v.name), {"mask"}),
               token = holds_any(last_part(v.name), {"cls", "class"});
    if (v.bias >= 0 || v.type.find("norm") != std::string::npos || v.shape.size() != 1)
      return false;
    for (std::size_t i = 0; i < stacks().size(); ++i) {
      auto& e = stacks()[i].embedding;
      if (raw != 3 && !mask && !token && (!v.bare || e.num_channels == 0)) continue;
      bool& flag = mask ? e.mask_token : e.class_token;
      if (v.size != stacks()[i].hidden_size || !near(v.weight, i) || flag) continue;
      flag = true;
      place(v.weight, i, mask ? "embedding.mask_token" : "embedding.class_token");
      prove(i, mask ? "embedding.mask_token" : "embedding.class_token", "yes", v.weight);
      return true;
    }
    return false;
  }

  bool read_norm(const Vector& v) {
    if (v.shape.size() > 1) return false;
    for (std::size_t i = 0; i < stacks().size(); ++i) {
      auto& stack = stacks()[i];
      auto& e = stack.embedding;
      const bool hidden = v.size == stack.hidden_size,
                 narrow = v.size == e.embedding_size && token_weight_[i] >= 0;
      if ((!hidden && !narrow) || !near(v.weight, i)) continue;
      const std::string_view last = std::string_view(v.name);
      const bool behind_transform = transform_ >= 0 && in_head(v.module);
      bool sure = true;
      const NormKind kind = norm_kind_of(v, sure);
      const bool final_name = holds_any(last, {"final", "ln_f", "norm_f", "post_layernorm"});
      const bool embedding_name = holds_any(last, {"emb", "pre_layrnorm", "pre_layernorm"});
      if (behind_transform && !has_head("transform_norm")) {
        HeadLayer layer;
        layer.id = "transform_norm";
        layer.kind = HeadLayerKind::kNorm;
        layer.in = v.size;
        layer.norm = kind;
        place_unit(v, -1, "head.transform_norm");
        in_.spec.head_layers.push_back(std::move(layer));
        return true;
      }
      if ((embedding_name || (before_layers(v.module, i) && !final_name)) &&
          e.norm == NormKind::kNone) {
        e.norm = kind;
        e.norm_width = v.size;
        place_unit(v, i, "embedding.norm");
        prove_kind(i, "embedding.norm", kind, sure, v.weight);
        return true;
      }
      if (hidden && stack.final_norm == NormKind::kNone) {
        stack.final_norm = kind;
        place_unit(v, i, "norm.final");
        prove_kind(i, "final_norm", kind, sure, v.weight);
        return true;
      }
    }
    return false;
  }

  /// Whether `module` lies behind the transform, or beside it in a head of its own.
  bool in_head(std::int32_t module) const {
    const std::int32_t head = s_.modules[index(transform_)].parent;
    const bool own =
        head >= 0 && std::none_of(in_.runs.begin(), in_.runs.end(),
                                  [&](const LayerRun& run) { return w_.inside(run.parent, head); });
    return w_.rank[index(module)] > w_.rank[index(transform_)] || (own && w_.inside(module, head));
  }

  bool has_head(std::string_view id) const {
    return std::any_of(in_.spec.head_layers.begin(), in_.spec.head_layers.end(),
                       [&](const HeadLayer& l) { return l.id == id; });
  }

  bool is_embedding(std::int32_t tensor) const {
    const std::int32_t module = w_.module_of[index(tensor)];
    const std::string type = lower(short_type(s_.modules[index(module)].type));
    if (holds_any(type, {"embedding"})) return true;
    return !holds_any(type, {"linear", "conv"}) && in_front(module);
  }

  /// A name of `weight` whose module is no embedding, while another's is: a tied output layer.
  /// `either`: an embedding's name.
  std::int32_t tied_name(std::int32_t weight, bool embedding) const {
    std::int32_t table = -1, other = -1;
    (is_embedding(w_[weight].tensor) ? table : other) = w_[weight].tensor;
    for (const std::int32_t alias : w_[weight].aliases) {
      std::int32_t& found = is_embedding(alias) ? table : other;
      if (found < 0) found = alias;
    }
    if (table < 0) return -1;
    return embedding ? table : other;
  }

  static const char* kind_name(NormKind kind) {
    switch (kind) {
      case NormKind::kLayerNorm:
        return "layer_norm";
      case NormKind::kLayerNormNoBias:
        return "layer_norm_no_bias";
      case NormKind::kRmsNorm:
        return "rms_norm";
      case NormKind::kNone:
        break;
    }
    return "none";
  }

  void prove_kind(std::size_t stack, const std::string& field, NormKind kind, bool sure,
                  std::int32_t weight) {
    SpecField f{
        stacks()[stack].name + "." + field, kind_name(kind), {w_[weight].tensor}, "", !sure, {}};
    if (!sure) f.candidates = {"rms_norm", "layer_norm_no_bias"};
    in_.fields.push_back(std::move(f));
  }
  void prove(std::size_t stack, const std::string& field, std::int64_t value, std::int32_t weight) {
    prove(stack, field, std::to_string(value), weight);
  }
  void prove(std::size_t stack, const std::string& field, const std::string& value,
             std::int32_t weight) {
    prove(stacks()[stack].name + "." + field, value, weight);
  }
  void prove(const std::string& path, const std::string& value, std::int32_t weight) {
    in_.fields.push_back({path, value, {w_[weight].tensor}, "", false, {}});
  }

  bool placed(std::int32_t weight) const { return placed_.count(weight) > 0; }
  void place(std::int32_t weight, std::size_t stack, std::string term) {
    place(weight, static_cast<int>(stack), std::move(term));
  }
  void place(std::int32_t weight, int stack, std::string term) {
    placed_.insert(weight);
    in_.placements.push_back({weight, stack, -1, std::move(term)});
  }
  template <class Unit, class Stack>
  void place_unit(const Unit& unit, Stack stack, const std::string& term) {
    place(unit.weight, static_cast<int>(stack), term + ".weight");
    if (unit.bias >= 0 && !placed(unit.bias))
      place(unit.bias, static_cast<int>(stack), term + ".bias");
  }

  static std::size_t index(std::int32_t i) { return static_cast<std::size_t>(i); }

  const ModelSnapshot& s_;
  const Weights& w_;
  Inference& in_;
  Units units_;
  std::vector<std::int32_t> areas_;         ///< one a stack
  std::vector<std::int32_t> token_weight_;  ///< one a stack; -1: none of its own
  std::set<std::int32_t> placed_;
  std::int32_t transform_ = -1;
};

}  // namespace

void read_surroundings(const ModelSnapshot& snapshot, const Weights& weights,
                       Inference& inference) {
  Reader(snapshot, weights, inference).run();
}

}  // namespace tally::inspector
