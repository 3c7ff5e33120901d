#include <cli/flags/model_flags.h>

#include <CLI/CLI.hpp>

namespace tally::cli {
using namespace app;
namespace {

/// Sizes beside a configuration.
constexpr struct {
  const char* size;  ///< of ModelChoice
  const char* flag;
  const char* help;
} kSizeFlags[] = {
    {"vocab_size", "--vocab-size", "Rows of the token table"},
    {"hidden_size", "--hidden-size", "Width of the residual stream"},
    {"num_layers", "--num-layers", "Layers (of encoder and decoder alike)"},
    {"num_attention_heads", "--num-heads", "Attention heads"},
    {"num_key_value_heads", "--num-kv-heads", "Key-value heads"},
    {"head_dim", "--head-dim", "Width of a head"},
    {"intermediate_size", "--intermediate-size", "Width of the MLP"},
    {"max_positions", "--max-positions", "Longest sequence"},
    {"num_experts", "--num-experts", "Experts of a mixture"},
    {"num_experts_per_token", "--experts-per-token", "Experts that a token passes through"}};

}  // namespace

void add_model_flags(CLI::App& command, ModelChoice& flags) {
  command.add_option("--config", flags.config_path, "config.json of a Hugging Face model")
      ->option_text("FILE");
  command.add_option("--preset", flags.preset, "A published model by name, for example llama-3-8b")
      ->option_text("NAME");
  command
      .add_option("--family", flags.family,
                  "model_type: llama, gpt2, bert, ...; in place of the file's")
      ->option_text("NAME");
  command
      .add_option("--architecture", flags.architecture,
                  "Class that is counted, for example BertForMaskedLM")
      ->option_text("NAME");
  for (const auto& flag : kSizeFlags) {
    command.add_option(flag.flag, flags.sizes[flag.size], flag.help)->option_text("N");
  }
  auto* tie =
      command.add_flag("--tie-embeddings", flags.tie_embeddings, "The head is the token table");
  command
      .add_flag("--untie-embeddings", flags.untie_embeddings, "The head has a weight of its own")
      ->excludes(tie);
  command
      .add_option("--set", flags.settings,
                  "Any field of the configuration, repeatable: --set attention_bias=true")
      ->option_text("FIELD=VALUE");
}

}  // namespace tally::cli
