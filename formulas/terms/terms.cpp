#include <base/wide.h>
#include <formulas/terms/term_rows.h>
#include <formulas/terms/terms.h>

#include <optional>

namespace tally::formulas {
namespace {

/// The parts of "n_q·d, H".
std::vector<std::string_view> factors(std::string_view shape) {
  std::vector<std::string_view> parts;
  while (true) {
    const auto comma = shape.find(", ");
    parts.push_back(shape.substr(0, comma));
    if (comma == std::string_view::npos) return parts;
    shape.remove_prefix(comma + 2);
  }
}

/// "L" and "r_kv+d_r, H" as one product: "L·(r_kv+d_r)·H". A factor 1 is left out.
std::string as_product(std::string_view copies, std::string_view shape) {
  std::string product;
  const auto append = [&product](std::string_view factor) {
    if (factor == "1") return;
    if (!product.empty()) product += "·";
    const bool sum =
        factor.find('+') != std::string_view::npos && factor.find('(') == std::string_view::npos;
    product += sum ? "(" + std::string(factor) + ")" : std::string(factor);
  };
  append(copies);
  for (const auto part : factors(shape)) append(part);
  return product;
}

bool stored_transposed(const TermRow& row, const TermContext& context) {
  if (!row.transposable) return false;
  return row.scope == TermScope::kAttention ? context.attention->transposed
                                            : context.group->mlp.transposed;
}

/// Makes the terms of one specification; keeps the first thing that did not fit.
class TermMaker {
 public:
  explicit TermMaker(const TransformerSpec& spec) : spec_(spec) {}

  Result<std::vector<TermCount>> run() {
    for (std::size_t i = 0; i < spec_.stacks.size(); ++i) add_stack(static_cast<int>(i));
    add_heads();
    if (overflow_) return *overflow_;
    return std::move(terms_);
  }

 private:
  void add_stack(int index) {
    stack_ = index;
    group_ = -1;
    TermContext context;
    context.stack = &spec_.stacks[static_cast<std::size_t>(index)];
    add_scope(TermScope::kEmbedding, context);
    const auto& groups = context.stack->groups;
    for (std::size_t g = 0; g < groups.size(); ++g) {
      group_ = static_cast<int>(g);
      context.group = &groups[g];
      add_layers(context);
    }
    group_ = -1;
    context.group = nullptr;
    add_scope(TermScope::kFinalNorm, context);
  }

  void add_layers(TermContext context) {
    context.attention = &context.group->attention;
    add_scope(TermScope::kAttention, context);
    if (context.group->has_cross_attention) {
      context.attention = &context.group->cross_attention;
      context.cross = true;
      add_scope(TermScope::kAttention, context);
      context.cross = false;
    }
    context.attention = nullptr;
    add_scope(TermScope::kLayer, context);
  }

  void add_heads() {
    stack_ = -1;
    TermContext context;
    context.output = &spec_.output;
    add_scope(TermScope::kOutput, context);
    context.output = nullptr;
    for (const auto& layer : spec_.head_layers) {
      if (!layer.present) continue;
      context.head_layer = &layer;
      add_scope(TermScope::kHeadLayer, context);
    }
  }

  void add_scope(TermScope scope, const TermContext& context) {
    for (const auto& row : term_rows()) {
      if (row.scope == scope && row.present(context)) add(row, context);
    }
  }

  TermKey key_of(const TermContext& context, TermName name) const {
    TermKey key;
    if (context.stack != nullptr) {
      key.stack = context.stack->name;
      if (context.group != nullptr && context.stack->groups.size() > 1) key.group = group_;
    }
    name.cross = context.cross;
    if (context.head_layer != nullptr) {
      name.slot = slot::kHeadLayer;
      name.head_layer = context.head_layer->id;
    }
    key.name = std::move(name);
    return key;
  }

  void add(const TermRow& row, const TermContext& context) {
    const auto values = symbol_values(context);
    TermCount term;
    term.key = key_of(context, row.name);
    term.id = term.key.text();
    term.term_id = TermName{row.name.slot, row.name.part, context.cross}.text();
    term.traits = row.traits;
    term.stack = stack_;
    term.group = group_;
    term.component = row.info.component;
    term.source = row.info.source;
    write_formula(row, context, values, term);
    const bool fits = count(row, context, values, term) && apply_aliases(term);
    total_ += Wide(term.unique_params) + term.tied_params;
    if (!overflow_ && (!fits || !total_.to_int64()))
      overflow_ = too_large(row, context, values, term, fits);
    if (row.packed != nullptr && row.packed(context))
      term.packing = key_of(context, {row.packing, row.name.part});
    terms_.push_back(std::move(term));
  }

