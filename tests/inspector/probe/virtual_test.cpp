// Virtual runs against measured ones on the CPU, and what virtual runs refuse.

#include <tests/inspector/probe/probe_reports.h>

namespace tally::tests {
namespace {

json probe(std::vector<std::string> arguments, int expected_exit = 0) {
  arguments.emplace_back("--no-modules");
  return run_probe(std::move(arguments), expected_exit);
}

const json& configuration(const json& report) { return report.at("configurations").at(0); }

constexpr double kTransformers = 0.02, kConvolutions = 0.05;

struct Sample {
  const char* name;
  const char* file;
  const char* input;
  double most;  ///< difference of a phase's total at its peak, as a part of the measured one
  const char* extent = "train";
};

void PrintTo(const Sample& sample, std::ostream* out) { *out << sample.file; }

class VirtualSample : public testing::TestWithParam<Sample> {};

TEST_P(VirtualSample, PeaksWhereTheCpuDoes) {
  const Sample& sample = GetParam();
  const json report =
      probe({sample.file, "--device", "cpu", "-p", sample.extent, "-i", sample.input});
  const json &measured = first_run(report), &predicted = configuration(report).at("virtual");
  ASSERT_TRUE(predicted.at("failure").is_null()) << predicted.at("failure");
  std::size_t compared = 0;
  for (const json& p : measured.at("phases")) {
    if (p.at("name") == "weights")
      continue;  // the CPU's loader has the code's text in tensors for a moment
    const double bytes = p.at("peak_bytes");
    EXPECT_NEAR(phase(predicted, p.at("name")).at("peak_bytes").get<double>(), bytes,
                sample.most * bytes)
        << p.at("name");
    ++compared;
  }
  EXPECT_EQ(compared, std::string(sample.extent) == "train" ? 8u : 2u);
}

INSTANTIATE_TEST_SUITE_P(
    All, VirtualSample,
    testing::Values(
        Sample{"gpt2", "sample_models/gpt2.pt", "1x9:int64", kTransformers},
        Sample{"bert", "sample_models/bert.pt", "1x9:int64", kTransformers},
        Sample{"llama_bfloat16", "sample_models/llama.pt", "1x9:int64", kTransformers},
        Sample{"half_decoder", "sample_models/half_decoder.pt", "2x9:int64", kTransformers},
        Sample{"gpt", "tests/inspector/probe/gpt.pt", "4x64:int64", kTransformers},
        Sample{"llama", "tests/inspector/probe/llama.pt", "4x64:int64", kTransformers},
        Sample{"frozen_bert", "tests/inspector/reconcile/archives/frozen_bert.pt", "1x9:int64",
               kTransformers, "forward"},
        Sample{"residual", "tests/inspector/probe/resnet.pt", "4x3x64x64", kConvolutions},
        Sample{"residual_half", "sample_models/resnet.pt", "2x3x32x32:float16", kConvolutions},
        Sample{"mobilenet", "sample_models/mobilenet.pt", "2x3x32x32", kConvolutions},
        Sample{"traced", "sample_models/traced_cnn.pt", "1x3x20x20", kConvolutions},
        Sample{"frozen", "sample_models/frozen_cnn.pt", "1x3x20x20", kConvolutions, "forward"},
        Sample{"frozen_folded", "sample_models/frozen_folded_cnn.pt", "1x3x20x20", kConvolutions,
               "forward"}),
    [](const auto& tested) { return std::string(tested.param.name); });

const std::string kModels = "tests/inspector/probe/virtual_models/";

struct Refused {
  const char* model;
  const char* op;
};

class RefusedModel : public testing::TestWithParam<Refused> {};

TEST_P(RefusedModel, NamesTheOperatorAndItsModuleAndGivesNoNumber) {
  const json run =
      first_run(probe({kModels + GetParam().model + ".pt", "--device", "meta", "-i", "3x4"}, 1));
  const json& failure = run.at("failure");
  EXPECT_EQ(failure.at("kind"), "unsupported");
  EXPECT_EQ(failure.at("module"), "encoder.inner");
  EXPECT_EQ(failure.at("phase"), "evaluation forward");
  EXPECT_EQ(failure.at("message").get<std::string>().rfind(GetParam().op, 0), 0u) << failure;
  EXPECT_TRUE(phase(run, "evaluation forward").is_null());
}

INSTANTIATE_TEST_SUITE_P(
    All, RefusedModel,
    testing::Values(Refused{"nonzero", "aten::nonzero depends on data"},
                    Refused{"item", "aten::item depends on data"},
                    Refused{"branch", "aten::item depends on data"},
                    Refused{"unique_consecutive", "aten::unique_consecutive depends on data"},
                    Refused{"masked_select", "aten::masked_select depends on data"},
                    Refused{"geqrf", "aten::geqrf has no kernel for virtual tensors"}),
    [](const auto& tested) { return std::string(tested.param.model); });

TEST(VirtualProbe, RunsAModelThatWasExportedForAGpu) {
  const json run =
      first_run(probe({kModels + "on_cuda.pt", "--device", "meta", "-p", "train", "-i", "3x4"}));
  EXPECT_TRUE(run.at("failure").is_null()) << run.at("failure");
  // 3 x 4 floats of the product, 3 x 4 of the sum, 4 zeros while it runs: 112 bytes.
  EXPECT_EQ(phase(run, "evaluation forward").at("peak_above_start_bytes"), 112);
}

TEST(VirtualProbe, RefusesQuantizedModels) {
  // Static ones read their scale as a number, in `quant`; dynamic ones call kernels for packed
  // weights.
  const json fixed =
      first_run(
          probe({"sample_models/quantized_static.pt", "--device", "meta", "-i", "1x1x20x20"}, 1))
          .at("failure");
  EXPECT_EQ(fixed.at("kind"), "unsupported");
  EXPECT_EQ(fixed.at("module"), "quant");
  const json dynamic =
      first_run(
          probe({"sample_models/quantized_dynamic.pt", "--device", "meta", "-i", "1x5:int64"}, 1))
          .at("failure");
  EXPECT_EQ(dynamic.at("kind"), "unsupported");
  EXPECT_EQ(dynamic.at("message").get<std::string>().rfind("aten::quantized_lstm", 0), 0u)
      << dynamic;
  EXPECT_EQ(dynamic.at("module"), "lstm");
}

TEST(VirtualProbe, RunsForkedCodeWhereItIsForked) {
  const json report =
      probe({"sample_models/fork.pt", "--device", "cpu", "-p", "train", "-i", "2x5"});
  EXPECT_TRUE(configuration(report).at("virtual").at("failure").is_null());
  EXPECT_EQ(phase(configuration(report).at("virtual"), "training forward").at("end_bytes"),
            phase(first_run(report), "training forward").at("end_bytes"));
}

constexpr std::int64_t kRows = 2 * 4 * 4;  // 2 rows of 4 floats

struct Held {
  const char* model;
  std::int64_t peak;
};
void PrintTo(const Held& held, std::ostream* out) { *out << held.model; }

class HeldTensor : public testing::TestWithParam<Held> {};

TEST_P(HeldTensor, IsVirtualWhateverHoldsIt) {
  const json report = probe({kModels + GetParam().model + ".pt", "--device", "cpu", "-i", "2x4"});
  const json& predicted = configuration(report).at("virtual");
  ASSERT_TRUE(predicted.at("failure").is_null()) << predicted.at("failure");
  for (const json& run : {first_run(report), predicted}) {
    EXPECT_EQ(phase(run, "evaluation forward").at("peak_above_start_bytes"), GetParam().peak);
  }
  EXPECT_EQ(phase(predicted, "weights").at("end_bytes"),
            phase(first_run(report), "weights").at("end_bytes"));
}

// Each adds ones that something holds to its input: the sum is new, in a function the ones, too.
INSTANTIATE_TEST_SUITE_P(All, HeldTensor,
                         testing::Values(Held{"in_optional", kRows}, Held{"in_list", kRows},
                                         Held{"in_dict", kRows}, Held{"in_tuple", kRows},
                                         Held{"in_nested_list", kRows},
                                         Held{"in_tuples_of_a_list", kRows},
                                         Held{"in_optionals_of_a_list", kRows},
                                         Held{"in_object", kRows}, Held{"in_named_tuple", kRows},
                                         Held{"in_function", 2 * kRows}),
                         [](const auto& tested) { return std::string(tested.param.model); });

struct Forked {
  const char* model;
  std::int64_t peak;      ///< of the evaluation forward
  std::int64_t products;  ///< of 2 rows by 4 x 4
};
void PrintTo(const Forked& forked, std::ostream* out) { *out << forked.model; }

class ForkedModel : public testing::TestWithParam<Forked> {};

TEST_P(ForkedModel, RunsAndIsBookedAsIfItWereCalled) {
  const Ran ran = run_torchtally({"probe", "-f", "json", kModels + GetParam().model + ".pt",
                                  "--device", "cpu", "-p", "train", "-i", "2x4"});
  ASSERT_EQ(ran.exit_code, 0) << ran.out;
  const json report = json::parse(ran.out);
  for (const json& run : {first_run(report), configuration(report).at("virtual")}) {
    ASSERT_TRUE(run.at("failure").is_null()) << run.at("failure");
    EXPECT_EQ(phase(run, "evaluation forward").at("peak_above_start_bytes"), GetParam().peak);
  }
  EXPECT_EQ(configuration(report).at("attributed").at("forward_flops"),
            GetParam().products * 2 * 2 * 4 * 4);
}

INSTANTIATE_TEST_SUITE_P(All, ForkedModel,
                         testing::Values(
                             // Three results in the list, the sum so far and the next.
                             Forked{"fork_in_a_list", 5 * kRows, 3},
                             // Two results and their sum, within the outer fork.
                             Forked{"fork_in_a_fork", 3 * kRows, 2},
                             // A result, the sum so far and the next.
                             Forked{"fork_in_a_loop", 3 * kRows, 3}),
                         [](const auto& tested) { return std::string(tested.param.model); });

struct LastWeight {
  const char* model;
  const char* input;
  std::int64_t weights;
};
void PrintTo(const LastWeight& last, std::ostream* out) { *out << last.model; }

class WeightAsLongAsABlock : public testing::TestWithParam<LastWeight> {};

TEST_P(WeightAsLongAsABlock, IsNotTakenForTheBlocksThatAZipIsReadBy) {
  const json run = first_run(
      probe({kModels + GetParam().model + ".pt", "--device", "meta", "-i", GetParam().input}));
  EXPECT_TRUE(run.at("failure").is_null()) << run.at("failure");
  EXPECT_EQ(part(run, "weights").at("measured_bytes"), GetParam().weights);
}

INSTANTIATE_TEST_SUITE_P(All, WeightAsLongAsABlock,
                         testing::Values(LastWeight{"last_4096", "2x4", (4 + 1) * 1024 * 4},
                                         LastWeight{"last_4096_twice", "2x1024", 2 * 4096},
                                         LastWeight{"last_65536", "2x128", 65536}),
                         [](const auto& tested) { return std::string(tested.param.model); });

TEST(VirtualProbe, LoadsPackedWeightsOfMoreThanAPage) {
  // 32 x 32 x 3 x 3 bytes. Its operators are refused one by one, its file is not.
  const json report =
      probe({kModels + "quantized_convolution.pt", "--device", "cpu", "-i", "1x32x8x8"});
  EXPECT_FALSE(phase(first_run(report), "evaluation forward").is_null());
  const json& failure = configuration(report).at("virtual").at("failure");
  EXPECT_EQ(failure.at("kind"), "unsupported");
  EXPECT_EQ(failure.at("phase"), "evaluation forward");
  EXPECT_EQ(failure.at("module"), "quant");
}

TEST(VirtualProbe, ThatIsRefusedInEvaluationStillTrains) {
  const json report =
      probe({kModels + "only_trains.pt", "--device", "cpu", "-p", "train", "-i", "2x4"});
  const json &measured = first_run(report), &predicted = configuration(report).at("virtual");
  EXPECT_EQ(predicted.at("failure").at("phase"), "evaluation forward");
  EXPECT_EQ(predicted.at("failure").at("module"), "encoder.inner");
  EXPECT_TRUE(phase(predicted, "evaluation forward").is_null());
  for (const char* name : {"training forward", "backward", "steady training step"}) {
    ASSERT_FALSE(phase(predicted, name).is_null()) << name;
    EXPECT_EQ(phase(predicted, name).at("retained_bytes"),
              phase(measured, name).at("retained_bytes"))
        << name;
  }
  EXPECT_EQ(part(predicted, "gradients").at("measured_bytes"), (4 * 4 + 4) * 4);
}

TEST(VirtualProbe, ThatIsRefusedEndsWithCodeFourOnlyWhereAFlagAskedForIt) {
  const std::string file = kModels + "nonzero.pt";
  const json unasked = probe({file, "--device", "cpu", "-i", "3x4"}, 0);
  const json asked = probe({file, "--device", "cpu", "-i", "3x4", "--virtual-for", "cpu"}, 4);
  for (const json& report : {unasked, asked})
    EXPECT_FALSE(phase(first_run(report), "evaluation forward").is_null());
}

TEST(VirtualProbe, SaysForWhichDeviceItStands) {
  const json cpu =
      first_run(probe({"tests/inspector/probe/gpt.pt", "--device", "meta", "-i", "4x64:int64"}));
  const json cuda = first_run(probe({"tests/inspector/probe/gpt.pt", "--device", "meta",
                                     "--virtual-for", "cuda", "-p", "train", "-i", "4x64:int64"}));
  EXPECT_EQ(cpu.at("kind"), "virtual");
  EXPECT_EQ(cuda.at("kind"), "virtual (for cuda)");
  EXPECT_TRUE(cuda.at("failure").is_null()) << cuda.at("failure");
}

const json& flop_figures() {
  static const json value = json::parse(read_file(std::filesystem::path(TORCHTALLY_SOURCE_DIR) /
                                                  "tests/inspector/probe/flop_figures.json"))
                                .at("models");
  return value;
}

class CountedSample : public testing::TestWithParam<const char*> {};

TEST_P(CountedSample, HasTheFlopsOfPyTorchsCounter) {
  for (const auto& [file, figures] : flop_figures().items()) {
    // The counter does not know the one kernel that an LSTM is on the CPU; on meta it is products,
    // which count.
    if (file == "sample_models/recurrent.pt" && std::string(GetParam()) == "meta") continue;
    const std::string extent = figures.at("trains").get<bool>() ? "train" : "forward";
    const Ran ran = run_torchtally({"probe", "-f", "json", "--device", GetParam(), "--no-virtual",
                                    "-p", extent, "-i", figures.at("input"), file});
    ASSERT_EQ(ran.exit_code, 0) << file << ran.out;
    const json attributed = json::parse(ran.out).at("configurations").at(0).at("attributed");
    EXPECT_EQ(attributed.at("forward_flops"), figures.at("forward_flops")) << file;
    EXPECT_EQ(attributed.at("backward_flops"), figures.at("backward_flops")) << file;
  }
}

INSTANTIATE_TEST_SUITE_P(On, CountedSample, testing::Values("cpu", "meta"),
                         [](const auto& tested) { return std::string(tested.param); });

}  // namespace
}  // namespace tally::tests
