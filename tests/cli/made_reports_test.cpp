// Reports of probes and devices that no machine here makes, held against their schemas and their
// text against their JSON.

#include <app/probe/devices.h>
#include <app/probe/probe_report.h>
#include <gtest/gtest.h>
#include <report/render.h>
#include <report/views.h>
#include <tests/json_schema.h>

namespace tally::tests {
namespace {

using namespace inspector;
using nlohmann::json;

std::string text_of(const report::Report& report) {
  return report::render_text(to_document(report), {});
}

json json_of(const report::Report& report) { return json::parse(to_json(report)); }

bool has(const std::string& text, const std::string& words) {
  return text.find(words) != std::string::npos;
}

/// A CPU and a GPU of which NVML tells everything.
DeviceReport machine() {
  DeviceReport report;
  report.cpu_threads = 8;
  report.cpu_total_bytes = 64'000'000'000;
  report.cpu_available_bytes = 50'000'000'000;
  report.cpu_limit_bytes = 40'000'000'000;
  report.libtorch_version = "2.11.0";
  report.driver_version = "13.0";
  report.driver_release = "580.65.06";
  CudaDevice gpu;
  gpu.name = "NVIDIA H100";
  gpu.compute_capability = "9.0";
  gpu.uuid = "00000000-0000-0000-0000-000000000001";
  gpu.pci_bus_id = "0000:65:00.0";
  gpu.total_bytes = 85'000'000'000;
  gpu.free_bytes = 80'000'000'000;
  gpu.used_by_others_bytes = 5'000'000'000;
  gpu.processes = {{4711, 1'000}, {4712, std::nullopt}};
  gpu.context_bytes = 500'000'000;
  gpu.largest_block_bytes = 79'000'000'000;
  report.cuda.push_back(gpu);
  return report;
}

TEST(DevicesReport, HasTheSameForPeopleAndPrograms) {
  const report::Report report = app::devices_report(machine());
  const json value = json_of(report);
  EXPECT_EQ(JsonSchema("devices-2.schema.json").objections(value), "") << value;
  const json& gpu = value.at("devices").at(1);
  EXPECT_EQ(gpu.at("device"), "cuda:0");
  EXPECT_EQ(gpu.at("free_bytes"), 80'000'000'000);
  EXPECT_EQ(gpu.at("processes").at(0).at("bytes"), 1'000);
  EXPECT_TRUE(gpu.at("processes").at(1).at("bytes").is_null());
  EXPECT_EQ(value.at("cuda").at("usable"), true);
  const std::string text = text_of(report);
  for (const char* words :
       {"64,000,000,000 B", "40,000,000,000 B", "2: 4711 with 1,000 B, 4712\n",
        "79,000,000,000 B  allocated and given back", "CUDA 13.0", "the defaults"}) {
    EXPECT_TRUE(has(text, words)) << words << "\n" << text;
  }
}

TEST(DevicesReport, SaysWhatIsNotKnown) {
  DeviceReport machine_without_nvml = machine();
  machine_without_nvml.cpu_limit_bytes.reset();
  machine_without_nvml.driver_release.clear();
  CudaDevice& gpu = machine_without_nvml.cuda[0];
  gpu.free_bytes.reset();
  gpu.used_by_others_bytes.reset();
  gpu.processes.reset();
  gpu.context_bytes.reset();
  gpu.largest_block_bytes.reset();
  gpu.uuid.clear();
  const report::Report report = app::devices_report(machine_without_nvml);
  const json value = json_of(report);
  EXPECT_EQ(JsonSchema("devices-2.schema.json").objections(value), "") << value;
  EXPECT_TRUE(value.at("devices").at(1).at("free_bytes").is_null());
  EXPECT_TRUE(value.at("devices").at(1).at("processes").is_null());
  const std::string text = text_of(report);
  EXPECT_TRUE(has(text, "not known (no NVML)\n")) << text;
  EXPECT_FALSE(has(text, "largest block")) << text;
  EXPECT_FALSE(has(text, "control group")) << text;
  DeviceReport none;
  none.no_cuda = "there is no driver";
  const report::Report without = app::devices_report(none);
  EXPECT_EQ(JsonSchema("devices-2.schema.json").objections(json_of(without)), "");
  EXPECT_TRUE(has(text_of(without), "no: there is no driver")) << text_of(without);
}

/// A training with everything that a run can have, and a search before it.
app::ProbeReport probed() {
  ProbeResult run;
  run.kind = "measured on cpu";
  run.libtorch_version = "2.11.0";
  run.used_device = kCpuDevice;
  run.input_source = "given";
  run.inputs = {{"ids", {2, 16}, Dtype::kInt64, 0, 99}};
  run.phases = {{"weights", 0, 4'000, 4'100, {}}, {"training forward", 4'000, 9'000, 9'500, {}}};
  run.parts = {{"weights", 4'000, 4'000}, {"[other]", std::nullopt, 5'000}};
  run.notes = {"a note"};
  app::ProbedConfiguration configuration;
  configuration.batch = 2;
  configuration.runs = {run};
  ProbeResult modules = run;
  modules.modules = {{"", 1, 5'000, 5'500, 10, 9'500, 3'000, 6'000}};
  modules.forward_flops = 3'000;
  modules.backward_flops = 6'000;
  modules.peak_module = "";
  modules.timeline = {{"phase", "weights", 4'000}};
  configuration.modules = modules;
  ProbeResult virtual_run = run;
  virtual_run.kind = "virtual";
  virtual_run.used_device = kMetaDevice;
  virtual_run.phases[1].peak_bytes = 9'400;
  configuration.virtual_run = virtual_run;
  configuration.formulas =
      app::FormulaActivations{"", false, {{"eager", {{"logits", 4'990}}, 4'990}}};
  app::MaxBatch found;
  found.budget = {10'000, "--limit", 10'000};
  found.trials = {{2, "virtual", BatchOutcome::kFits, 9'500, ""},
                  {3, "virtual", BatchOutcome::kDoesNotFit, 14'250, "training forward"}};
  found.largest = 2;
  found.next_fails = true;
  found.run = run;
  configuration.max_batch = found;
  app::ProbeReport report;
  report.path = "model.pt";
  report.requested_device = "auto";
  report.reason = "there is no CUDA device";
  report.extent = ProbeExtent::kTrain;
  report.recognised = "decoder-only transformer";
  report.limit_bytes = 10'000;
  report.configurations.push_back(std::move(configuration));
  return report;
}

TEST(ProbeReport, HasTheSameForPeopleAndPrograms) {
  const report::Report report = app::probe_report(probed(), 0);
  const json value = json_of(report);
  EXPECT_EQ(JsonSchema("probe-2.schema.json").objections(value), "") << value;
  const json& configuration = value.at("configurations").at(0);
  EXPECT_EQ(configuration.at("max_batch").at("next_fails"), true);
  EXPECT_EQ(configuration.at("peaks").at(1).at("max_bytes"), 9'500);
  EXPECT_EQ(configuration.at("attributed").at("backward_flops"), 6'000);
  const std::string text = text_of(report);
  // 9,400 of 9,500 is 100 less: 1.05 %. The forward keeps 5,000; the formulas say 10 less: 0.20 %.
  for (const char* words : {"9,500 B", "9,400 B", "-100 B, 1.05 %", "-10 B, 0.20 %", "exact",
                            "2: it fits and 3 does not, both were run", "14,250 B", "a note"}) {
    EXPECT_TRUE(has(text, words)) << words << "\n" << text;
  }
}

TEST(ProbeReport, OfAFailureIsDescribedToo) {
  app::ProbeReport found = probed();
  app::ProbedConfiguration& configuration = found.configurations[0];
  configuration.modules.reset();
  configuration.virtual_run.reset();
  configuration.formulas.reset();
  configuration.max_batch.reset();
  ProbeFailure failure;
  failure.kind = ProbeFailure::Kind::kOutOfMemory;
  failure.phase = "training forward";
  failure.wanted_bytes = 2'048;
  configuration.runs[0].failure = failure;
  const report::Report report = app::probe_report(found, 0);
  EXPECT_EQ(JsonSchema("probe-2.schema.json").objections(json_of(report)), "");
  EXPECT_TRUE(has(text_of(report),
                  "Out of memory in training forward: wanted 2,048 B, which the "
                  "system refused"));
}

}  // namespace
}  // namespace tally::tests