  /// Names the largest of the sizes that the term is the product of.
  Error too_large(const TermRow& row, const TermContext& context, const SymbolValues& values,
                  const TermCount& term, bool fits) const {
    const SymbolValue* largest = nullptr;
    for (const auto& symbol : symbols_in(row.info.formula())) {
      for (const auto& value : values) {
        if (value.symbol == symbol && (largest == nullptr || value.value > largest->value))
          largest = &value;
      }
    }
    const std::string count = term.id + " = " + term.numbers;
    return Error{ErrorCode::kUsage,
                 path_of(context, *largest) + " is " + std::to_string(largest->value) +
                     (fits ? ", and with " + count + " the number of parameters does not fit"
                           : ", and the count of " + count + " does not fit") +
                     " in 64 bits",
                 "check this size and those beside it"};
  }

  std::string path_of(const TermContext& context, const SymbolValue& value) const {
    FieldKey key;
    key.part = context.cross && value.part == FieldPart::kAttention ? FieldPart::kCrossAttention
                                                                    : value.part;
    key.name = value.field;
    key.stack = stack_;
    const bool of_stack = key.part == FieldPart::kStack || key.part == FieldPart::kEmbedding;
    if (!of_stack) key.group = group_;
    if (context.head_layer != nullptr) key.head_layer = context.head_layer->id;
    return path(key, spec_);
  }

  static void write_formula(const TermRow& row, const TermContext& context,
                            const SymbolValues& values, TermCount& term) {
    const bool one_table = context.stack != nullptr && context.stack->embedding.token_tables == 1;
    const std::string product =
        as_product(one_table && row.info.copies == "T_n" ? "1" : row.info.copies, row.info.shape);
    term.numbers = with_numbers(product, values);
    // W and N stand for a width that has a better name, and E is H where nothing is projected.
    std::vector<std::pair<std::string_view, std::string_view>> names;
    if (context.stack != nullptr) {
      const auto& e = context.stack->embedding;
      const auto width_name = [&](std::int64_t width) -> std::string_view {
        return width == context.stack->hidden_size ? "H" : "E";
      };
      names = {{"W", width_name(e.position_width)},
               {"N", width_name(e.norm_width)},
               {"E", width_name(e.embedding_size)}};
    } else if (context.output != nullptr) {
      names = {{"W", "H"}};
    }
    term.symbols = with_names(product, names);
  }

  static bool count(const TermRow& row, const TermContext& context, const SymbolValues& values,
                    TermCount& term) {
    Wide params = 1;
    for (const auto factor : factors(row.info.shape)) {
      const auto size = evaluate(factor, values);
      if (!size) return false;
      term.shape.push_back(*size);
      params *= *size;
    }
    term.transposed = stored_transposed(row, context);
    if (term.transposed) std::swap(term.shape.front(), term.shape.back());
    const auto copies = evaluate(row.info.copies, values);
    if (!copies) return false;
    const auto one = params.to_int64(), unique = (params * *copies).to_int64();
    if (!one || !unique) return false;
    term.copies = *copies;
    term.tensor_params = *one;
    term.unique_params = *unique;
    if (context.group != nullptr && row.info.copies != "1")
      term.copies_per_layer = *copies / context.group->num_layers();
    if (row.traits.expert) {
      const auto& mlp = context.group->mlp;
      // Fits: smaller than unique_params.
      term.idle_params =
          context.group->num_layers() * (mlp.num_experts - mlp.num_experts_per_token) * *one;
    }
    return true;
  }

  /// Which terms are other terms' tensors, or are registered more than once.
  bool apply_aliases(TermCount& term) {
    if (term.traits.token_table) {
      term.aliases =
          spec_.stacks[static_cast<std::size_t>(term.stack)].embedding.token_table_aliases;
      const auto again = (Wide(term.aliases) * term.tensor_params).to_int64();
      term.tied_params = again.value_or(0);
      if (tokens_id_.empty()) tokens_id_ = term.id;
      return again.has_value();
    }
    const TermName& name = term.key.name;
    const bool output = name.slot == slot::kOutput && spec_.output.tied;
    const bool weight = output && name.part == Part::kWeight;
    if (weight || (output && name.part == Part::kSecondBias)) {
      term.alias_of = weight ? tokens_id_ : TermName{slot::kOutput, Part::kBias}.text();
      term.tied_params = term.unique_params;
      term.unique_params = 0;
    }
    return true;
  }

  const TransformerSpec& spec_;
  int stack_ = -1;
  int group_ = -1;
  std::vector<TermCount> terms_;
  std::string tokens_id_;
  Wide total_;  ///< every name of every tensor so far
  std::optional<Error> overflow_;
};

}  // namespace

std::string TermInfo::formula() const { return as_product(copies, shape); }

std::string_view component_name(Component component) {
  switch (component) {
    case Component::kEmbedding:
      return "embedding";
    case Component::kAttention:
      return "attention";
    case Component::kMlp:
      return "mlp";
    case Component::kNorm:
      return "norm";
    case Component::kHead:
      return "head";
  }
  return "";
}

Result<std::vector<TermCount>> terms(const TransformerSpec& spec) {
  if (auto valid = validate(spec); !valid) return valid.error();
  return TermMaker(spec).run();
}

}  // namespace tally::formulas
