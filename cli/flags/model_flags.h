// Flags that say which model is meant before it is built.
#pragma once

#include <app/plan/named_model.h>

namespace CLI {
class App;
}

namespace tally::cli {

void add_model_flags(CLI::App& command, app::ModelChoice& flags);

}  // namespace tally::cli
