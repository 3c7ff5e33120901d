#include <app/read_config.h>
#include <app/read_text.h>

namespace tally::app {

Result<std::string> read_config(const std::string& path) {
  return read_text(path, {kMostConfigBytes, "more than 16 MiB, too large for a config.json",
                          "give the config.json of a Hugging Face model"});
}

}  // namespace tally::app
