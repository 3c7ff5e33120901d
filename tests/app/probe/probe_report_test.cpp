// The probe's report of runs that no machine here makes.

#include <app/probe/devices.h>
#include <app/probe/probe_report.h>
#include <gtest/gtest.h>
#include <report/render.h>
#include <report/views.h>

#include <sstream>

namespace tally::app {
namespace {

using namespace inspector;

ProbeReport report_of(ProbeResult run) {
  ProbeReport report;
  report.path = "model.pt";
  report.requested_device = name(run.used_device);
  ProbedConfiguration configuration;
  configuration.runs.push_back(std::move(run));
  report.configurations.push_back(std::move(configuration));
  return report;
}

std::string text_of(const ProbeReport& report) {
  return report::render_text(to_document(probe_report(report, 0)), {});
}

/// Whether `text` has a cell that holds this and nothing else: "90 B" is no part of "16,190 B".
bool has_cell(const std::string& text, const std::string& cell) {
  for (std::size_t at = text.find(cell); at != std::string::npos; at = text.find(cell, at + 1)) {
    const std::size_t end = at + cell.size();
    if (at > 0 && text[at - 1] == ' ' &&
        (end == text.size() || text[end] == ' ' || text[end] == '\n'))
      return true;
  }
  return false;
}

ProbeResult cuda_run(const DeviceSplit& split) {
  ProbeResult run;
  run.used_device = cuda_device(0);
  run.kind = "measured on cuda:0";
  run.phases = {{"weights", 0, 90, 100, split}};
  return run;
}

TEST(ProbeReport, ShowsEveryPlaceOfTheDevicesMemory) {
  // 100 requested, of them 10 by cuBLAS; 12 more in blocks, 88 more in segments.
  DeviceSplit split{100, 10, 112, 200, 150, 300, 7000, 9000, 16190};
  const std::string text = text_of(report_of(cuda_run(split)));
  for (const char* cell :
       {"90 B", "10 B", "112 B", "200 B", "300 B", "7,000 B", "9,000 B", "-10 B", "16,190 B"}) {
    EXPECT_TRUE(has_cell(text, cell)) << cell << "\n" << text;
  }
}

/// A batch of 2 ran twice, one of 4 once and virtually: CSV has the columns of both.
TEST(ProbeReport, IsALineForEachPhaseAsCsv) {
  ProbeResult first = cuda_run({}), second = first, virtual_run = first;
  first.phases = {{"weights", 0, 90, 100, {}}, {"forward", 90, 95, 300, {}}};
  second.phases = {{"weights", 0, 90, 110, {}}, {"forward", 90, 95, 200, {}}};
  virtual_run.phases = {{"weights", 0, 90, 90, {}}};
  ProbeReport report = report_of(first);
  report.configurations[0].batch = 2;
  report.configurations[0].runs.push_back(second);
  ProbedConfiguration other;
  other.batch = 4;
  other.runs = {first};
  other.virtual_run = virtual_run;
  report.configurations.push_back(other);
  EXPECT_EQ(report::to_csv(probe_report(report, 0)),
            "model,batch,sequence,kind,phase,retained_bytes,peak_above_start_bytes,"
            "median_peak_bytes,min_peak_bytes,max_peak_bytes,virtual_peak_bytes\r\n"
            "model.pt,2,,measured on cuda:0,weights,90,100,105,100,110,\r\n"
            "model.pt,2,,measured on cuda:0,forward,5,210,250,200,300,\r\n"
            "model.pt,4,,measured on cuda:0,weights,90,100,100,100,100,90\r\n"
            "model.pt,4,,measured on cuda:0,forward,5,210,300,300,300,\r\n");
}

TEST(ProbeReport, AddsUpWhatIsInUseAtTheEnd) {
  ProbeResult run;
  run.kind = "virtual";
  run.parts = {{"weights", 1000, 1000}, {"inputs", 50, 60}, {"[other]", std::nullopt, 7}};
  const std::string text = text_of(report_of(std::move(run)));
  EXPECT_TRUE(has_cell(text, "1,067 B")) << text;  // 1,000 + 60 + 7
  EXPECT_TRUE(has_cell(text, "-10 B, 16.67 %")) << text;
}

TEST(DevicesReport, IsALineForEachDeviceAsCsv) {
  DeviceReport devices;
  devices.cpu_total_bytes = 1000;
  devices.cpu_available_bytes = 700;
  CudaDevice gpu;
  gpu.name = "H100, 80GB";
  gpu.total_bytes = 80;
  gpu.free_bytes = 60;
  gpu.context_bytes = 5;
  devices.cuda = {gpu};
  EXPECT_EQ(report::to_csv(devices_report(devices)),
            "device,name,total_bytes,free_bytes,used_by_others_bytes,context_bytes,"
            "largest_block_bytes\r\n"
            "cpu,,1000,700,,,\r\n"
            "cuda:0,\"H100, 80GB\",80,60,,5,\r\n");
}

/// The line that starts with `label`, its cells parted by one space.
std::string row_of(const std::string& text, const std::string& label) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string row;
    for (std::string word; words >> word;) row += (row.empty() ? "" : " ") + word;
    if (row.rfind(label, 0) == 0) return row;
  }
  return "no row " + label;
}

// Three of five modules are left out: 1 + 20 + 300 and 2 + 40 + 600 FLOPs of 54,321 and 108,642.
TEST(ProbeReport, AddsUpTheModulesThatItLeavesOut) {
  ProbeResult run;
  run.kind = "measured on cpu";
  run.phases = {{"weights", 0, 90, 100, {}}};
  run.modules = {{"small", 1, 0, 0, 0, 10, 1, 2},
                 {"large", 1, 0, 0, 0, 50, 50'000, 100'000},
                 {"medium", 1, 0, 0, 0, 20, 20, 40},
                 {"larger", 1, 0, 0, 0, 40, 4'000, 8'000},
                 {"middle", 1, 0, 0, 0, 30, 300, 600}};
  run.forward_flops = 54'321;
  run.backward_flops = 108'642;
  ProbeReport report = report_of(run);
  report.configurations[0].modules = run;
  const std::string text = report::render_text(to_document(probe_report(report, 2)), {});
  EXPECT_EQ(row_of(text, "[3 others]"), "[3 others] 321 642") << text;
  EXPECT_EQ(row_of(text, "TOTAL"), "TOTAL 54,321 108,642") << text;
  EXPECT_EQ(row_of(text, "middle"), "no row middle");
}

TEST(ProbeReport, SaysWhatIsNotKnownOfADevice) {
  const DeviceSplit split{100, std::nullopt, 112, 200, 150, 300, std::nullopt, std::nullopt, 16190};
  const std::string text = text_of(report_of(cuda_run(split)));
  EXPECT_NE(text.find("not known"), std::string::npos) << text;
  EXPECT_TRUE(has_cell(text, "15,990 B")) << text;  // all but the segments
}

TEST(ProbeReport, PassesOnTheWordsOfARefusalWhoseSizeIsNotKnown) {
  ProbeFailure failure;
  failure.kind = ProbeFailure::Kind::kOutOfMemory;
  failure.phase = "backward";
  failure.message = "CUDA out of memory. Tried to allocate 2.00 GiB";
  EXPECT_EQ(failure_text(failure),
            "Out of memory in backward: CUDA out of memory. Tried to allocate 2.00 GiB");
  failure.wanted_bytes = 2048;
  failure.free_bytes = 512;
  EXPECT_EQ(failure_text(failure), "Out of memory in backward: wanted 2,048 B, free 512 B");
}

}  // namespace
}  // namespace tally::app
