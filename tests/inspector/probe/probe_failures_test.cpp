// Runs that do not come to their end: memory that does not suffice, models that throw or end their
// process, models and inputs of odd kinds. Expected bytes are arithmetic on the sizes in
// make_input_models.py.

#include <tests/inspector/probe/probe_runs.h>

#include <filesystem>
#include <fstream>

namespace tally::tests {
namespace {

const std::string kOperators = TORCHTALLY_TEST_OPERATORS;

// The model `limits`: 16 → 64, three times tanh, → 4; no biases, float32, Adam.
constexpr std::int64_t kUp = 16 * 64 * 4, kDown = 64 * 4 * 4, kWeights = kUp + kDown;
constexpr std::int64_t kRow = 16 * 4, kMiddle = 64 * 4, kOutput = 4 * 4;  // of one row
constexpr std::int64_t kRows = 32;
// In use after the training forward: the results of tanh are kept for backward.
constexpr std::int64_t kAfterForward = kWeights + kRows * (kRow + 3 * kMiddle + kOutput);
// In use when backward begins: the output is let go, its gradient is there.
constexpr std::int64_t kInBackward = kAfterForward;

struct Refused {
  const char* name;
  std::int64_t rows, limit;
  const char* phase;
  std::vector<std::int64_t> wanted;  ///< one of these
  std::int64_t most_free;
  const char* module;  ///< nullptr: none runs
};

const Refused kRefused[] = {
    {"load", kRows, kUp - 8, "weights", {kUp}, kUp - 8, nullptr},
    {"inputs", kRows, kWeights + 1000, "inputs", {kRows * kRow}, 1000, nullptr},
    {"evaluation",
     kRows,
     kWeights + kRows* kRow + 4096,
     "evaluation forward",
     {kRows * kMiddle},
     4096,
     "up"},
    // Two results of tanh fit, as evaluation needs; training keeps all three.
    {"training",
     kRows,
     kWeights + kRows*(kRow + 2 * kMiddle) + 4096,
     "training forward",
     {kRows * kMiddle},
     4096,
     ""},
    {"loss", kRows, kAfterForward + 2, "loss", {4}, 2, nullptr},
    {"backward", kRows, kInBackward + 64, "backward", {kRows * kMiddle, kDown}, kDown, "down"},
    // One row: the optimizer's state is larger than all activations. A moment fits, the second does
    // not.
    {"first_step", 1, 2 * kWeights + kUp + 1500, "optimizer first step", {kUp}, kUp, nullptr},
    // All of the state, and temporaries of the larger parameter: together only in the second step.
    {"steady_step", 1, 4 * kWeights + 2 * kUp - 500, "optimizer steady step", {kUp}, kUp, nullptr},
};

class OutOfMemory : public testing::TestWithParam<Refused> {};

TEST_P(OutOfMemory, TellsPhaseModuleAndBytesAndGoesOn) {
  const Refused& refused = GetParam();
  const Ran ran = run_torchtally({"probe", input_model("limits"), "-f", "json", "--device", "cpu",
                                  "--no-virtual", "-p", "train", "-i", "1x16", "-b",
                                  std::to_string(refused.rows) + "," + std::to_string(refused.rows),
                                  "--limit", std::to_string(refused.limit)});
  EXPECT_EQ(ran.exit_code, 1) << ran.out;
  const json report = json::parse(ran.out);
  ASSERT_EQ(report.at("configurations").size(), 2u);
  for (const json& configuration : report.at("configurations")) {
    const json& failure = configuration.at("runs").at(0).at("failure");
    ASSERT_FALSE(failure.is_null());
    EXPECT_EQ(failure.at("kind"), "out_of_memory") << failure;
    EXPECT_EQ(failure.at("phase"), refused.phase) << failure;
    const std::int64_t wanted = failure.at("wanted_bytes"), free = failure.at("free_bytes");
    EXPECT_NE(std::find(refused.wanted.begin(), refused.wanted.end(), wanted), refused.wanted.end())
        << failure;
    EXPECT_GE(free, 0);
    EXPECT_LT(free, wanted);
    EXPECT_LE(free, refused.most_free);
    EXPECT_EQ(failure.at("module"),
              refused.module == nullptr ? json(nullptr) : json(refused.module))
        << failure;
  }
}

INSTANTIATE_TEST_SUITE_P(All, OutOfMemory, testing::ValuesIn(kRefused),
                         [](const auto& tested) { return std::string(tested.param.name); });

TEST(OutOfMemory, NamesTheModuleOfASteadyTrainingStep) {
  // What backward peaked at in the first step, and one copy of the parameters: the state takes two.
  const json first = first_run(probe_json_of("limits", {"-p", "train", "-i", "32x16"}));
  const std::int64_t limit =
      phase(first, "backward").at("peak_bytes").get<std::int64_t>() + kWeights;
  const Ran ran = run_torchtally({"probe", input_model("limits"), "-f", "json", "--device", "cpu",
                                  "--no-virtual", "-p", "train", "-i", "32x16", "--limit",
                                  std::to_string(limit)});
  EXPECT_EQ(ran.exit_code, 1);
  const json failure = first_run(json::parse(ran.out)).at("failure");
  EXPECT_EQ(failure.at("phase"), "steady training step");
  EXPECT_EQ(failure.at("kind"), "out_of_memory");
  EXPECT_TRUE(failure.at("module").is_string()) << failure;
}

TEST(OutOfMemory, OfTheMachineItselfHasTheBytesThatAreFree) {
  // 2^40 elements are the most that an input may have: 4 TiB.
  const json failure =
      first_run(probe_json_of("untold", {"-i", "1048576x1048576"}, 1)).at("failure");
  EXPECT_EQ(failure.at("kind"), "out_of_memory");
  EXPECT_EQ(failure.at("phase"), "inputs");
  EXPECT_EQ(failure.at("wanted_bytes"), std::int64_t{4} << 40);
  EXPECT_GT(failure.at("free_bytes").get<std::int64_t>(), 0);
}

// Processes that end.

struct End {
  const char* operator_name;
  const char* message;
  int signal;  ///< 0: none
};

class EndedProcess : public testing::TestWithParam<End> {};

TEST_P(EndedProcess, IsReportedWithItsPhaseAndTheSweepGoesOn) {
  const json report = probe_json_of(std::string("calls_") + GetParam().operator_name,
                                    {"-i", "1x6", "-b", "3,1", "--load-library", kOperators}, 1);
  const json& killed = report.at("configurations").at(0).at("runs").at(0);
  EXPECT_EQ(killed.at("failure").at("kind"), "killed");
  EXPECT_EQ(killed.at("failure").at("phase"), "evaluation forward");
  const std::string message = killed.at("failure").at("message");
  EXPECT_NE(message.find(GetParam().message), std::string::npos) << message;
  const int signal = GetParam().signal;
  EXPECT_EQ(killed.at("failure").at("signal"), signal == 0 ? json(nullptr) : json(signal));
  // What had been measured before is not lost.
  EXPECT_EQ(killed.at("device"), "cpu");
  EXPECT_EQ(killed.at("inputs").at(0).at("sizes"), json({3, 6}));
  EXPECT_EQ(phase(killed, "weights").at("end_bytes"), (36 + 12) * 4);
  EXPECT_EQ(phase(killed, "inputs").at("retained_bytes"), 3 * 6 * 4);
  const json& next = report.at("configurations").at(1).at("runs").at(0);
  EXPECT_TRUE(next.at("failure").is_null()) << next.at("failure");
}

INSTANTIATE_TEST_SUITE_P(
    All, EndedProcess,
    testing::Values(
        End{"abort", "it was ended by signal 6 (Aborted)", 6},
        End{"segfault", "it was ended by signal 11 (Segmentation fault)", 11},
        End{"kill", "it was ended by signal 9 (Killed): the system may have run out of memory", 9},
        End{"quit", "it exited with code 0", 0},
        End{"write_file", "it tried to open a file for writing: torchtally_victim.txt", 0},
        End{"start_process", "it tried to start a process", 0},
        End{"open_socket", "it tried to open a socket", 0},
        End{"signal_parent", "it tried to signal another process", 0}),
    [](const auto& tested) { return std::string(tested.param.operator_name); });

TEST(EndedProcess, ThatReachedForAFileByPyTorchsOwnOperatorsIsReported) {
  for (const char* model : {"saves", "maps_file"}) {
    const json report = probe_json_of(model, {"-i", "1x6", "-b", "3,1"}, 1);
    const json& failure = report.at("configurations").at(0).at("runs").at(0).at("failure");
    EXPECT_EQ(failure.at("kind"), "killed");
    EXPECT_NE(failure.at("message").get<std::string>().find(
                  "it tried to open a file for writing: torchtally_victim.txt"),
              std::string::npos)
        << failure;
    EXPECT_TRUE(report.at("configurations").at(1).at("runs").at(0).at("failure").is_null());
  }
  EXPECT_FALSE(std::filesystem::exists("torchtally_victim.txt"));
}

TEST(EndedProcess, ThatTookTooLongIsReportedAndTheSweepGoesOn) {
  const json report = probe_json_of(
      "calls_hang", {"-i", "1x6", "-b", "3,1", "--load-library", kOperators, "--timeout", "8"}, 1);
  const json& failure = report.at("configurations").at(0).at("runs").at(0).at("failure");
  EXPECT_EQ(failure.at("kind"), "killed");
  EXPECT_EQ(failure.at("phase"), "evaluation forward");
  EXPECT_EQ(failure.at("message"), "it took longer than --timeout allows");
  EXPECT_TRUE(report.at("configurations").at(1).at("runs").at(0).at("failure").is_null());
}

TEST(EndedProcess, IsReportedBeforeAnythingWasMeasured) {
  ::setenv("TORCHTALLY_TEST_ABORT_IN_LIBRARY", "1", 1);
  const json run =
      first_run(probe_json_of("calls_twice", {"-i", "1x6", "--load-library", kOperators}, 1));
  ::unsetenv("TORCHTALLY_TEST_ABORT_IN_LIBRARY");
  EXPECT_EQ(run.at("kind"), "not measured");
  EXPECT_EQ(run.at("failure").at("kind"), "killed");
  EXPECT_EQ(run.at("failure").at("phase"), "operator libraries");
  EXPECT_EQ(run.at("failure").at("message"), "it was ended by signal 6 (Aborted)");
}

TEST(EndedProcess, IsSaidInTheText) {
  const Ran ran =
      run_torchtally({"probe", input_model("calls_segfault"), "--device", "cpu", "-i", "3x6",
                      "--no-virtual", "--no-modules", "--load-library", kOperators});
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_NE(ran.out.find("The run was ended in evaluation forward: it was ended by signal 11 "
                         "(Segmentation fault)"),
            std::string::npos)
      << ran.out;
}

// Libraries of operators.

TEST(OperatorLibrary, LetsAModelRun) {
  const json run = first_run(
      probe_json_of("calls_twice", {"-p", "train", "-i", "4x6", "--load-library", kOperators}));
  EXPECT_TRUE(run.at("failure").is_null()) << run.at("failure");
}

TEST(OperatorLibrary, ThatIsMissingIsNamedByItsOperator) {
  const std::string text = refusal("calls_twice", {"-i", "4x6"}, 4);
  EXPECT_NE(text.find("torchtally_test::twice"), std::string::npos) << text;
  EXPECT_NE(text.find("--load-library FILE.so"), std::string::npos) << text;
}

TEST(OperatorLibrary, ThatIsNoneIsRefused) {
  const std::string text =
      refusal("calls_twice", {"-i", "4x6", "--load-library", input_model("calls_twice")}, 4);
  EXPECT_NE(text.find("calls_twice.pt cannot be loaded: "), std::string::npos) << text;
  EXPECT_NE(text.find("shared library built for this LibTorch"), std::string::npos) << text;
  const Ran missing =
      run_torchtally({"probe", input_model("calls_twice"), "--load-library", "no/such.so"});
  EXPECT_EQ(missing.exit_code, 2);
}

TEST(OperatorLibrary, LetsAnAuditLoad) {
  const Ran with =
      run_torchtally({"audit", input_model("calls_twice"), "--load", "--load-library", kOperators});
  EXPECT_EQ(with.exit_code, 0) << with.out;
  EXPECT_NE(with.out.find("LibTorch agrees: 2 tensors"), std::string::npos) << with.out;
  const Ran without = run_torchtally({"audit", input_model("calls_twice"), "--load"});
  EXPECT_EQ(without.exit_code, 4);
  EXPECT_NE(without.out.find("torchtally_test::twice"), std::string::npos) << without.out;
  const Ran broken = run_torchtally(
      {"audit", input_model("calls_twice"), "--load", "--load-library", input_model("gru")});
  EXPECT_EQ(broken.exit_code, 4);
  EXPECT_NE(broken.out.find("gru.pt cannot be loaded: "), std::string::npos) << broken.out;
  EXPECT_EQ(
      run_torchtally({"audit", input_model("calls_twice"), "--load-library", kOperators}).exit_code,
      2);
}

TEST(Help, SaysWhatRunsAModelsCode) {
  const Ran ran = run_torchtally({"--help"});
  EXPECT_NE(ran.out.find("Only 'probe' and 'audit --load' run code of a model"), std::string::npos)
      << ran.out;
}

// The model's own message.

TEST(ModelsMessage, ComesWithoutTracebackAndWithTheInputsTried) {
  struct Case {
    const char* model;
    const char* input;
    const char* message;
  };
  const Case cases[] = {
      {"sequence", "2x3x11",
       "Given normalized_shape=[12], expected input with shape [*, 12], but got input of size[2, "
       "3, 11]"},
      {"tokens", "2x3:float32",
       "Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, "
       "Int; but got "},
      {"tokens", "2x3x4:int64", "Expected 2 elements in a list but found 3"},
      {"sized_image", "1x3x16x48", "the height must be 32"},
      {"raises", "3x4", "the inner module wants 77 rows, not any other number"},
  };
  for (const Case& c : cases) {
    const json failure = first_run(probe_json_of(c.model, {"-i", c.input}, 1)).at("failure");
    EXPECT_EQ(failure.at("kind"), "model");
    EXPECT_EQ(failure.at("phase"), "evaluation forward");
    EXPECT_NE(failure.at("message").get<std::string>().find(c.message), std::string::npos)
        << failure;
    EXPECT_EQ(failure.at("message").get<std::string>().find("Traceback"), std::string::npos)
        << failure;
    const Ran text = run_torchtally(
        {"probe", input_model(c.model), "--device", "cpu", "--no-virtual", "-i", c.input});
    EXPECT_EQ(text.exit_code, 1);
    std::string tried = std::string("it was called with ") + c.input;
    if (tried.find(':') == std::string::npos) tried += ":float32";
    EXPECT_NE(text.out.find(tried), std::string::npos) << text.out;
    EXPECT_LT(text.out.size(), 2500u) << text.out;
  }
}

// Odd models.

TEST(OddModel, WithoutForwardCanOnlyBeLoaded) {
  const std::string text = refusal("no_forward", {}, 4);
  EXPECT_NE(text.find("the model has no forward()"), std::string::npos) << text;
  for (const char* method : {"encode", "decode"})
    EXPECT_NE(text.find(method), std::string::npos) << text;
  EXPECT_TRUE(first_run(probe_json_of("no_forward", {"-p", "load"})).at("failure").is_null());
}

TEST(OddModel, MayReturnAnything) {
  const json run = first_run(probe_json_of("odd_outputs", {"-p", "train"}));
  EXPECT_TRUE(run.at("failure").is_null()) << run.at("failure");
  EXPECT_EQ(part(run, "gradients").at("measured_bytes"), (9 + 3) * 4);
  for (const char* name : {"only_number", "no_output"}) {
    EXPECT_TRUE(first_run(probe_json_of(name, {"-i", "2x3"})).at("failure").is_null()) << name;
    const json failure =
        first_run(probe_json_of(name, {"-i", "2x3", "-p", "train"}, 1)).at("failure");
    EXPECT_EQ(failure.at("kind"), "untrainable") << name;
    EXPECT_EQ(failure.at("message"), "no output of the model takes a gradient") << name;
  }
}

TEST(OddModel, ThatRaisesInEvaluationIsTrainedAllTheSame) {
  const json run =
      first_run(run_probe({"tests/inspector/probe/virtual_models/only_trains.pt", "--device", "cpu",
                           "--no-virtual", "--no-modules", "-p", "train", "-i", "5x4"},
                          1));
  EXPECT_EQ(run.at("failure").at("kind"), "model");
  EXPECT_EQ(run.at("failure").at("phase"), "evaluation forward");
  EXPECT_EQ(run.at("failure").at("message"), "evaluation takes 3 rows");
  EXPECT_TRUE(phase(run, "evaluation forward").is_null());
  // 5 rows of 4 floats go in and, kept for backward, come out.
  EXPECT_EQ(phase(run, "training forward").at("retained_bytes"), 5 * 4 * 4);
  EXPECT_FALSE(phase(run, "steady training step").is_null());
  EXPECT_EQ(part(run, "gradients").at("measured_bytes"), (4 * 4 + 4) * 4);
  EXPECT_EQ(part(run, "optimizer state").at("measured_bytes"), 2 * (4 * 4 + 4) * 4);
  EXPECT_TRUE(run.at("notes").empty()) << run.at("notes");
}

TEST(OddModel, ThatFailsTwiceInOneWaySaysItOnce) {
  // Evaluation and training both start with 32 rows of 64 floats, 8192 bytes.
  const std::int64_t limit = kWeights + kRows * kRow + 4096;
  const json run = first_run(
      probe_json_of("limits", {"-p", "train", "-i", "32x16", "--limit", std::to_string(limit)}, 1));
  EXPECT_EQ(run.at("failure").at("phase"), "evaluation forward");
  EXPECT_EQ(run.at("failure").at("kind"), "out_of_memory");
  EXPECT_TRUE(run.at("notes").empty()) << run.at("notes");
}

TEST(OddModel, WithoutParametersHasNothingToTrain) {
  const json failure =
      first_run(probe_json_of("no_parameters", {"-i", "2x3", "-p", "train"}, 1)).at("failure");
  EXPECT_EQ(failure.at("kind"), "untrainable");
  EXPECT_NE(failure.at("message").get<std::string>().find("no trainable parameter"),
            std::string::npos);
}

TEST(OddModel, ThatIsNoModelIsRefused) {
  const std::filesystem::path file =
      std::filesystem::temp_directory_path() / ("torchtally-no-model-" + std::to_string(getpid()));
  std::ofstream(file) << "text";
  EXPECT_EQ(run_torchtally({"probe", file.string()}).exit_code, 3);
  std::filesystem::remove(file);
  EXPECT_EQ(run_torchtally({"probe", file.string()}).exit_code, 3);
}

// Odd inputs. probe_flags_test.cpp has the parser's own.

TEST(OddInput, IsRefusedWithExitCodeTwo) {
  for (const char* text :
       {"1000000000x1000000000", "9223372036854775808", "99999999999999999999", "-1x2", "1x-2",
        "0x3", "1.5x2", "x", "1xx2", "1x2:int99", "1x2:float32:0..1", "1x2:int64:5..4", "a[=3",
        "a[]=3", "=3", "a[0]=value:3"}) {
    const Ran ran = run_torchtally({"probe", input_model("untold"), "-i", text, "-f", "json"});
    EXPECT_EQ(ran.exit_code, 2) << text;
    const json report = json::parse(ran.out);
    EXPECT_EQ(report.at("error").at("code"), "usage") << text;
    EXPECT_NE(report.at("error").at("message").get<std::string>().find(text), std::string::npos)
        << text;
  }
}

TEST(OddInput, ThatASweepMakesTooLargeIsRefused) {
  const std::string text = refusal("untold", {"-i", "1x1048576", "-b", "1048577"});
  EXPECT_NE(text.find("more than 2^40 elements"), std::string::npos) << text;
}

TEST(OddInput, WithoutDimensionsRuns) {
  const json run = first_run(probe_json_of("untold", {"-i", ":float64", "-b", "4"}));
  EXPECT_TRUE(run.at("failure").is_null()) << run.at("failure");
  EXPECT_EQ(run.at("inputs").at(0).at("sizes"), json::array());
}

}  // namespace
}  // namespace tally::tests
