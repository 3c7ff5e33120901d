// The audit's report of snapshots made by hand: what every format has of them.

#include <app/audit/audit_report.h>
#include <gtest/gtest.h>
#include <report/render.h>
#include <report/views.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace tally::app {
namespace {

using inspector::ModelSnapshot;
using nlohmann::json;

/// One Linear of 2 × 3 weights, tied to a second name; 24 bytes.
AuditedFile tied_model(const std::string& path) {
  Audit audit;
  ModelSnapshot& s = audit.snapshot;
  s.path = path;
  s.file_bytes = 100;
  s.format = "TorchScript";
  s.modules.resize(2);
  s.modules[0].type = "Model";
  s.modules[1] = {"fc", ModuleId(0), "torch.nn.modules.linear.Linear", ModuleId::none(), {},
                  {},   -1};
  s.storages.push_back({"data/0", 24, 7, "cpu"});
  for (const char* name : {"weight", "again"}) {
    inspector::TensorRecord tensor;
    tensor.module = ModuleId(1);
    tensor.name = name;
    tensor.kind = inspector::TensorKind::kParameter;
    tensor.view = {inspector::Dtype::kFloat32, {2, 3}, {3, 1}, StorageId(0), 0, 6, 24};
    tensor.requires_grad = true;
    s.tensors.push_back(tensor);
  }
  s.sections.push_back({"weights", 1, 100});
  audit.census = *take_census(s);
  return {path, std::move(audit)};
}

AuditedFile unreadable(const std::string& path) {
  return {path, Error{ErrorCode::kMalformed, "it is damaged", "copy it again"}};
}

report::Report report_on(const std::vector<AuditedFile>& files, AuditView view = {}) {
  AuditReport report(files.size(), "", view);
  for (std::size_t i = 0; i < files.size(); ++i) report.add(i, files[i]);
  return std::move(report).finish();
}

std::string text_of(const report::Report& report) {
  return render_text(to_document(report), report::TextStyle{});
}

TEST(AuditReport, HasOneNumberInEveryFormat) {
  const report::Report report = report_on({tied_model("m.pt")});
  const json model = json::parse(to_json(report)).at("models").at(0);
  EXPECT_EQ(model.at("totals").at("parameters").at("elements"), 6);  // 2 × 3, once
  EXPECT_EQ(model.at("totals").at("naive").at("elements"), 12);      // under both names
  EXPECT_EQ(model.at("tensors").at(1).at("alias_of"), "fc.weight");
  EXPECT_FALSE(model.at("tensors").at(0).contains("alias_of"));
  EXPECT_NE(text_of(report).find("parameters    6  all trainable; 12 with shared"),
            std::string::npos)
      << text_of(report);
  EXPECT_EQ(
      to_csv(report),
      "model,module,type,parameters,others,again,bytes,own_parameters,own_others,own_bytes\r\n"
      "m.pt,,Model,6,0,6,24,0,0,0\r\n"
      "m.pt,fc,torch.nn.modules.linear.Linear,6,0,6,24,6,0,24\r\n");
}

TEST(AuditReport, IsALineAModelForSeveral) {
  const report::Report report = report_on({tied_model("a.pt"), unreadable("b.pt")});
  const json models = json::parse(to_json(report)).at("models");
  ASSERT_EQ(models.size(), 2U);
  EXPECT_EQ(models[0].at("path"), "a.pt");
  EXPECT_EQ(models[1], json::parse(R"({"path": "b.pt", "error": {"code": "malformed",
      "message": "it is damaged", "hint": "copy it again"}})"));
  const std::string text = text_of(report);
  EXPECT_NE(text.find("UNREADABLE: it is damaged"), std::string::npos);
  EXPECT_NE(text.find("2 models, 1 unreadable"), std::string::npos);
  EXPECT_EQ(text.find("Shared tensors"), std::string::npos);
  EXPECT_EQ(to_csv(report),
            "model,modules,parameters,others,again,tensor_bytes,file_bytes,dtypes,note\r\n"
            "a.pt,2,6,,6,24,100,float32,\r\n"
            "b.pt,,,,,,,,UNREADABLE: it is damaged\r\n");
}

TEST(AuditReport, OfSeveralHasTheModelsThatReportsOfOneHave) {
  const json both = json::parse(to_json(report_on({tied_model("a.pt"), tied_model("b.pt")})));
  for (std::size_t i = 0; i < 2; ++i) {
    const std::string path = i == 0 ? "a.pt" : "b.pt";
    const json one = json::parse(to_json(report_on({tied_model(path)})));
    EXPECT_EQ(both.at("models").at(i), one.at("models").at(0));
    const json line = json::parse(to_json_line(audit_line(tied_model(path), "", {})));
    for (const auto& [key, value] : one.at("models").at(0).items()) EXPECT_EQ(line.at(key), value);
  }
}

TEST(AuditReport, ShowsEachInFullWhereThatIsAskedFor) {
  AuditView view;
  view.each = true;
  const report::Report report = report_on({tied_model("a.pt"), tied_model("b.pt")}, view);
  const std::string text = text_of(report);
  EXPECT_NE(text.find("Shared tensors"), std::string::npos);
  EXPECT_LT(text.find("a.pt"), text.find("b.pt"));
  EXPECT_LT(text.find("b.pt"), text.find("Summary"));
  EXPECT_EQ(json::parse(to_json(report)).at("models").size(), 2U);
}

// What no format asks for is not made: thousands of files would each leave their tables behind.
TEST(AuditReport, KeepsOfEachFileWhatItsFormatsShow) {
  AuditView view;
  view.for_json = view.for_csv = false;
  const report::Report report = report_on({tied_model("a.pt"), tied_model("b.pt")}, view);
  EXPECT_EQ(report.body.blocks.size(), 2U) << "the table and the line below it";
}

TEST(AuditOutcome, IsTheWorstOfTheFiles) {
  AuditedFile file = tied_model("a.pt");
  EXPECT_EQ(outcome_of(file), Outcome::kPassed);
  file.audit->verification = inspector::Verification{1, 1, {}};
  EXPECT_EQ(outcome_of(file), Outcome::kPassed);
  file.audit->verification = inspector::Verification{1, 1, {"it has another shape"}};
  EXPECT_EQ(outcome_of(file), Outcome::kCheckFailed);
  file.audit->verification =
      Result<inspector::Verification>(Error{ErrorCode::kUnavailable, "", ""});
  EXPECT_EQ(outcome_of(file), Outcome::kUnavailable) << "a check that could not run";
  EXPECT_EQ(outcome_of(unreadable("b.pt")), Outcome::kUnreadable);
  EXPECT_EQ(worse(Outcome::kCheckFailed, Outcome::kUnreadable), Outcome::kUnreadable);
}

}  // namespace
}  // namespace tally::app
