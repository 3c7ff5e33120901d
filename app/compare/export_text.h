// What an export changed, in words.
#pragma once

#include <inspector/reconcile/explain/export_changes.h>

#include <string>

namespace tally::app {

/// A sentence, with every number of `change` in it.
std::string change_text(const inspector::ExportChange& change);

}  // namespace tally::app
