#include <app/audit/audit_report.h>
#include <app/audit/safety.h>
#include <gtest/gtest.h>
#include <report/render.h>
#include <report/views.h>

#include <nlohmann/json.hpp>

namespace tally::app {
namespace {

using nlohmann::json;

/// A model of which the reader found `codes`.
AuditedFile model(const std::vector<std::string>& codes) {
  Audit audit;
  audit.snapshot.modules.resize(1);
  for (const std::string& code : codes)
    audit.snapshot.findings.push_back({code, "text of " + code});
  audit.census = *take_census(audit.snapshot);
  return {"m.pt", std::move(audit)};
}

/// Whether `--fail-on word` passes.
bool passes(const std::string& word, const std::vector<std::string>& codes) {
  const auto conditions = read_audit_conditions({word});
  EXPECT_TRUE(conditions) << conditions.error().message;
  AuditedFile file = model(codes);
  file.audit->gates.push_back(conditions->front().evaluate(*file.audit));
  const bool passed = file.audit->gates.front().finding.passed;
  EXPECT_EQ(outcome_of(file), passed ? Outcome::kPassed : Outcome::kCheckFailed);
  return passed;
}

TEST(AuditGates, FailOnWhatTheyName) {
  EXPECT_TRUE(passes("unsafe-ops", {}));
  EXPECT_TRUE(passes("unsafe-ops", {"unknown-operator", "hidden-bytes", "state-code"}));
  EXPECT_FALSE(passes("unsafe-ops", {"unsafe-operator"}));
  EXPECT_FALSE(passes("unsafe-ops", {"unscanned-code"})) << "it may do anything";
  EXPECT_TRUE(passes("unknown-ops", {"unsafe-operator", "hidden-bytes"}));
  EXPECT_FALSE(passes("unknown-ops", {"unknown-operator"}));
  EXPECT_FALSE(passes("unknown-ops", {"unknown-class"}));
  EXPECT_FALSE(passes("unknown-ops", {"unscanned-code"}));
  EXPECT_TRUE(passes("hidden-bytes", {"unsafe-operator", "unknown-operator"}));
  EXPECT_FALSE(passes("hidden-bytes", {"hidden-bytes"}));
}

TEST(AuditGates, RefuseWordsThatAreNone) {
  const auto conditions = read_audit_conditions({"hidden-byte"});
  ASSERT_FALSE(conditions);
  EXPECT_EQ(conditions.error().code, ErrorCode::kUsage);
  EXPECT_EQ(conditions.error().hint, "did you mean hidden-bytes?");
}

TEST(AuditGates, StandInTheReportAndInJson) {
  AuditedFile file = model({"hidden-bytes"});
  const auto conditions = read_audit_conditions({"hidden-bytes", "unsafe-ops"});
  for (const auto& condition : *conditions)
    file.audit->gates.push_back(condition.evaluate(*file.audit));
  AuditReport made(1, "", {});
  made.add(0, file);
  const report::Report report = std::move(made).finish();
  EXPECT_EQ(json::parse(to_json(report)).at("models").at(0).at("checks"), json::parse(R"([
      {"check": "--fail-on hidden-bytes", "passed": false, "value": 1,
       "found": "text of hidden-bytes"},
      {"check": "--fail-on unsafe-ops", "passed": true, "value": 0, "found": "none found"}])"));
  const std::string text = render_text(to_document(report), report::TextStyle{});
  EXPECT_NE(text.find("FAILED  --fail-on hidden-bytes: text of hidden-bytes"), std::string::npos)
      << text;
}

TEST(Safety, IsToldInEveryReportWhereItMatters) {
  const auto text_of = [](const AuditView& view) {
    AuditReport made(1, "", view);
    made.add(0, model({"unsafe-operator", "state-code"}));
    return render_text(to_document(std::move(made).finish()), report::TextStyle{});
  };
  AuditView safety;
  safety.safety = true;
  EXPECT_NE(text_of({}).find("note: text of unsafe-operator"), std::string::npos);
  EXPECT_EQ(text_of({}).find("text of state-code"), std::string::npos)
      << "every quantized model has it";
  EXPECT_NE(text_of(safety).find("text of state-code"), std::string::npos);
}

TEST(Safety, HasARowForEachCheck) {
  AuditView view;
  view.safety = true;
  AuditReport made(1, "", view);
  made.add(0, model({"unsafe-operator"}));
  const json rows = json::parse(to_json(std::move(made).finish())).at("models").at(0).at("safety");
  ASSERT_EQ(rows.size(), 8U);
  EXPECT_EQ(rows[0].at("verdict"), "found");
  EXPECT_EQ(rows[0].at("found"), json::parse(R"(["text of unsafe-operator"])"));
  for (std::size_t i = 1; i < rows.size(); ++i) {
    EXPECT_EQ(rows[i].at("verdict"), "clean");
    EXPECT_TRUE(rows[i].at("found").empty());
  }
}

}  // namespace
}  // namespace tally::app
