// The CUDA probe, the whole of it but CUDA: on the fake GPU of tests/fake_gpu. Expected values: the
// arithmetic of the model's sizes, and what fake_gpu.h says of the machine. No figure here is a
// GPU's.

#include <tests/inspector/probe/environment_variable.h>
#include <tests/inspector/probe/probe_reports.h>

namespace tally::tests {
namespace {

using Variable = EnvironmentVariable;

constexpr std::int64_t kMiB = 1 << 20;
constexpr std::int64_t kFloat = 4, kBatch = 32, kIn = 256, kHidden = 1024;
constexpr std::int64_t kInput = kBatch * kIn * kFloat, kMiddle = kBatch * kHidden * kFloat,
                       kWeight = kIn * kHidden * kFloat;
constexpr std::int64_t kContext = 3 * kMiB, kOthers = 5 * kMiB, kWorkspace = 64 << 10;

/// The loader's path with the fakes in it.
class FakeGpu : public testing::Test {
 protected:
  explicit FakeGpu(const char* libtorch = TORCHTALLY_FAKE_LIBTORCH)
      : path_("LD_LIBRARY_PATH", std::string(TORCHTALLY_FAKE_DRIVER ":") + libtorch) {}

 private:
  const Variable path_;
};

const std::string kMlp = kProbeModels + "mlp.pt";

/// A training probe of the MLP on device 1, run once a process.
const json& trained() {
  static const json report = run_probe({kMlp, "-p", "train", "-i", "32x256", "--device", "cuda:1"});
  return report;
}

TEST_F(FakeGpu, IsWhatAutoFinds) {
  const json report = run_probe({kMlp, "-i", "32x256", "--no-modules", "--no-virtual"});
  EXPECT_EQ(report.at("used_device"), "cuda:0");
  EXPECT_EQ(report.at("reason"), "");
  EXPECT_EQ(first_run(report).at("kind"), "measured on cuda:0");
}

TEST_F(FakeGpu, HasThePredictedWeightsGradientsAndOptimizerState) {
  const json& run = first_run(trained());
  EXPECT_EQ(run.at("device"), "cuda:1");
  ASSERT_TRUE(run.at("failure").is_null()) << run.at("failure");
  EXPECT_EQ(part(run, "weights").at("measured_bytes"), 2 * kWeight);
  EXPECT_EQ(part(run, "inputs").at("measured_bytes"), kInput);
  EXPECT_EQ(part(run, "gradients").at("measured_bytes"), 2 * kWeight);
  EXPECT_EQ(part(run, "optimizer state").at("measured_bytes"), 4 * kWeight);
  std::int64_t sum = 0;
  for (const json& p : run.at("parts")) {
    sum += bytes(p.at("measured_bytes"));
    if (p.at("name") == "[other]") continue;
    EXPECT_EQ(p.at("predicted_bytes"), p.at("measured_bytes")) << p;
  }
  EXPECT_EQ(sum, run.at("phases").back().at("end_bytes"));
}

TEST_F(FakeGpu, KeepsWorkspacesApartFromWhatPhasesRetain) {
  const json& run = first_run(trained());
  const json weights = phase(run, "weights"), forward = phase(run, "training forward");
  EXPECT_EQ(weights.at("end_bytes"), 2 * kWeight);
  EXPECT_EQ(weights.at("device").at("workspace_bytes"), 0);
  EXPECT_EQ(forward.at("end_bytes"), 2 * kWeight + 2 * kInput + kMiddle);
  EXPECT_EQ(forward.at("device").at("workspace_bytes"), kWorkspace);
  EXPECT_EQ(forward.at("peak_bytes"), 2 * kWeight + 2 * kInput + kMiddle + kWorkspace);
}

TEST_F(FakeGpu, SplitsWhatTheDriverSees) {
  const json& run = first_run(trained());
  expect_conserved(run);
  for (const json& p : run.at("phases")) {
    EXPECT_EQ(p.at("device").at("context_bytes"), kContext) << p;
    EXPECT_EQ(p.at("device").at("other_processes_bytes"), kOthers) << p;
    EXPECT_EQ(p.at("device").at("other_bytes"), 0) << p;
    EXPECT_EQ(bytes(p.at("device").at("reserved_bytes")) % (2 * kMiB), 0) << p;
  }
}

TEST_F(FakeGpu, PutsTheContextIntoOtherWithoutNvml) {
  const Variable nvml("TORCHTALLY_FAKE_GPU_NVML", "0");
  const json run = first_run(run_probe({kMlp, "-p", "load", "--device", "cuda"}));
  expect_conserved(run);
  const json device = phase(run, "weights").at("device");
  EXPECT_TRUE(device.at("context_bytes").is_null());
  EXPECT_TRUE(device.at("other_processes_bytes").is_null());
  EXPECT_EQ(device.at("other_bytes"), kContext + kOthers);
}

TEST_F(FakeGpu, ShowsTheSplitAsText) {
  const Ran ran = run_torchtally({"probe", kMlp, "-p", "load", "--device", "cuda"});
  ASSERT_EQ(ran.exit_code, 0);
  for (const char* column : {"workspace", "most reserved", "context", "other processes", "driver"})
    EXPECT_NE(ran.out.find(column), std::string::npos) << ran.out;
}

TEST_F(FakeGpu, CapsTheDeviceThatIsProbedAndGoesOnAfterARefusal) {
  // Weights 2 MiB. Batch 1024: input 1 MiB, then 4 MiB in the middle. Batch 32 fits.
  const json report = run_probe({kMlp, "-i", "32x256", "--batch", "1024,32", "--no-virtual",
                                 "--limit", "4M", "--device", "cuda:1"},
                                1);
  const json& refused = report.at("configurations").at(0);
  const json& failure = refused.at("runs").at(0).at("failure");
  EXPECT_EQ(failure.at("kind"), "out_of_memory");
  EXPECT_EQ(failure.at("phase"), "evaluation forward");
  EXPECT_EQ(failure.at("wanted_bytes"), 1024 * kHidden * kFloat);
  EXPECT_EQ(failure.at("free_bytes"), 0);  // 3 MiB in segments of 2
  EXPECT_EQ(refused.at("attributed").at("failure").at("module"), "up");
  const json& fits = report.at("configurations").at(1).at("runs").at(0);
  EXPECT_TRUE(fits.at("failure").is_null());
  for (const json& p : fits.at("phases"))
    EXPECT_LE(bytes(p.at("device").at("peak_reserved_bytes")), 4 * kMiB);
}

TEST_F(FakeGpu, RefusesWhatTheDeviceDoesNotHave) {
  // 64 MiB less the other process's 5 and the context's 3; weights 2, input 12. The output of a
  // product comes before its workspace.
  const json report =
      run_probe({kMlp, "-i", "12288x256", "--no-virtual", "--no-modules", "--device", "cuda:0"}, 1);
  const json& failure = first_run(report).at("failure");
  EXPECT_EQ(failure.at("kind"), "out_of_memory");
  EXPECT_EQ(failure.at("wanted_bytes"), 12288 * kHidden * kFloat);
  EXPECT_EQ(failure.at("free_bytes"), (64 - 5 - 3 - 2 - 12) * kMiB);
}

TEST_F(FakeGpu, LeavesTheUsersOwnCapInPlace) {
  // 5 % of 64 MiB: one segment of 2 MiB, which the weights fill.
  for (const char* variable : {"PYTORCH_CUDA_ALLOC_CONF", "PYTORCH_ALLOC_CONF"}) {
    const Variable settings(variable, "per_process_memory_fraction:0.05");
    for (const char* limit : {"0", "1G"}) {
      const json failure =
          first_run(run_probe({kMlp, "-i", "32x256", "--no-virtual", "--no-modules", "--device",
                               "cuda", "--limit", limit},
                              1))
              .at("failure");
      EXPECT_EQ(failure.at("kind"), "out_of_memory");
      EXPECT_EQ(failure.at("phase"), "inputs");
      EXPECT_EQ(failure.at("wanted_bytes"), kInput);
    }
  }
}

TEST_F(FakeGpu, WritesASnapshotThatPythonUnpickles) {
  const TemporaryFile file("snapshot.pickle");
  const json run =
      first_run(run_probe({kMlp, "-p", "train", "-i", "32x256", "--no-virtual", "--no-modules",
                           "--device", "cuda:1", "--cuda-snapshot", file.path()}));
  const json snapshot = read_snapshot(file.path());
  ASSERT_TRUE(snapshot.is_object()) << "python3 could not read it";
  EXPECT_EQ(snapshot.at("live").at(1), run.at("phases").back().at("end_bytes"));
  EXPECT_EQ(snapshot.at("live").at(0), 0);
  EXPECT_TRUE(snapshot.at("events").at(0).empty());
  const json& events = snapshot.at("events").at(1);
  EXPECT_GT(bytes(events.at("alloc")), 10);
  EXPECT_EQ(events.at("free_requested"), events.at("free_completed"));
}

TEST_F(FakeGpu, WritesTheSnapshotOfARunThatRanOutOfMemory) {
  const TemporaryFile file("refused.pickle");
  run_probe({kMlp, "-i", "1024x256", "--no-virtual", "--no-modules", "--device", "cuda", "--limit",
             "4M", "--cuda-snapshot", file.path()},
            1);
  EXPECT_TRUE(read_snapshot(file.path()).is_object());
}

TEST_F(FakeGpu, IsListedWithAllThatIsKnownOfIt) {
  const Variable settings("PYTORCH_ALLOC_CONF", "max_split_size_mb:32");
  const Ran ran = run_torchtally({"devices", "--largest-block", "-f", "json"});
  ASSERT_EQ(ran.exit_code, 0);
  const json report = json::parse(ran.out);
  EXPECT_EQ(report.at("cuda"),
            json({{"usable", true},
                  {"reason", ""},
                  {"driver_supports", "13.0"},
                  {"driver", "580.0.1-fake"},
                  {"allocator_settings", "PYTORCH_ALLOC_CONF=max_split_size_mb:32"}}));
  const json& devices = report.at("devices");
  ASSERT_EQ(devices.size(), 3u);
  EXPECT_EQ(devices.at(2),
            json({{"device", "cuda:1"},
                  {"name", "Fake GPU 1"},
                  {"compute_capability", "9.0"},
                  {"uuid", "10111213-1415-1617-1819-1a1b1c1d1e1f"},
                  {"pci_bus_id", "0000:64:00.0"},
                  {"total_bytes", 256 * kMiB},
                  {"free_bytes", (256 + 1 - 6) * kMiB},  // by NVML, before it was touched
                  {"used_by_others_bytes", 6 * kMiB},
                  {"processes",
                   {{{"pid", 4711}, {"bytes", 5 * kMiB}}, {{"pid", 4712}, {"bytes", nullptr}}}},
                  {"context_bytes", kContext},
                  {"largest_block_bytes", (256 - 5 - 3) * kMiB}}));
}

TEST_F(FakeGpu, IsNotThereUnderANumberThatTheDriverDoesNotHave) {
  const Ran ran = run_torchtally({"probe", kMlp, "-p", "load", "--device", "cuda:2", "-f", "json"});
  EXPECT_EQ(ran.exit_code, 4);
  EXPECT_NE(ran.out.find("there is no device cuda:2: the driver has 2 devices"), std::string::npos)
      << ran.out;
}

/// Exit code 4 of a CUDA probe, and a plain sentence in it and in the list of devices.
void expect_no_cuda(const std::string& why) {
  const Ran ran = run_torchtally({"probe", kMlp, "-p", "load", "--device", "cuda", "-f", "json"});
  EXPECT_EQ(ran.exit_code, 4);
  EXPECT_NE(ran.out.find(why), std::string::npos) << ran.out;
  const json cuda = json::parse(run_torchtally({"devices", "-f", "json"}).out).at("cuda");
  EXPECT_EQ(cuda.at("usable"), false);
  EXPECT_NE(cuda.at("reason").get<std::string>().find(why), std::string::npos) << cuda;
}

TEST_F(FakeGpu, IsNoUseWithADriverThatDoesNotStart) {
  const Variable start("TORCHTALLY_FAKE_GPU_START", "803");
  expect_no_cuda("the NVIDIA driver's library and its kernel module are of different versions");
}

TEST_F(FakeGpu, IsNoUseWithADriverThatIsTooOld) {
  const Variable version("TORCHTALLY_FAKE_GPU_CUDA", "12040");
  expect_no_cuda(
      "the NVIDIA driver is too old: it supports CUDA up to 12.4, this LibTorch is built for CUDA "
      "13.0");
}

TEST_F(FakeGpu, ThatDoesNotStartLeavesAutoToTheCpu) {
  const Variable start("TORCHTALLY_FAKE_GPU_START", "100");
  const json report = run_probe({kMlp, "-p", "load"});
  EXPECT_EQ(report.at("used_device"), "cpu");
  EXPECT_EQ(report.at("reason"), "skipped: no CUDA device: the NVIDIA driver sees no device");
}

TEST_F(FakeGpu, IsNotThereForALibTorchThatWasAskedTooEarly) {
  const Ran ran = run_torchtally({"probe", kMlp, "-p", "load", "--device", "cuda", "-f", "json",
                                  "--load-library", TORCHTALLY_ASKS_EARLY});
  EXPECT_EQ(ran.exit_code, 4);
  EXPECT_NE(ran.out.find("LibTorch was asked for CUDA before its CUDA library was loaded"),
            std::string::npos)
      << ran.out;
}

TEST_F(FakeGpu, ThatDoesNotStartGivesNoResultsToWrite) {
  const Variable start("TORCHTALLY_FAKE_GPU_START", "100");
  const TemporaryFile file("gpu-results.md");
  const int status =
      std::system(("python3 " + quoted(TORCHTALLY_SOURCE_DIR "/tools/gpu-results") + " --build " +
                   quoted(TORCHTALLY_BINARY_DIR) + " --output " + quoted(file.path()))
                      .c_str());
  if (WEXITSTATUS(status) == 127) GTEST_SKIP() << "python3 is not here";
  EXPECT_EQ(WEXITSTATUS(status), 4);
  EXPECT_FALSE(std::filesystem::exists(file.path()));
}

class LibTorchOfTheCpu : public FakeGpu {
 protected:
  LibTorchOfTheCpu() : FakeGpu(TORCHTALLY_LIBTORCH_OF_CPU) {}
};

TEST_F(LibTorchOfTheCpu, SaysThatItHasNoCuda) {
  expect_no_cuda("this LibTorch was built without CUDA: it has no libtorch_cuda.so");
}

class BrokenLibTorch : public FakeGpu {
 protected:
  BrokenLibTorch() : FakeGpu(TORCHTALLY_BROKEN_LIBTORCH) {}
};

TEST_F(BrokenLibTorch, SaysWhatTheLoaderSays) {
  expect_no_cuda("LibTorch's CUDA library cannot be loaded: ");
}

TEST(CudaSnapshot, IsRefusedOnAnotherDevice) {
  const TemporaryFile file("none.pickle");
  for (const char* device : {"cpu", "meta"}) {
    const Ran ran = run_torchtally({"probe", kMlp, "-i", "32x256", "--device", device,
                                    "--cuda-snapshot", file.path(), "-f", "json"});
    EXPECT_EQ(ran.exit_code, 4) << device;
    EXPECT_NE(
        ran.out.find("a snapshot is of CUDA's allocator, and this runs on " + std::string(device)),
        std::string::npos)
        << ran.out;
    EXPECT_FALSE(std::filesystem::exists(file.path()));
  }
}

TEST(CudaSnapshot, ChecksItsFileBeforeAnythingRuns) {
  const Ran ran = run_torchtally(
      {"probe", kMlp, "-i", "32x256", "--cuda-snapshot", "no/such/folder/x", "-f", "json"});
  EXPECT_EQ(ran.exit_code, 2);
  EXPECT_NE(ran.out.find("no/such/folder"), std::string::npos) << ran.out;
}

TEST(CudaSnapshot, IsOfOneRunNotOfASearch) {
  const Ran ran = run_torchtally({"probe", kMlp, "-i", "32x256", "--max-batch", "--limit", "3M",
                                  "--cuda-snapshot", "x.pickle", "-f", "json"});
  EXPECT_EQ(ran.exit_code, 2);
  EXPECT_NE(ran.out.find("--batch N instead of --max-batch"), std::string::npos) << ran.out;
}

}  // namespace
}  // namespace tally::tests
