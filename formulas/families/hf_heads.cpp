// Heads: what a class has behind its stacks, from words.
//
//   output         logits over the vocabulary, tied where tie_word_embeddings says so; +b: bias;
//                  +bb: registered twice
//   NAME:IN>OUT    linear layer, +b: with bias
//   NAME~WIDTH     norm of the family's kind
//   NAME|WIDTH     vector
//   mask_token     a mask token in the embedding
//
// +?field: bias where the field is true. A word that ends in ?field (?!field) stands only where it
// is true (false). Sizes: H, E, V, 1, 2, 2H; N labels; P pooler width; J projection width; TH, VH
// widths of CLIP's towers; C width of an audio classifier; D pixels a patch decodes to; L1 layers +
// 1; S1 and SN outputs of a summary (1 or labels, else H).
#include <formulas/families/hf_families.h>
#include <formulas/terms/terms.h>

#include <algorithm>

namespace tally::formulas {
namespace {

std::int64_t num_labels(ConfigFields& fields) {
  if (fields.given("id2label")) {
    const auto* labels = fields.object("id2label");
    const auto count = labels == nullptr ? 1 : static_cast<std::int64_t>(labels->members.size());
    if (count < 1) fields.fail("id2label", "is empty");
    return std::max<std::int64_t>(1, count);
  }
  return fields.optional_size("num_labels")
      .value_or(2);  // PreTrainedConfig's default, but for BART
}

std::int64_t tower_width(const TransformerSpec& spec, std::string_view name) {
  for (const auto& stack : spec.stacks) {
    if (stack.name == name) return stack.hidden_size;
  }
  return 1;
}

/// A size of a head: what it reads of the configuration ("?" before a field that needs no default,
/// "!" before one that is a flag), and its value.
struct HeadSize {
  std::string_view name;
  std::string_view fields;
  std::int64_t (*value)(SpecInProgress&);
};

std::int64_t hidden(SpecInProgress& work) { return work.stack().hidden_size; }

bool to_labels(SpecInProgress& work) { return work.fields.flag("summary_proj_to_labels"); }

constexpr std::string_view kLabels = "?id2label ?num_labels";

const HeadSize kHeadSizes[] = {
    {"1", "", [](SpecInProgress&) -> std::int64_t { return 1; }},
    {"2", "", [](SpecInProgress&) -> std::int64_t { return 2; }},
    {"H", "", hidden},
    {"2H", "",
     [](SpecInProgress& work) { return times(work.fields, "hidden_size", 2, hidden(work)); }},
    {"E", "", [](SpecInProgress& work) { return work.stack().embedding.embedding_size; }},
    {"V", "", [](SpecInProgress& work) { return work.stack().embedding.vocab_size; }},
    {"N", kLabels, [](SpecInProgress& work) { return num_labels(work.fields); }},
    {"P", "?pooler_hidden_size",
     [](SpecInProgress& work) {
       return work.fields.given("pooler_hidden_size") ? work.fields.size("pooler_hidden_size")
                                                      : hidden(work);
     }},
    {"PO", "pooler_output_size",
     [](SpecInProgress& work) {
       return work.fields.optional_size("pooler_output_size").value_or(hidden(work));
     }},
    {"J", "projection_dim",
     [](SpecInProgress& work) { return work.fields.size("projection_dim"); }},
    {"TH", "", [](SpecInProgress& work) { return tower_width(work.spec, "text"); }},
    {"VH", "", [](SpecInProgress& work) { return tower_width(work.spec, "vision"); }},
    {"C", "classifier_proj_size",
     [](SpecInProgress& work) { return work.fields.size("classifier_proj_size"); }},
    {"L1", "", [](SpecInProgress& work) { return work.stack().num_layers() + 1; }},
    {"D", "encoder_stride",
     [](SpecInProgress& work) {
       auto& fields = work.fields;
       const auto stride = fields.size("encoder_stride");
       return times(fields, "encoder_stride", times(fields, "encoder_stride", stride, stride),
                    work.stack().embedding.num_channels);
     }},
    {"S1", "!summary_proj_to_labels",
     [](SpecInProgress& work) { return to_labels(work) ? 1 : hidden(work); }},
    {"SN", "!summary_proj_to_labels ?id2label ?num_labels",
     [](SpecInProgress& work) { return to_labels(work) ? num_labels(work.fields) : hidden(work); }},
};

const HeadSize* head_size(std::string_view name) {
  const auto* const found = std::find_if(std::begin(kHeadSizes), std::end(kHeadSizes),
                                         [&](const HeadSize& size) { return size.name == name; });
  return found == std::end(kHeadSizes) ? nullptr : found;
}

/// One word of a head, taken apart.
struct HeadWord {
  std::string_view name;
  char kind = 0;               ///< ':', '~' or '|'; 0: output or mask_token
  std::string_view in, out;    ///< names of sizes
  std::string_view bias;       ///< "b", "bb", "?field" or ""
  std::string_view condition;  ///< "field" or "!field"; "": always
};

HeadWord head_word(std::string_view text) {
  HeadWord word;
  const auto mark = text.rfind('?');
  if (mark != std::string_view::npos && (mark == 0 || text[mark - 1] != '+')) {
    word.condition = text.substr(mark + 1);
    text = text.substr(0, mark);
  }
  if (const auto plus = text.find('+'); plus != std::string_view::npos) {
    word.bias = text.substr(plus + 1);
    text = text.substr(0, plus);
  }
  const auto split = text.find_first_of(":~|");
  word.name = text.substr(0, split);
  if (split == std::string_view::npos) return word;
  word.kind = text[split];
  word.in = text.substr(split + 1);
  if (word.kind != ':') return word;
  const auto arrow = word.in.find('>');
  if (arrow != std::string_view::npos) word.out = word.in.substr(arrow + 1);
  word.in = word.in.substr(0, arrow);
  return word;
}

template <class Each>
void for_each_word(std::string_view words, Each each) {
  while (!words.empty()) {
    const auto end = std::min(words.find(' '), words.size());
    if (end > 0) each(words.substr(0, end));
    words.remove_prefix(std::min(end + 1, words.size()));
  }
}

bool stands(ConfigFields& fields, std::string_view condition) {
  if (condition.empty()) return true;
  const bool negated = condition[0] == '!';
  return fields.flag(condition.substr(negated ? 1 : 0)) != negated;
}

bool has_bias(ConfigFields& fields, std::string_view bias) {
  if (!bias.empty() && bias[0] == '?') return fields.flag(bias.substr(1));
  return !bias.empty();
}

std::int64_t resolve(SpecInProgress& work, std::string_view name) {
  const auto* size = head_size(name);  // check_families() finds names that are none
  return size == nullptr ? 1 : size->value(work);
}

void add_output(SpecInProgress& work, std::string_view bias) {
  auto& output = work.spec.output;
  const auto& embedding = work.stack().embedding;
  output.present = true;
  output.tied = work.fields.flag("tie_word_embeddings");
  output.bias = has_bias(work.fields, bias);
  output.second_bias = bias == "bb";
  output.vocab_size = embedding.vocab_size;
  output.width = embedding.embedding_size;
}

void add_layer(SpecInProgress& work, const HeadWord& word) {
  HeadLayer layer;
  layer.id = std::string(word.name);
  layer.in = resolve(work, word.in);
  if (word.kind == ':') {
    layer.out = resolve(work, word.out);
    layer.bias = has_bias(work.fields, word.bias);
  } else if (word.kind == '~') {
    layer.kind = HeadLayerKind::kNorm;
    layer.norm = work.group().norm;
  } else {
    layer.kind = HeadLayerKind::kVector;
  }
  work.spec.head_layers.push_back(std::move(layer));
}

bool is_head_layer(std::string_view id) {
  const auto& table = head_layer_table();
  return std::any_of(table.begin(), table.end(),
                     [&](const HeadLayerInfo& info) { return info.id == id; });
}

}  // namespace

void add_heads(SpecInProgress& work, std::string_view layers) {
  for_each_word(layers, [&](std::string_view text) {
    const HeadWord word = head_word(text);
    if (!stands(work.fields, word.condition)) return;
    if (word.kind != 0) {
      add_layer(work, word);
    } else if (word.name == "output") {
      add_output(work, word.bias);
    } else {
      work.stack().embedding.mask_token = true;
    }
  });
}

std::vector<FieldUse> head_fields(std::string_view layers, std::vector<std::string>& complaints) {
  std::vector<FieldUse> uses;
  for_each_word(layers, [&](std::string_view text) {
    const HeadWord word = head_word(text);
    const auto complain = [&](const std::string& what) {
      complaints.push_back("the head's word \"" + std::string(text) + "\" " + what);
    };
    const bool output = word.kind == 0 && word.name == "output";
    if (word.kind == 0 && !output && word.name != "mask_token")
      complain("is neither output nor mask_token, and has no size");
    if (word.kind != 0 && !is_head_layer(word.name))
      complain("names a layer that head_layer_table() has not");
    if (output) uses.push_back({"tie_word_embeddings", FieldUse::kFlag, false});
    for (const auto name : {word.in, word.out}) {
      if (word.kind == 0 || (word.kind != ':' && name.data() != word.in.data())) continue;
      const auto* size = head_size(name);
      if (size == nullptr) {
        complain("has the size \"" + std::string(name) + "\", which is none");
        continue;
      }
      for_each_word(size->fields, [&](std::string_view field) {
        const bool flag = field[0] == '!', optional = field[0] == '?';
        uses.push_back({std::string(field.substr(flag || optional ? 1 : 0)),
                        flag ? FieldUse::kFlag : FieldUse::kAny, optional});
      });
    }
    if (!word.bias.empty() && word.bias[0] == '?') {
      uses.push_back({std::string(word.bias.substr(1)), FieldUse::kFlag, false});
    } else if (!word.bias.empty() && word.bias != "b" && !(output && word.bias == "bb")) {
      complain("has the bias \"" + std::string(word.bias) + "\", which is none");
    }
    if (!word.condition.empty()) {
      const bool negated = word.condition[0] == '!';
      uses.push_back({std::string(word.condition.substr(negated ? 1 : 0)), FieldUse::kFlag, false});
    }
  });
  return uses;
}

}  // namespace tally::formulas
