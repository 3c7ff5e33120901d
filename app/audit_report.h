// The audit's report: audited models as a Document for people and as JSON for programs.
#pragma once

#include <inspector/census/census.h>
#include <inspector/census/folded_tree.h>
#include <inspector/model/snapshot.h>
#include <inspector/model/verification.h>
#include <report/document.h>
#include <report/numbers.h>

#include <optional>
#include <string>
#include <vector>

namespace tally::report::layout {}
namespace tally::app {}
namespace tally::app {
using namespace report;
using namespace report::layout;

/// How much of a model the text shows, and in which order. The JSON always has everything.
struct AuditView {
  int depth = 3;         ///< levels below the root; -1: all
  std::size_t rows = 0;  ///< most rows below one module; 0: all
  inspector::SiblingOrder order = inspector::SiblingOrder::kFile;
  Units units = Units::kExact;
  bool details = false;  ///< the modules' own constants, every tensor of a kind and dtype
  bool tensors = false;  ///< a table of every tensor
  bool each = false;     ///< a full report of each model, though there are several
};

/// One model, or why it could not be read.
struct AuditedModel {
  struct Contents {
    inspector::ModelSnapshot snapshot;
    inspector::Census census;
    std::vector<bool>
        selected;  ///< one a tensor: whether the filter lets it through; empty: no filter
    std::optional<Result<inspector::Verification>> verification;
  };
  std::string path;
  Result<Contents> contents;
};

struct AuditReport {
  std::string filter;  ///< the regular expression of --filter; "" for none
  std::vector<AuditedModel> models;
};

Document audit_document(const AuditReport& report, const AuditView& view);

/// docs/schema/audit-1.schema.json describes it.
std::string audit_json(const AuditReport& report);
inline constexpr int kAuditSchemaVersion = 1;

}  // namespace tally::app
