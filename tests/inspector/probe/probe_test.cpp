// Whole probes on the CPU. Expected values: arithmetic on sizes, and eager_figures.json, which
// PyTorch's Python side measured of the same modules run eagerly (record_eager.py).

#include <inspector/worker/probe_client.h>
#include <tests/inspector/probe/probe_reports.h>

namespace tally::tests {
namespace {

json probe(std::vector<std::string> arguments, int expected_exit = 0) {
  arguments.insert(arguments.end(), {"--device", "cpu"});
  return run_probe(std::move(arguments), expected_exit);
}

/// The training probe of each eager model, run once a process.
const json& trained(const std::string& model) {
  static std::map<std::string, json> reports;
  const auto found = reports.find(model);
  if (found != reports.end()) return found->second;
  return reports[model] = probe({kProbeModels + model + ".pt", "-p", "train", "-i",
                                 eager_figures().at(model).at("input")});
}

constexpr std::int64_t kFloat = 4, kBatch = 32, kIn = 256, kHidden = 1024;
constexpr std::int64_t kInput = kBatch * kIn * kFloat, kMiddle = kBatch * kHidden * kFloat,
                       kWeight = kIn * kHidden * kFloat;

TEST(Probe, MeasuresTheArithmeticOfABiasFreeMlp) {
  const json& run = first_run(trained("mlp"));
  const std::int64_t weights = part(run, "weights").at("measured_bytes");
  EXPECT_EQ(weights, 2 * kWeight);
  // The input counted: what forward peaks at, and what it keeps for backward.
  EXPECT_EQ(phase(run, "evaluation forward").at("peak_bytes").get<std::int64_t>() - weights,
            2 * kInput + kMiddle);
  EXPECT_EQ(phase(run, "training forward").at("end_bytes").get<std::int64_t>() - weights,
            2 * kInput + kMiddle);
  EXPECT_EQ(2 * kInput + kMiddle, 196'608);
  // Both gradients, the input, the middle's gradient, the loss and its gradient.
  EXPECT_EQ(phase(run, "backward").at("peak_bytes").get<std::int64_t>() - weights,
            2 * kWeight + kInput + kMiddle + 2 * kFloat);
  EXPECT_EQ(2 * kWeight + kInput + kMiddle + 2 * kFloat, 2'261'000);
  // A steady step of Adam makes two temporaries of the largest tensor, and numbers as tensors.
  const std::int64_t step = phase(run, "optimizer steady step").at("peak_above_start_bytes");
  EXPECT_GE(step, 2 * kWeight);
  EXPECT_LE(step, 2 * kWeight + 16);
}

class EagerModel : public testing::TestWithParam<const char*> {};

TEST_P(EagerModel, TakesWhatPyTorchMeasuresEagerly) {
  const json& run = first_run(trained(GetParam()));
  const json& eager = eager_figures().at(GetParam()).at("phases");
  for (const char* name : {"training forward", "loss", "backward"}) {
    EXPECT_EQ(phase(run, name).at("retained_bytes"), eager.at(name).at("retained_bytes")) << name;
  }
  for (const char* name : {"loss", "backward"}) {
    EXPECT_EQ(phase(run, name).at("peak_above_start_bytes"),
              eager.at(name).at("peak_above_start_bytes"))
        << name;
  }
  EXPECT_EQ(phase(run, "evaluation forward").at("retained_bytes"),
            eager.at("evaluation forward").at("retained_bytes"));
  // Python's locals live to the end of their function, LibTorch's interpreter drops a value after
  // its last use.
  for (const char* name : {"evaluation forward", "training forward"}) {
    EXPECT_LE(phase(run, name).at("peak_above_start_bytes"),
              eager.at(name).at("peak_above_start_bytes"))
        << name;
  }
}

TEST_P(EagerModel, StepsAsPyTorchDoesWhenNothingHoldsTheOutput) {
  const json& run = first_run(trained(GetParam()));
  const json step = phase(run, "steady training step");
  EXPECT_EQ(step.at("retained_bytes"), 0);
  // LibTorch's optimizers have another number of temporaries than Python's: their step is held
  // against arithmetic above.
  const std::int64_t eager = eager_figures()
                                 .at(GetParam())
                                 .at("phases")
                                 .at("steady forward and backward")
                                 .at("peak_above_start_bytes");
  const std::int64_t optimizer = phase(run, "optimizer steady step").at("peak_above_start_bytes");
  EXPECT_EQ(step.at("peak_above_start_bytes"), std::max(eager, optimizer));
}

TEST_P(EagerModel, HasThePredictedWeightsGradientsAndOptimizerState) {
  const json& run = first_run(trained(GetParam()));
  const std::int64_t parameters = eager_figures().at(GetParam()).at("parameter_bytes");
  EXPECT_EQ(part(run, "gradients").at("measured_bytes"), parameters);
  EXPECT_EQ(part(run, "optimizer state").at("measured_bytes"), 2 * parameters);
  std::int64_t sum = 0;
  for (const json& p : run.at("parts")) {
    sum += p.at("measured_bytes").get<std::int64_t>();
    if (p.at("name") == "[other]") continue;
    EXPECT_EQ(p.at("predicted_bytes"), p.at("measured_bytes")) << p;
  }
  EXPECT_EQ(sum, run.at("phases").back().at("end_bytes"));
}

TEST_P(EagerModel, CountsTheFlopsOfPyTorchsCounter) {
  const json& attributed = trained(GetParam()).at("configurations").at(0).at("attributed");
  const json& eager = eager_figures().at(GetParam());
  EXPECT_EQ(attributed.at("forward_flops"), eager.at("forward_flops"));
  EXPECT_EQ(attributed.at("backward_flops"), eager.at("backward_flops"));
  std::int64_t forward = 0;
  for (const json& m : attributed.at("modules"))
    forward += m.at("forward_flops").get<std::int64_t>();
  EXPECT_EQ(forward, attributed.at("forward_flops"));
}

TEST_P(EagerModel, BooksToTheRootWhatTheForwardRetains) {
  const json& report = trained(GetParam());
  const json& attributed = report.at("configurations").at(0).at("attributed");
  std::map<std::string, json> modules;
  for (const json& m : attributed.at("modules")) modules[m.at("path")] = m;
  ASSERT_TRUE(modules.count(""));
  EXPECT_EQ(modules.at("").at("retained_bytes"),
            phase(first_run(report), "training forward").at("retained_bytes"));
  ASSERT_TRUE(attributed.at("peak_module").is_string());
  EXPECT_TRUE(modules.count(attributed.at("peak_module")));
  EXPECT_FALSE(attributed.at("timeline").empty());
}

TEST_P(EagerModel, IsPredictedVirtually) {
  const json& report = trained(GetParam());
  const json& virtual_run = report.at("configurations").at(0).at("virtual");
  ASSERT_TRUE(virtual_run.at("failure").is_null()) << virtual_run.at("failure");
  EXPECT_EQ(virtual_run.at("kind"), "virtual");
  const double most = std::string(GetParam()) == "resnet"
                          ? 0.05
                          : 0.02;  // convolutions have buffers that meta does not know
  for (const char* name :
       {"evaluation forward", "training forward", "backward", "steady training step"}) {
    const double measured = phase(first_run(report), name).at("peak_bytes");
    EXPECT_NEAR(phase(virtual_run, name).at("peak_bytes").get<double>(), measured, most * measured)
        << name;
  }
}

INSTANTIATE_TEST_SUITE_P(All, EagerModel, testing::Values("mlp", "gpt", "llama", "resnet", "head"),
                         [](const auto& tested) { return std::string(tested.param); });

TEST(Probe, KeepsTheStateOfEachOptimizer) {
  const std::int64_t parameters = 2 * kWeight;
  for (const auto& [optimizer, state] : std::map<std::string, std::int64_t>{
           {"sgd", 0}, {"momentum", 1}, {"adam", 2}, {"adamw", 2}}) {
    const json run = first_run(probe({kProbeModels + "mlp.pt", "-p", "train", "--no-modules",
                                      "--no-virtual", "-i", "32x256", "--optimizer", optimizer}));
    EXPECT_EQ(part(run, "optimizer state").at("measured_bytes"), state * parameters) << optimizer;
    EXPECT_EQ(part(run, "optimizer state").at("predicted_bytes"), state * parameters) << optimizer;
    EXPECT_EQ(part(run, "gradients").at("measured_bytes"), parameters) << optimizer;
  }
}

TEST(Probe, IsTheSameOverRepeats) {
  const json report = probe({kProbeModels + "gpt.pt", "-p", "train", "--no-modules", "--no-virtual",
                             "-i", "4x64:int64:0..1008", "--repeat", "3"});
  const json& runs = report.at("configurations").at(0).at("runs");
  ASSERT_EQ(runs.size(), 3u);
  EXPECT_EQ(runs[0], runs[1]);
  EXPECT_EQ(runs[0], runs[2]);
  for (const json& peak : report.at("configurations").at(0).at("peaks"))
    EXPECT_EQ(peak.at("min_bytes"), peak.at("max_bytes"));
}

TEST(Probe, SweepsBatches) {
  const json report = probe({kProbeModels + "mlp.pt", "--no-modules", "--no-virtual", "-i",
                             "32x256", "--batch", "1,2,64"});
  const json& configurations = report.at("configurations");
  ASSERT_EQ(configurations.size(), 3u);
  const std::int64_t batches[] = {1, 2, 64};
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(configurations[i].at("batch"), batches[i]);
    EXPECT_EQ(phase(configurations[i].at("runs").at(0), "evaluation forward")
                  .at("peak_above_start_bytes"),
              batches[i] * (kInput + kMiddle) / kBatch);
  }
}

TEST(Probe, ConvertsToADtype) {
  const json run = first_run(probe({kProbeModels + "mlp.pt", "--no-modules", "--no-virtual", "-i",
                                    "32x256", "--dtype", "bfloat16"}));
  EXPECT_EQ(part(run, "weights").at("measured_bytes"), kWeight);
  EXPECT_EQ(part(run, "weights").at("predicted_bytes"), kWeight);
  EXPECT_EQ(part(run, "inputs").at("measured_bytes"), kInput / 2);
}

TEST(Probe, ConvertsTheListsThatARecurrentLayerNamesItsParametersIn) {
  const auto run_as = [](const std::string& dtype) {
    return first_run(probe({"tests/inspector/probe/inputs/lstm.pt", "--no-modules", "--no-virtual",
                            "--dtype", dtype}));
  };
  const json single = run_as("float32"), twice = run_as("float64");
  EXPECT_TRUE(twice.at("failure").is_null()) << twice.at("failure");
  EXPECT_EQ(part(twice, "weights").at("measured_bytes"),
            2 * part(single, "weights").at("measured_bytes").get<std::int64_t>());
  EXPECT_EQ(part(twice, "weights").at("measured_bytes"),
            part(twice, "weights").at("predicted_bytes"));
}

TEST(Probe, ReportsTheAllocationThatALimitRefuses) {
  // Room for the weights, the input and the middle, not for the output.
  const std::int64_t limit = 2 * kWeight + kInput + kMiddle + kInput / 2;
  const json report = probe(
      {kProbeModels + "mlp.pt", "--no-virtual", "-i", "32x256", "--limit", std::to_string(limit)},
      1);
  const json& failure = first_run(report).at("failure");
  EXPECT_EQ(failure.at("kind"), "out_of_memory");
  EXPECT_EQ(failure.at("phase"), "evaluation forward");
  EXPECT_EQ(failure.at("wanted_bytes"), kInput);
  EXPECT_EQ(failure.at("free_bytes"), kInput / 2);
  EXPECT_EQ(report.at("configurations").at(0).at("attributed").at("failure").at("module"), "down");
}

TEST(Probe, GoesOnWithTheNextConfigurationAfterOneThatDoesNotFit) {
  const json report =
      probe({kProbeModels + "mlp.pt", "--no-modules", "--no-virtual", "-i", "32x256", "--batch",
             "64,1", "--limit", std::to_string(2 * kWeight + kInput + kMiddle)},
            1);
  const json& configurations = report.at("configurations");
  EXPECT_EQ(configurations.at(0).at("runs").at(0).at("failure").at("kind"), "out_of_memory");
  EXPECT_TRUE(configurations.at(1).at("runs").at(0).at("failure").is_null());
}

TEST(Probe, NamesTheFileThatIsBroken) {
  const TemporaryFile file("cut-short.pt");
  const std::string whole =
      read_file(std::filesystem::path(TORCHTALLY_SOURCE_DIR) / kProbeModels / "mlp.pt");
  std::ofstream(file.path(), std::ios::binary) << whole.substr(0, 1000);
  const json error = probe({file.path()}, 3).at("error");
  EXPECT_EQ(error.at("message"),
            file.path() + ": a ZIP archive without a directory at its end: the file was cut short");
}

TEST(Probe, PassesOnTheModelsOwnMessage) {
  const json failure =
      first_run(probe({kProbeModels + "mlp.pt", "--no-virtual", "--no-modules", "-i", "32x255"}, 1))
          .at("failure");
  EXPECT_EQ(failure.at("kind"), "model");
  EXPECT_EQ(failure.at("message"),
            "mat1 and mat2 shapes cannot be multiplied (32x255 and 256x1024)");
}

TEST(Probe, CountsProductsThatTheInterpreterCallsItself) {
  // Hugging Face's GPT-2, whose layers call addmm directly: 3 layers of hidden size 20 and width
  // 88, 211 tokens.
  constexpr std::int64_t kTokens = 9, kHiddenSize = 20, kWidth = 88, kLayers = 3, kVocabulary = 211;
  const std::int64_t layer = 2 * kTokens * 4 * kHiddenSize * kHiddenSize +
                             4 * kTokens * kTokens * kHiddenSize +
                             4 * kTokens * kHiddenSize * kWidth;
  const json report = probe({"sample_models/gpt2.pt", "--no-virtual", "-i", "1x9:int64"});
  EXPECT_EQ(report.at("configurations").at(0).at("attributed").at("forward_flops"),
            kLayers * layer + 2 * kTokens * kHiddenSize * kVocabulary);
}

TEST(Probe, TellsWhatTheProcessTakesBesideTensors) {
  inspector::ProbeClientOptions client;
  client.worker = std::string(TORCHTALLY_BINARY_DIR) + "/bin/torchtally-worker";
  inspector::ProbeRequest request;
  request.path = std::string(TORCHTALLY_SOURCE_DIR) + "/" + kProbeModels + "mlp.pt";
  request.inputs = {{"", {kBatch, kIn}}};
  const auto measured = inspector::probe_in_worker(request, client);
  ASSERT_TRUE(measured);
  ASSERT_TRUE(measured->resident);
  const inspector::ResidentMemory& r = *measured->resident;
  constexpr std::int64_t kTolerance = 1 << 20;
  EXPECT_GT(*r.baseline_bytes, 50 << 20);  // LibTorch's own data
  EXPECT_GE(*r.loaded_bytes - *r.baseline_bytes, 2 * kWeight - kTolerance);
  EXPECT_GE(*r.load_peak_bytes, *r.loaded_bytes - kTolerance);
  EXPECT_GE(*r.peak_bytes, *r.load_peak_bytes);
  EXPECT_GE(*r.peak_bytes, *r.end_bytes - kTolerance);
  EXPECT_EQ(inspector::resident_outside_tensors(*measured),
            *r.end_bytes - *r.baseline_bytes - measured->phases.back().end_bytes);
  request.device = inspector::kMetaDevice;
  const auto predicted = inspector::probe_in_worker(request, client);
  ASSERT_TRUE(predicted);
  EXPECT_FALSE(predicted->resident);
}

TEST(Probe, SaysThatAFrozenModelHasNothingToTrain) {
  const json failure = first_run(probe({"sample_models/frozen_cnn.pt", "-p", "train",
                                        "--no-virtual", "--no-modules", "-i", "1x3x20x20"},
                                       1))
                           .at("failure");
  EXPECT_EQ(failure.at("kind"), "untrainable");
}

TEST(Probe, UsesTheInputsThatATracedArchiveKeeps) {
  const json run = first_run(probe({"sample_models/traced_cnn.pt", "--no-modules"}));
  EXPECT_EQ(run.at("inputs").at(0).at("sizes"), json({1, 3, 20, 20}));
  EXPECT_EQ(run.at("inputs").at(0).at("dtype"), "float32");
  EXPECT_EQ(run.at("input_source"), "as the archive was traced with");
}

TEST(Probe, LoadsTheWeightsOfEverySampleThatPyTorchLoads) {
  for (const json& model : manifest().at("models")) {
    const std::string file = model.at("file");
    if (model.at("kind") != "torchscript" || file == "keyword_keys.pt" ||
        file == "detection_nms.pt")
      continue;  // these do not load
    if (file.rfind("quantized", 0) == 0 || file.rfind("sparse", 0) == 0)
      continue;  // repacked when loaded; no one storage
    const json run = first_run(probe({"sample_models/" + file, "-p", "load"}));
    EXPECT_EQ(part(run, "weights").at("predicted_bytes"), part(run, "weights").at("measured_bytes"))
        << file;
  }
}

TEST(Probe, NamesTheOperatorWhoseLibraryIsMissing) {
  const Ran ran =
      run_torchtally({"probe", "sample_models/detection_nms.pt", "-p", "load", "-f", "json"});
  EXPECT_EQ(ran.exit_code, 4);
  EXPECT_NE(ran.out.find("torchvision::nms"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("--load-library"), std::string::npos) << ran.out;
}

bool has_driver() {
  return std::filesystem::exists("/dev/nvidiactl") || std::filesystem::exists("/dev/nvidia0");
}

TEST(ProbeWithoutCuda, MeasuresOnTheCpuAndSaysWhy) {
  if (has_driver()) GTEST_SKIP() << "this machine has an NVIDIA device";
  const Ran ran = run_torchtally({"probe", kProbeModels + "mlp.pt", "-i", "32x256", "--no-modules",
                                  "--no-virtual", "-f", "json"});
  ASSERT_EQ(ran.exit_code, 0);
  const json report = json::parse(ran.out);
  EXPECT_EQ(report.at("requested_device"), "auto");
  EXPECT_EQ(report.at("used_device"), "cpu");
  EXPECT_EQ(report.at("reason").get<std::string>().rfind("skipped: no CUDA device", 0), 0u);
  EXPECT_EQ(first_run(report).at("kind"), "measured on cpu");
}

TEST(ProbeWithoutCuda, RefusesCudaWithExitCodeFour) {
  if (has_driver()) GTEST_SKIP() << "this machine has an NVIDIA device";
  const Ran ran = run_torchtally(
      {"probe", kProbeModels + "mlp.pt", "-i", "32x256", "--device", "cuda", "-f", "json"});
  EXPECT_EQ(ran.exit_code, 4);
  EXPECT_NE(ran.out.find("driver"), std::string::npos) << ran.out;
}

TEST(Devices, ShowsTheCpusMemoryAndWhyThereIsNoCuda) {
  const Ran ran = run_torchtally({"devices", "-f", "json"});
  ASSERT_EQ(ran.exit_code, 0);
  const json report = json::parse(ran.out);
  EXPECT_EQ(report.at("devices").at(0).at("device"), "cpu");
  EXPECT_GT(report.at("devices").at(0).at("total_bytes").get<std::int64_t>(), 0);
  if (!has_driver()) {
    EXPECT_EQ(report.at("cuda").at("usable"), false);
    EXPECT_NE(report.at("cuda").at("reason"), "");
  }
}

TEST(VirtualProbe, ReadsNoWeightsOfAnArchiveLargerThanMemory) {
  const std::filesystem::path file = std::filesystem::temp_directory_path() /
                                     ("torchtally-probe-70b-" + std::to_string(getpid()) + ".pt");
  const std::string make =
      "python3 " + quoted(std::string(TORCHTALLY_SOURCE_DIR) + "/bench/make_sparse_llama.py") +
      " llama-3-70b " + quoted(file.string()) + " > /dev/null";
  if (std::system(make.c_str()) != 0)
    GTEST_SKIP() << "python3 is not here, or the disk has no sparse files of 141 GB";
  const auto start = std::chrono::steady_clock::now();
  const Ran ran = run_torchtally({"probe", file.string(), "--device", "meta", "-p", "train", "-i",
                                  "1x128:int64", "--no-modules", "-f", "json"});
  const auto elapsed = std::chrono::steady_clock::now() - start;
  std::filesystem::remove(file);
  ASSERT_EQ(ran.exit_code, 0) << ran.out;
  const json run = first_run(json::parse(ran.out));
  EXPECT_EQ(part(run, "weights").at("measured_bytes"),
            70'553'706'496 * 2);  // bfloat16; Meta-Llama-3-70B's count
  EXPECT_TRUE(run.at("failure").is_null());
  EXPECT_LT(elapsed, std::chrono::seconds(10));
}

}  // namespace
}  // namespace tally::tests
