// Heads: what a class has behind its stacks, from words.
//
//   output             logits over the vocabulary, tied where tie_word_embeddings says so; +b:
//   bias; +bb: registered twice NAME:IN>OUT        linear layer, +b: with bias NAME~WIDTH norm of
//   the family's kind NAME|WIDTH         vector mask_token         a mask token in the embedding
//
// +?field: bias where the field is true. A word that ends in ?field (?!field) stands only where it
// is true (false). Sizes: H, E, V, 1, 2, 2H; N labels; P pooler width; J projection width; TH, VH
// widths of CLIP's towers; C width of an audio classifier; D pixels a patch decodes to; L1 layers +
// 1; S1 and SN outputs of a summary (1 or labels, else H).
#include <formulas/families/hf_families.h>

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

std::int64_t resolve(SpecInProgress& work, std::string_view name) {
  auto& fields = work.fields;
  const auto& stack = work.stack();
  if (name == "1" || name == "2") return name[0] - '0';
  if (name == "H") return stack.hidden_size;
  if (name == "2H") return times(fields, "hidden_size", 2, stack.hidden_size);
  if (name == "E") return stack.embedding.embedding_size;
  if (name == "V") return stack.embedding.vocab_size;
  if (name == "N") return num_labels(fields);
  if (name == "P" && work.family.model_type == "vit")
    return fields.optional_size("pooler_output_size").value_or(stack.hidden_size);
  if (name == "P")
    return fields.given("pooler_hidden_size") ? fields.size("pooler_hidden_size")
                                              : stack.hidden_size;
  if (name == "J") return fields.size("projection_dim");
  if (name == "TH") return tower_width(work.spec, "text");
  if (name == "VH") return tower_width(work.spec, "vision");
  if (name == "C") return fields.size("classifier_proj_size");
  if (name == "L1") return stack.num_layers() + 1;
  if (name == "D") {
    const auto stride = fields.size("encoder_stride");
    return times(fields, "encoder_stride", times(fields, "encoder_stride", stride, stride),
                 stack.embedding.num_channels);
  }
  const bool to_labels = fields.flag("summary_proj_to_labels");  // S1, SN
  if (!to_labels) return stack.hidden_size;
  return name == "S1" ? 1 : num_labels(fields);
}

/// "?field" and "?!field" behind a word; removes it from the word.
bool stands(ConfigFields& fields, std::string_view& word) {
  const auto mark = word.rfind('?');
  if (mark == std::string_view::npos || (mark > 0 && word[mark - 1] == '+')) return true;
  auto field = word.substr(mark + 1);
  word = word.substr(0, mark);
  const bool negated = !field.empty() && field[0] == '!';
  if (negated) field.remove_prefix(1);
  return fields.flag(field) != negated;
}

/// What follows the '+' of a word: "b", "bb", "?field" or nothing; removes it from the word.
std::string_view take_bias(std::string_view& word) {
  const auto plus = word.find('+');
  if (plus == std::string_view::npos) return "";
  const auto bias = word.substr(plus + 1);
  word = word.substr(0, plus);
  return bias;
}

void add_output(SpecInProgress& work, std::string_view bias) {
  auto& output = work.spec.output;
  const auto& embedding = work.stack().embedding;
  output.present = true;
  output.tied = work.fields.flag("tie_word_embeddings");
  output.bias = bias == "b" || bias == "bb" ||
                (!bias.empty() && bias[0] == '?' && work.fields.flag(bias.substr(1)));
  output.second_bias = bias == "bb";
  output.vocab_size = embedding.vocab_size;
  output.width = embedding.embedding_size;
}

void add_layer(SpecInProgress& work, std::string_view word, std::string_view bias) {
  HeadLayer layer;
  const auto mark = word.find_first_of(":~|");
  layer.id = std::string(word.substr(0, mark));
  auto size = word.substr(mark + 1);
  if (word[mark] == ':') {
    const auto arrow = size.find('>');
    layer.out = resolve(work, size.substr(arrow + 1));
    layer.bias =
        bias == "b" || (!bias.empty() && bias[0] == '?' && work.fields.flag(bias.substr(1)));
    size = size.substr(0, arrow);
  } else if (word[mark] == '~') {
    layer.kind = HeadLayerKind::kNorm;
    layer.norm = work.group().norm;
  } else {
    layer.kind = HeadLayerKind::kVector;
  }
  layer.in = resolve(work, size);
  work.spec.head_layers.push_back(std::move(layer));
}

}  // namespace

void add_heads(SpecInProgress& work, std::string_view layers) {
  while (!layers.empty()) {
    const auto end = std::min(layers.find(' '), layers.size());
    auto word = layers.substr(0, end);
    layers.remove_prefix(std::min(end + 1, layers.size()));
    if (!stands(work.fields, word)) continue;
    const auto bias = take_bias(word);
    if (word == "output") {
      add_output(work, bias);
    } else if (word == "mask_token") {
      work.stack().embedding.mask_token = true;
    } else {
      add_layer(work, word, bias);
    }
  }
}

}  // namespace tally::formulas
