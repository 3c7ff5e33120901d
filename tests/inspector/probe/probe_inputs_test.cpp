// What a model is called with: inferred from its first layers, given, bundled or by default. What
// is expected are the sizes in make_input_models.py.

#include <tests/inspector/probe/probe_runs.h>

namespace tally::tests {
namespace {

struct Told {
  const char* model;
  json inputs;         ///< sizes, dtype, low, high of each
  const char* source;  ///< part of it
};

json input(std::vector<int> sizes, const char* dtype = "float32") {
  return {{"sizes", sizes}, {"dtype", dtype}, {"low", nullptr}, {"high", nullptr}};
}

json ids(std::vector<int> sizes, int high, int low = 0) {
  return {{"sizes", sizes}, {"dtype", "int64"}, {"low", low}, {"high", high}};
}

const Told kTold[] = {
    // 24 positions are fewer than the 128 tokens assumed.
    {"tokens", {ids({1, 24}, 36)}, "inferred from `wte` [37, 8]"},
    {"masked",
     {ids({1, 40}, 30), ids({1, 40}, 1), ids({1, 40}, 1, 1)},
     "inferred: input_ids from `words` [31, 8]; token_type_ids from `types` [2, 8]; attention_mask "
     "by "
     "its name: ones; free sizes are assumed"},
    {"image", {input({1, 6, 224, 224})}, "`conv` [4, 3, 3, 3]"},
    {"sized_image", {input({1, 3, 32, 48})}, "`patches` [8, 3, 16, 16]"},
    {"sequence", {input({1, 128, 12})}, "`norm` [12]"},
    {"speech", {input({1, 1024, 10})}, "`conv` [6, 10, 3]"},
    {"grey", {input({1, 224, 224})}, "`conv` [2, 1, 3, 3]"},
    {"flat", {input({1, 49}, "bfloat16")}, "`fc` [3, 49]"},
    {"loop", {input({1, 9})}, "`cells.0` [9, 9]"},
    {"lstm", {input({1, 128, 11})}, "`rnn` [12, 11]"},
    {"gru", {input({128, 1, 11})}, "`rnn` [9, 11]"},
    {"conv3d", {input({1, 2, 16, 112, 112})}, "[3, 2, 5, 5, 5]"},
    {"transposed", {input({1, 4, 1024})}, "[4, 3, 5]"},
    {"attending", {input({1, 128, 8})}, "`encoder.layers.0.self_attn` [24, 8]"},
    {"bag", {ids({1, 128}, 16)}, "[17, 3]"},
    {"norm", {input({1, 5, 224, 224})}, "[5]"},
};

class InferredInput : public testing::TestWithParam<Told> {};

TEST_P(InferredInput, IsWhatTheFirstLayerTakes) {
  const Told& told = GetParam();
  const json run = first_run(probe_json_of(told.model, {}));
  EXPECT_TRUE(run.at("failure").is_null()) << run.at("failure");
  json found = json::array();
  for (json i : run.at("inputs")) {
    i.erase("name");
    found.push_back(i);
  }
  EXPECT_EQ(found, told.inputs);
  const std::string source = run.at("input_source");
  EXPECT_NE(source.find(told.source), std::string::npos) << source;
  EXPECT_NE(source.find("assumed"), std::string::npos) << source;
}

INSTANTIATE_TEST_SUITE_P(All, InferredInput, testing::ValuesIn(kTold),
                         [](const auto& tested) { return std::string(tested.param.model); });

TEST(InferredInput, TakesBatchAndSequenceOfASweep) {
  const json report = probe_json_of("tokens", {"-b", "3", "-s", "5"});
  EXPECT_EQ(first_run(report).at("inputs").at(0).at("sizes"), json({3, 5}));
}

TEST(InferredInput, IsOfTheDtypeThatTheModelIsConvertedTo) {
  const json report = probe_json_of("sequence", {"--dtype", "float64"});
  EXPECT_EQ(first_run(report).at("inputs").at(0).at("dtype"), "float64");
}

TEST(InferredInput, IsTheSameForAVirtualRun) {
  const Ran ran = run_torchtally(
      {"probe", input_model("masked"), "--device", "meta", "--no-modules", "-f", "json"});
  ASSERT_EQ(ran.exit_code, 0) << ran.out;
  EXPECT_EQ(first_run(json::parse(ran.out)).at("inputs"),
            first_run(probe_json_of("masked", {})).at("inputs"));
}

TEST(InferredInput, FollowsTheOnesThatAreGiven) {
  // Token ids below 31 rows and two types of tokens; the mask goes by its name.
  const json ids = first_run(probe_json_of("masked", {"-i", "input_ids=3x7:int64:0..30"}));
  EXPECT_TRUE(ids.at("failure").is_null()) << ids.at("failure");
  const json mask = first_run(probe_json_of("masked", {"-i", "attention_mask=3x7:int64:1..1"}));
  EXPECT_TRUE(mask.at("failure").is_null()) << mask.at("failure");
  for (const json& run : {ids, mask}) {
    const struct {
      const char* name;
      int low, high;
    } expected[] = {{"input_ids", 0, 30}, {"attention_mask", 1, 1}, {"token_type_ids", 0, 1}};
    for (const auto& [name, low, high] : expected) {
      const json input = named(run.at("inputs"), name);
      ASSERT_FALSE(input.is_null()) << name;
      EXPECT_EQ(input.at("sizes"), json({3, 7})) << name;
      EXPECT_EQ(input.at("low"), low) << name;
      EXPECT_EQ(input.at("high"), high) << name;
    }
    const std::string source = run.at("input_source");
    EXPECT_EQ(source.rfind("as given by --input, the others inferred: ", 0), 0u) << source;
  }
}

TEST(InferredInput, IsRefusedWhereNoLayerTells) {
  const std::string text = refusal("untold", {});
  EXPECT_NE(text.find("argument 'x' (Tensor) of forward() reaches no layer"), std::string::npos)
      << text;
  EXPECT_NE(text.find("--input 'x=1x128:int64', its sizes and dtype"), std::string::npos) << text;
}

TEST(InferredInput, IsRefusedWhereAnArgumentIsNoTensor) {
  const std::string text = refusal("arguments", {});
  EXPECT_NE(text.find("argument 'n' (int) of forward()"), std::string::npos) << text;
  EXPECT_NE(text.find("--input 'n=value:3'"), std::string::npos) << text;
}

TEST(InferredInput, IsNoneWhereForwardTakesNone) {
  const json run = first_run(probe_json_of("no_arguments", {"-p", "train"}));
  EXPECT_TRUE(run.at("failure").is_null());
  EXPECT_EQ(run.at("inputs"), json::array());
  EXPECT_EQ(run.at("input_source"), "none: forward() needs no argument");
}

// Defaults and arguments of other types.

const std::vector<std::string> kAllArguments = {"-i", "4x5",
                                                "-i", "value:3",
                                                "-i", "scale=value:0.5",
                                                "-i", "flag=value:true",
                                                "-i", "mode=value:double",
                                                "-i", "extra[0]=4x5",
                                                "-i", "extra[1]=2:int64:1..9",
                                                "-i", "named[bias]=5",
                                                "-i", "pair[0]=3",
                                                "-i", "pair[1]=3",
                                                "-i", "sizes=value:7,8"};

TEST(Arguments, OfEveryTypeCanBeGiven) {
  const json run = first_run(probe_json_of("arguments", kAllArguments));
  EXPECT_TRUE(run.at("failure").is_null()) << run.at("failure");
  EXPECT_EQ(run.at("inputs").size(), 11u);
  // 4x5, 4x5, 5, 3 and 3 float32; 2 int64.
  EXPECT_EQ(part(run, "inputs").at("measured_bytes"), (20 + 20 + 5 + 3 + 3) * 4 + 2 * 8);
  EXPECT_EQ(part(run, "inputs").at("predicted_bytes"), (20 + 20 + 5 + 3 + 3) * 4 + 2 * 8);
}

TEST(Arguments, AreRefusedWhereOneIsMissingWrongOrUnknown) {
  struct Case {
    std::string from, to;  ///< one of kAllArguments, and what is given in its place; empty: nothing
    const char* message;
  };
  const Case cases[] = {
      {"value:3", "n=value:3.5",
       "argument 'n' (int) of forward() cannot be '3.5'\n--input 'n=value:3'"},
      {"value:3", "n=4x5", "argument 'n' (int) of forward() is no tensor\n--input 'n=value:3'"},
      {"scale=value:0.5", "",
       "argument 'scale' (float) of forward() has no default and is not given\n--input "
       "'scale=value:0.5'"},
      {"flag=value:true", "flag=value:yes",
       "argument 'flag' (bool) of forward() cannot be 'yes'\n--input 'flag=value:true'"},
      {"mode=value:double", "",
       "argument 'mode' (str) of forward() has no default and is not given\n--input "
       "'mode=value:TEXT'"},
      {"extra[1]=2:int64:1..9", "extra[2]=4x5",
       "is given '2' where entry 1 is next\n--input 'extra[0]=1x128' and so on"},
      {"named[bias]=5", "",
       "argument 'named' (Dict[str, Tensor]) of forward() has no default and is not given\n--input "
       "'named[KEY]=1x128' for each"},
      {"named[bias]=5", "named=5",
       "argument 'named' (Dict[str, Tensor]) of forward() is no tensor"},
      {"pair[1]=3", "",
       "argument 'pair' (Tuple[Tensor, Tensor]) of forward() has 2 entries, not 1"},
      {"sizes=value:7,8", "sizes=value:7,x",
       "argument 'sizes' (List[int]) of forward() cannot be '7,x'\n--input 'sizes=value:1,2,3'"},
      {"4x5", "value:5",
       "argument 'x' (Tensor) of forward() is a tensor, not a value\n--input 'x=1x128:int64'"},
      {"scale=value:0.5", "scael=value:0.5",
       "forward() has no argument 'scael': it takes x: Tensor, n: int, scale: float"},
      {"scale=value:0.5", "x=4x5", "argument 'x' (Tensor) is given twice"},
  };
  for (const Case& c : cases) {
    std::vector<std::string> flags;
    for (std::size_t i = 0; i < kAllArguments.size(); i += 2) {
      if (kAllArguments[i + 1] == c.from && c.to.empty()) continue;
      flags.push_back("-i");
      flags.push_back(kAllArguments[i + 1] == c.from ? c.to : kAllArguments[i + 1]);
    }
    const std::string text = refusal("arguments", flags);
    EXPECT_NE(text.find(c.message), std::string::npos) << c.from << " → " << c.to << "\n" << text;
  }
}

TEST(Arguments, KeepTheirDefaultsWhereTheyHaveOne) {
  EXPECT_TRUE(first_run(probe_json_of("defaults", {"-i", "4x5"})).at("failure").is_null());
  EXPECT_TRUE(first_run(probe_json_of("defaults", {})).at("failure").is_null());
  const json run = first_run(
      probe_json_of("defaults", {"-i", "x=4x5", "-i", "mask=4x5", "-i", "mode=value:minus"}));
  EXPECT_TRUE(run.at("failure").is_null()) << run.at("failure");
  EXPECT_TRUE(first_run(probe_json_of("defaults", {"-i", "x=4x5", "-i", "mask=value:None"}))
                  .at("failure")
                  .is_null());
}

TEST(Arguments, ThatNoCommandLineCanGiveAreSaidToBe) {
  const std::string text = refusal("pairs", {"-i", "4"});
  EXPECT_NE(text.find("'pairs' (List[Tuple[str, int]])"), std::string::npos) << text;
  EXPECT_NE(text.find("export a wrapper"), std::string::npos) << text;
}

TEST(Arguments, MoreThanForwardHasAreRefused) {
  const std::string text = refusal("sequence", {"-i", "1x2x12", "-i", "3"});
  EXPECT_NE(text.find("more inputs are given than forward() has arguments"), std::string::npos)
      << text;
}

TEST(Ranges, OfIdsAreKept) {
  // 37 rows: id 36 is the last.
  EXPECT_TRUE(
      first_run(probe_json_of("tokens", {"-i", "2x24:int64:36..36"})).at("failure").is_null());
  const json failure =
      first_run(probe_json_of("tokens", {"-i", "2x24:int64:37..37"}, 1)).at("failure");
  EXPECT_EQ(failure.at("kind"), "model");
  EXPECT_EQ(failure.at("message"), "index out of range in self");
}

// Bundled inputs: tests that the values themselves are used, by a model that takes no others.

TEST(BundledInputs, AreUsedOnRequest) {
  const json run = first_run(probe_json_of("bundled", {"--bundled-inputs", "-p", "train"}));
  EXPECT_TRUE(run.at("failure").is_null()) << run.at("failure");
  EXPECT_EQ(run.at("input_source"), "bundled with the model, 1 of 2");
  EXPECT_EQ(run.at("inputs").at(0).at("sizes"), json({2, 5}));
  EXPECT_EQ(run.at("inputs").at(0).at("dtype"), "int64");
  EXPECT_EQ(run.at("inputs").at(1), json({{"name", "scale"}, {"value", "2.5"}}));
  EXPECT_EQ(part(run, "inputs").at("measured_bytes"), 2 * 5 * 8);
  EXPECT_EQ(part(run, "weights").at("measured_bytes"), part(run, "weights").at("predicted_bytes"));
  const json without = first_run(probe_json_of("bundled", {}, 1));
  EXPECT_EQ(without.at("failure").at("message"),
            "AssertionError: the ids are not those that were bundled");
}

TEST(BundledInputs, ThatAreNotThereEndWithExitCodeFour) {
  const std::string text = refusal("tokens", {"--bundled-inputs"}, 4);
  EXPECT_NE(text.find("the model has no bundled inputs"), std::string::npos) << text;
}

TEST(BundledInputs, AreNotGivenInputsOrSizes) {
  for (const char* flag : {"--input", "--batch", "--seq"}) {
    const Ran ran =
        run_torchtally({"probe", input_model("bundled"), "--bundled-inputs", flag, "3"});
    EXPECT_EQ(ran.exit_code, 2) << flag;
  }
}

// What is measured when.

TEST(WarmUps, ComeBeforeWhatIsMeasuredAndAreReported) {
  const json report = probe_json_of("tokens", {"--warm-up", "2", "--repeat", "3"});
  EXPECT_EQ(report.at("warm_ups"), 2);
  ASSERT_EQ(report.at("configurations").at(0).at("runs").size(), 3u);
  std::vector<std::string> names;
  for (const json& phase : first_run(report).at("phases")) names.push_back(phase.at("name"));
  EXPECT_EQ(names, (std::vector<std::string>{"weights", "inputs", "warm-up", "warm-up",
                                             "evaluation forward"}));
  for (const json& peak : report.at("configurations").at(0).at("peaks")) {
    EXPECT_LE(peak.at("min_bytes"), peak.at("median_bytes"));
    EXPECT_LE(peak.at("median_bytes"), peak.at("max_bytes"));
  }
  EXPECT_EQ(probe_json_of("tokens", {}).at("warm_ups"), 0);
  const Ran text =
      run_torchtally({"probe", input_model("tokens"), "--device", "cpu", "--no-virtual",
                      "--no-modules", "--warm-up", "2", "--repeat", "3"});
  EXPECT_NE(text.out.find("warm-ups"), std::string::npos) << text.out;
  for (const char* column : {"median", "min", "max"})
    EXPECT_NE(text.out.find(column), std::string::npos) << text.out;
}

TEST(WritingModel, GetsItsInputsAfreshInEveryCall) {
  // It adds 2 to its ids: a second call with the same tensor would ask for row 4 of 3.
  const json run = first_run(
      probe_json_of("writing", {"-i", "2x3:int64:0..0", "-p", "train", "--warm-up", "1"}));
  EXPECT_TRUE(run.at("failure").is_null()) << run.at("failure");
  EXPECT_NE(run.at("notes").dump().find("writes into its inputs"), std::string::npos)
      << run.at("notes");
  EXPECT_EQ(part(run, "inputs").at("measured_bytes"), 2 * 3 * 8);
}

}  // namespace
}  // namespace tally::tests
