// What an audit comes to, with LibTorch's word beside it, and the lists that are cut short. The
// snapshots are made by hand, so that every figure is counted here.
#include <app/audit/audit_report.h>
#include <gtest/gtest.h>
#include <report/render.h>
#include <report/views.h>

#include <algorithm>

namespace tally::app {
namespace {

using inspector::TensorKind;
using inspector::Verification;

/// A model of one module with a vector of each of `sizes`.
AuditedFile model(const std::vector<std::int64_t>& sizes, TensorKind kind = TensorKind::kParameter,
                  bool requires_grad = true) {
  Audit audit;
  inspector::ModelSnapshot& s = audit.snapshot;
  s.format = "TorchScript";
  s.modules.resize(1);
  s.modules[0].type = "Model";
  for (const std::int64_t size : sizes) {
    inspector::TensorRecord tensor;
    tensor.module = ModuleId(0);
    tensor.name = "t" + std::to_string(s.tensors.size());
    tensor.kind = kind;
    tensor.requires_grad = requires_grad;
    tensor.view = {
        inspector::Dtype::kFloat32, {size}, {1}, StorageId(s.storages.size()), 0, size, 4 * size};
    s.storages.push_back({"data/" + std::to_string(s.storages.size()), 4 * size, 0, "cpu"});
    s.tensors.push_back(tensor);
  }
  audit.census = *take_census(s);
  return {"m.pt", std::move(audit)};
}

std::string text_of(const AuditedFile& file, AuditView view = {}) {
  AuditReport report(1, "", view);
  report.add(0, file);
  return render_text(to_document(std::move(report).finish()), report::TextStyle{});
}

TEST(AuditOutcome, MindsWhatLibTorchSays) {
  AuditedFile file = model({3});
  EXPECT_EQ(outcome_of(file), Outcome::kPassed);
  file.audit->verification = Result<Verification>(Verification{1, 1, {}});
  EXPECT_EQ(outcome_of(file), Outcome::kPassed);
  EXPECT_EQ(summary_of(file).notes, std::vector<std::string>{"LibTorch agrees"});
  file.audit->verification = Result<Verification>(Verification{1, 1, {"t0 has another size"}});
  EXPECT_EQ(outcome_of(file), Outcome::kCheckFailed);
  EXPECT_EQ(summary_of(file).notes, std::vector<std::string>{"LibTorch differs in 1 point"});
  file.audit->verification =
      Result<Verification>(Error{ErrorCode::kUnavailable, "an operator is not there", ""});
  EXPECT_EQ(outcome_of(file), Outcome::kUnavailable);
  EXPECT_EQ(summary_of(file).notes,
            std::vector<std::string>{"not checked: an operator is not there"});
}

TEST(AuditSummary, CountsOthersAndAgainApart) {
  AuditedFile file = model({3, 5}, TensorKind::kBuffer, false);
  Audit& audit = *file.audit;
  audit.snapshot.tensors.push_back(audit.snapshot.tensors[1]);  // t1 under a second name
  audit.snapshot.tensors[0].kind = TensorKind::kParameter;
  audit.census = *take_census(audit.snapshot);
  const AuditSummary summary = summary_of(file);
  EXPECT_EQ(summary.parameters, 3);
  EXPECT_EQ(summary.others, 5);
  EXPECT_EQ(summary.again, 5);
  EXPECT_EQ(summary.tensor_bytes, 4 * (3 + 5));
}

TEST(AuditReport, SaysWhatIsTrainable) {
  EXPECT_NE(text_of(model({3})).find("3  all trainable"), std::string::npos);
  EXPECT_NE(text_of(model({3}, TensorKind::kParameter, false)).find("3  none trainable"),
            std::string::npos);
  AuditedFile both = model({3, 4});
  both.audit->snapshot.tensors[1].requires_grad = false;
  both.audit->census = *take_census(both.audit->snapshot);
  EXPECT_NE(text_of(both).find("7  3 trainable, 4 frozen"), std::string::npos);
}

TEST(AuditReport, NamesKindsByTheirNames) {
  EXPECT_NE(text_of(model({6}, TensorKind::kBuffer)).find("buffers       6  elements in 1 tensor"),
            std::string::npos)
      << text_of(model({6}, TensorKind::kBuffer));
  EXPECT_NE(text_of(model({6}, TensorKind::kConstant)).find("constants     6  elements"),
            std::string::npos)
      << text_of(model({6}, TensorKind::kConstant));
}

TEST(AuditReport, CallsNoBufferFrozen) {
  AuditView view;
  view.tensors = true;
  EXPECT_EQ(text_of(model({6}, TensorKind::kBuffer, false), view).find("frozen"),
            std::string::npos);
  EXPECT_NE(text_of(model({6}, TensorKind::kParameter, false), view).find("frozen"),
            std::string::npos);
}

/// `count` tensors that are the first ones again: of 1, 2, 3 … elements.
AuditedFile with_shared(std::int64_t count) {
  std::vector<std::int64_t> sizes;
  for (std::int64_t i = 1; i <= count; ++i) sizes.push_back(i);
  AuditedFile file = model(sizes);
  Audit& audit = *file.audit;
  for (std::int64_t i = 0; i < count; ++i) {
    inspector::TensorRecord again = audit.snapshot.tensors[static_cast<std::size_t>(i)];
    again.name = "again" + std::to_string(i);
    audit.snapshot.tensors.push_back(std::move(again));
  }
  audit.census = *take_census(audit.snapshot);
  return file;
}

// The ten largest, of 12 to 3 elements; the two smallest have 2 + 1.
TEST(AuditReport, ListsTheTenLargestSharedTensorsAndSumsUpTheRest) {
  const std::string text = text_of(with_shared(12));
  EXPECT_NE(text.find("[2 others: --tensors lists them]                                3\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("again11"), std::string::npos);
  EXPECT_NE(text.find("again2 "), std::string::npos);
  EXPECT_EQ(text.find("again1 "), std::string::npos) << text;
  EXPECT_EQ(text_of(with_shared(10)).find("others"), std::string::npos);
  AuditView all;
  all.tensors = true;
  EXPECT_EQ(text_of(with_shared(12), all).find("others"), std::string::npos);
}

TEST(AuditReport, OfSeveralIsRedFromTheFirstThatCannotBeRead) {
  for (const int unreadable : {0, 1, 2}) {
    AuditReport report(3, "", {});
    for (int i = 0; i < 3; ++i) {
      report.add(static_cast<std::size_t>(i),
                 i < unreadable ? AuditedFile{"bad.pt", Error{ErrorCode::kMalformed, "cut", ""}}
                                : model({1}));
    }
    const report::Report finished = std::move(report).finish();
    report::TextStyle coloured;
    coloured.color = true;
    const std::string text = render_text(to_document(finished), coloured);
    const std::string line = "3 models, " + std::to_string(unreadable) + " unreadable";
    const std::size_t at = text.find(line);
    ASSERT_NE(at, std::string::npos) << text;
    const std::string colour = text.substr(text.rfind('\x1b', at), at - text.rfind('\x1b', at));
    EXPECT_EQ(colour, unreadable > 0 ? "\x1b[31m" : "\x1b[32m") << text;
  }
}

TEST(AuditSummary, SaysHowManyMoreDtypesThereAre) {
  AuditReport report(2, "", {});
  AuditedFile file = model({1, 1, 1, 1, 1});
  auto& tensors = file.audit->snapshot.tensors;
  const inspector::Dtype dtypes[] = {inspector::Dtype::kFloat32, inspector::Dtype::kInt32,
                                     inspector::Dtype::kFloat64, inspector::Dtype::kInt64,
                                     inspector::Dtype::kInt8};
  for (std::size_t i = 0; i < tensors.size(); ++i) tensors[i].view.dtype = dtypes[i];
  file.audit->census = *take_census(file.audit->snapshot);
  report.add(0, file);
  report.add(1, model({1}));
  const std::string text =
      render_text(to_document(std::move(report).finish()), report::TextStyle{});
  EXPECT_NE(text.find("float32 float64 int32 +2"), std::string::npos) << text;
}

}  // namespace
}  // namespace tally::app
