#include <cli/flags/model_flags.h>

#include <CLI/CLI.hpp>

namespace tally::cli {
using namespace app;

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
  for (const auto& flag : size_fields()) {
    command.add_option(flag.flag, flags.sizes[flag.field], flag.help)->option_text("N");
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
