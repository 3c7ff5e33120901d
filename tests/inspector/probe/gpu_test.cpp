// The CUDA probe on a GPU. Skipped, with the reason, where there is none. Expected values: the
// arithmetic of sizes, and eager_figures.json from PyTorch's Python side. ctest also runs it on the
// fake GPU (gpu_test_on_the_fake), which tells that these tests work, and nothing of a GPU.

#include <tests/inspector/probe/probe_reports.h>

namespace tally::tests {
namespace {

/// Why there is no CUDA here; empty where there is.
const std::string& no_cuda() {
  static const std::string reason =
      json::parse(run_torchtally({"devices", "-f", "json"}).out).at("cuda").at("reason");
  return reason;
}

#define SKIP_WITHOUT_A_GPU() \
  if (!no_cuda().empty()) GTEST_SKIP() << "no CUDA device: " << no_cuda()

/// The training probe of each eager model, run once a process.
const json& trained(const std::string& model) {
  static std::map<std::string, json> reports;
  const auto found = reports.find(model);
  if (found != reports.end()) return found->second;
  return reports[model] = run_probe({kProbeModels + model + ".pt", "-p", "train", "--device",
                                     "cuda", "-i", eager_figures().at(model).at("input")});
}

TEST(Gpu, HoldsTheWeightsOfTheCensusByRequestedBytes) {
  SKIP_WITHOUT_A_GPU();
  for (const char* model : {"gpt2", "llama", "scripted_mlp", "tied_scripted", "traced_cnn"}) {
    const std::string file = "sample_models/" + std::string(model) + ".pt";
    const json audit = json::parse(run_torchtally({"audit", "-f", "json", file}).out);
    const json run = first_run(run_probe({file, "-p", "load", "--device", "cuda"}));
    EXPECT_EQ(part(run, "weights").at("measured_bytes"), part(run, "weights").at("predicted_bytes"))
        << model;
    EXPECT_EQ(part(run, "weights").at("predicted_bytes"),
              audit.at("models").at(0).at("totals").at("storage_bytes"))
        << model;
    // Nothing but the weights is there after loading.
    EXPECT_EQ(phase(run, "weights").at("end_bytes"), part(run, "weights").at("measured_bytes"))
        << model;
  }
}

class GpuModel : public testing::TestWithParam<const char*> {};

TEST_P(GpuModel, HasExactGradientsAndOptimizerState) {
  SKIP_WITHOUT_A_GPU();
  const json& run = first_run(trained(GetParam()));
  ASSERT_TRUE(run.at("failure").is_null()) << run.at("failure");
  const std::int64_t parameters = eager_figures().at(GetParam()).at("parameter_bytes");
  EXPECT_EQ(part(run, "gradients").at("measured_bytes"), parameters);
  EXPECT_EQ(part(run, "optimizer state").at("measured_bytes"), 2 * parameters);
}

TEST_P(GpuModel, IsPredictedVirtually) {
  SKIP_WITHOUT_A_GPU();
  // Chosen before anything was measured on a GPU: its attention and convolutions have buffers of
  // their own.
  const double most = std::string(GetParam()) == "resnet" ? 0.25 : 0.10;
  const json& report = trained(GetParam());
  const json& virtual_run = report.at("configurations").at(0).at("virtual");
  for (const char* name :
       {"evaluation forward", "training forward", "backward", "steady training step"}) {
    const json p = phase(first_run(report), name);
    ASSERT_FALSE(p.at("device").at("workspace_bytes").is_null());
    const double tensors = static_cast<double>(bytes(p.at("peak_bytes")) -
                                               bytes(p.at("device").at("workspace_bytes")));
    EXPECT_NEAR(phase(virtual_run, name).at("peak_bytes").get<double>(), tensors, most * tensors)
        << name;
  }
}

TEST_P(GpuModel, SplitsWhatTheDriverSees) {
  SKIP_WITHOUT_A_GPU();
  const json& run = first_run(trained(GetParam()));
  expect_conserved(run);
  for (const json& p : run.at("phases")) {
    EXPECT_GT(bytes(p.at("device").at("driver_bytes")), bytes(p.at("device").at("reserved_bytes")))
        << p;
    const json& context = p.at("device").at("context_bytes");
    EXPECT_TRUE(context.is_null() || bytes(context) > 0) << p;
  }
}

INSTANTIATE_TEST_SUITE_P(All, GpuModel, testing::Values("mlp", "gpt", "llama", "resnet"),
                         [](const auto& tested) { return std::string(tested.param); });

TEST(Gpu, MeasuresTheArithmeticOfABiasFreeMlp) {
  SKIP_WITHOUT_A_GPU();
  constexpr std::int64_t kInput = 32 * 256 * 4, kMiddle = 32 * 1024 * 4;
  const json forward = phase(first_run(trained("mlp")), "training forward");
  EXPECT_EQ(forward.at("retained_bytes"), kInput + kMiddle);
  EXPECT_EQ(bytes(forward.at("peak_above_start_bytes")) -
                bytes(forward.at("device").at("workspace_bytes")),
            kInput + kMiddle);
}

TEST(Gpu, KeepsToTheCapAndRecoversAfterARefusal) {
  SKIP_WITHOUT_A_GPU();
  // 64 MiB hold the small batch. The large one wants 128 MiB between its layers.
  constexpr std::int64_t kLimit = 64 << 20, kLarge = 32768;
  const json report = run_probe(
      {kProbeModels + "mlp.pt", "-i", "32x256", "--batch", std::to_string(kLarge) + ",32",
       "--no-virtual", "--no-modules", "--limit", std::to_string(kLimit), "--device", "cuda"},
      1);
  const json& failure = report.at("configurations").at(0).at("runs").at(0).at("failure");
  EXPECT_EQ(failure.at("kind"), "out_of_memory");
  EXPECT_EQ(failure.at("phase"), "evaluation forward");
  EXPECT_EQ(failure.at("wanted_bytes"), kLarge * 1024 * 4);
  EXPECT_LT(bytes(failure.at("free_bytes")), bytes(failure.at("wanted_bytes")));
  const json& fits = report.at("configurations").at(1).at("runs").at(0);
  EXPECT_TRUE(fits.at("failure").is_null()) << fits.at("failure");
  for (const json& p : fits.at("phases"))
    EXPECT_LE(bytes(p.at("device").at("peak_reserved_bytes")), kLimit) << p;
}

TEST(Gpu, IsListedWithItsMemory) {
  SKIP_WITHOUT_A_GPU();
  const json report = json::parse(run_torchtally({"devices", "--largest-block", "-f", "json"}).out);
  const json& device = report.at("devices").at(1);
  EXPECT_GT(bytes(device.at("total_bytes")), 0);
  EXPECT_GT(bytes(device.at("largest_block_bytes")), 0);
  EXPECT_LE(bytes(device.at("largest_block_bytes")), bytes(device.at("total_bytes")));
  EXPECT_TRUE(device.at("context_bytes").is_null() || bytes(device.at("context_bytes")) > 0);
}

TEST(Gpu, WritesASnapshotThatPythonUnpickles) {
  SKIP_WITHOUT_A_GPU();
  const TemporaryFile file("gpu.pickle");
  const json run =
      first_run(run_probe({kProbeModels + "mlp.pt", "-p", "train", "-i", "32x256", "--no-virtual",
                           "--no-modules", "--device", "cuda", "--cuda-snapshot", file.path()}));
  const json snapshot = read_snapshot(file.path());
  ASSERT_TRUE(snapshot.is_object()) << "python3 could not read it";
  EXPECT_EQ(snapshot.at("live").at(0), run.at("phases").back().at("end_bytes"));
}

}  // namespace
}  // namespace tally::tests
