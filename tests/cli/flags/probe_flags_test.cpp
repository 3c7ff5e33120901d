#include <cli/flags/probe_flags.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <algorithm>

namespace tally::cli {
namespace {

using inspector::Dtype;

TEST(ProbeInput, HasSizesATypeARangeAndAName) {
  const auto input = parse_input("ids=1x128:int64:0..50256");
  ASSERT_TRUE(input);
  EXPECT_EQ(input->name, "ids");
  EXPECT_EQ(input->sizes, (std::vector<std::int64_t>{1, 128}));
  EXPECT_EQ(input->dtype, Dtype::kInt64);
  EXPECT_EQ(input->low, 0);
  EXPECT_EQ(input->high, 50256);
}

TEST(ProbeInput, IsFloat32WhereNoTypeIsGiven) {
  const auto input = parse_input("3x224x224");
  ASSERT_TRUE(input);
  EXPECT_EQ(input->dtype, Dtype::kFloat32);
  EXPECT_FALSE(input->low);
}

TEST(ProbeInput, MayHaveNoDimension) {
  const auto input = parse_input(":int64");
  ASSERT_TRUE(input);
  EXPECT_TRUE(input->sizes.empty());
}

TEST(ProbeInput, MayBeAnEntryOrAValue) {
  const auto entry = parse_input("masks[left]=2x3:bool");
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->name, "masks");
  EXPECT_EQ(entry->key, "left");
  EXPECT_EQ(entry->sizes, (std::vector<std::int64_t>{2, 3}));
  const auto named = parse_input("mode=value:a=b:c");
  ASSERT_TRUE(named);
  EXPECT_EQ(named->name, "mode");
  EXPECT_EQ(named->value, "a=b:c");
  const auto positional = parse_input("value:x=3");
  ASSERT_TRUE(positional);
  EXPECT_EQ(positional->name, "");
  EXPECT_EQ(positional->value, "x=3");
}

TEST(ProbeInput, OfMoreThanAnyMachineHoldsIsRefusedAsThat) {
  for (const char* text : {"1000000000x1000000000", "1099511627777", "1048576x1048576x2"}) {
    const auto input = parse_input(text);
    ASSERT_FALSE(input) << text;
    EXPECT_NE(input.error().message.find("more than 2^40 elements"), std::string::npos) << text;
  }
  EXPECT_TRUE(parse_input("1048576x1048576"));
}

TEST(ProbeInput, IsRefusedWhereItMakesNoSense) {
  for (const char* text :
       {"=3", "0x3", "1x-2", "1y2", "1x2:int65", "1x2:quint8", "1x2:int64:5", "1x2:int64:5..4",
        "1x2:float32:0..1", "1:int64:0..1:2", "a[=1", "a[]=1", "[0]=1", "a]=1x", "a[0]=value:1",
        "1099511627776x2", "1x2:int64:0..9223372036854775807"}) {
    const auto input = parse_input(text);
    ASSERT_FALSE(input) << text;
    EXPECT_EQ(input.error().code, ErrorCode::kUsage) << text;
    EXPECT_NE(input.error().message.find(text), std::string::npos);
  }
}

/// The flags of a command line; a refusal throws.
ProbeFlags flags_of(std::vector<std::string> arguments) {
  ProbeFlags flags;
  CLI::App app;
  add_probe_flags(app, flags);
  arguments.emplace_back("model.pt");
  std::reverse(arguments.begin(), arguments.end());  // as CLI11 takes them
  app.parse(arguments);
  return flags;
}

TEST(ProbeLimit, MayHaveDecimals) {
  EXPECT_EQ(flags_of({"--limit", "1.5G"}).limit_bytes, 3ll << 29);
  EXPECT_EQ(flags_of({"--limit=2K"}).limit_bytes, 2048);
  EXPECT_EQ(flags_of({}).limit_bytes, 0);
}

TEST(ProbeLimit, IsNotNegative) {
  for (const char* text : {"-5", "-1G", "five"})
    EXPECT_THROW(flags_of({std::string("--limit=") + text}), CLI::ParseError) << text;
  EXPECT_THROW(flags_of({"--limit", "-5"}), CLI::ParseError);
}

TEST(ProbeDevice, IsOneThatThereMayBe) {
  EXPECT_EQ(flags_of({"--device", "cuda:3"}).device, "cuda:3");
  EXPECT_THROW(flags_of({"--device", "cuda:x"}), CLI::ParseError);
  EXPECT_EQ(virtual_target(flags_of({})), std::nullopt);
  EXPECT_EQ(virtual_target(flags_of({"--virtual-for", "cuda"})), inspector::VirtualTarget::kCuda);
  EXPECT_EQ(virtual_target(flags_of({"--virtual-for", "cpu"})), inspector::VirtualTarget::kCpu);
}

/// The error of flags of which one does nothing; "" where each has its part.
std::string idle(std::vector<std::string> arguments) {
  ProbeFlags flags;
  CLI::App app;
  add_probe_flags(app, flags);
  arguments.emplace_back("model.pt");
  std::reverse(arguments.begin(), arguments.end());
  app.parse(arguments);
  const auto sensible = refuse_idle_probe_flags(app, flags);
  return sensible ? "" : sensible.error().message;
}

TEST(ProbeFlags, ThatDoNothingBesideTheOthersAreRefused) {
  const std::string load = " does nothing with --phase load, which runs no forward";
  for (const std::vector<std::string>& flag : {std::vector<std::string>{"--input", "1x2"},
                                               {"--bundled-inputs"},
                                               {"--batch", "2"},
                                               {"--seq", "3"},
                                               {"--warm-up", "1"},
                                               {"--executor", "profiling"},
                                               {"--rows", "3"}}) {
    std::vector<std::string> arguments = flag;
    EXPECT_EQ(idle(arguments), "") << flag[0];
    arguments.insert(arguments.end(), {"-p", "load"});
    EXPECT_EQ(idle(arguments), flag[0] + load);
  }
  EXPECT_EQ(idle({"--optimizer", "sgd"}), "--optimizer does nothing without --phase train");
  EXPECT_EQ(idle({"--optimizer", "sgd", "-p", "train"}), "");
  EXPECT_EQ(idle({"--virtual-for", "cpu", "--no-virtual"}),
            "--virtual-for does nothing with --no-virtual");
  EXPECT_EQ(idle({"--virtual-for", "cpu", "-p", "load"}),
            "--virtual-for does nothing with --phase load, which has no virtual run beside");
  // A probe of meta is the virtual run.
  EXPECT_EQ(idle({"--virtual-for", "cpu", "--no-virtual", "--device", "meta"}), "");
  EXPECT_EQ(idle({"--rows", "3", "--no-modules"}), "--rows does nothing with --no-modules");
}

TEST(ProbeFlags, ThatLeaveOutWhatIsNotThereAreTaken) {
  EXPECT_EQ(idle({"-p", "load", "--no-virtual", "--no-modules", "--no-formulas"}), "");
}

}  // namespace
}  // namespace tally::cli
