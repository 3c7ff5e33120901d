#include <base/nearest_name.h>
#include <cli/commands/command.h>
#include <cli/flags/usage.h>
#include <cli/terminal/log.h>
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace tally::cli {
using namespace report;
using namespace app;
namespace {

/// A small program with the layout of ours.
struct Program {
  CLI::App app{"Inspector for exported PyTorch models", "torchtally"};
  OutputOptions options;
  std::vector<std::string> models;

  Program() {
    app.require_subcommand(1);
    app.fallthrough();
    app.set_help_flag("-h,--help", "Print this help");
    set_help_layout(app);
    add_log_flags(app);
    CLI::App* audit =
        app.add_subcommand("audit", "Count what is in a model. Nothing in the file is run.");
    audit->add_option("MODEL", models, "Files to read")->required();
    add_output_flags(*audit, options);
    app.add_subcommand("estimate", "Say what a model will need");
  }

  /// What is said of a call that is refused; an empty message if it is not.
  Error refusal(std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), "torchtally");
    try {
      app.parse(static_cast<int>(arguments.size()), arguments.data());
    } catch (const CLI::ParseError& error) {
      return usage_error(app, error);
    }
    return {};
  }
};

TEST(Help, ListsCommandsInOneLineEachAndExitCodes) {
  Program program;
  EXPECT_EQ(program.app.help(), R"(Usage: torchtally COMMAND [OPTIONS]

Inspector for exported PyTorch models

Commands:
  audit     Count what is in a model
  estimate  Say what a model will need

Options:
  -h, --help                    Print this help
  -v, --verbose                 Say on stderr what is being done; -vv says more

Exit codes:
  0   done, and every requested check passed
  1   done, but a check failed; the report is printed all the same
  2   a wrong flag or value
  3   an input cannot be read or is no model
  4   what was asked for is not available here
  70  a mistake in torchtally itself

'torchtally COMMAND --help' explains a command.
)");
}

TEST(Help, ExplainsACommand) {
  Program program;
  EXPECT_EQ(program.app.get_subcommand("audit")->help("torchtally"),
            R"(Usage: torchtally audit [OPTIONS] MODEL...

Count what is in a model. Nothing in the file is run.

Arguments:
  MODEL                         Files to read

Options:
  -h, --help                    Print this help

Output:
  -f, --format FORMAT           Format on stdout: text (default), json, jsonl, md, html or csv
  -o, --output FILE             Also write the report to FILE, in the format of its ending (.txt,
                                .json, .jsonl, .md, .html, .csv); repeatable. Lines of .jsonl are
                                added to what FILE has
      --color WHEN              Colour text: auto (default: on a terminal, unless NO_COLOR is set),
                                always or never

Every command:
  -v, --verbose                 Say on stderr what is being done; -vv says more
)");
}

TEST(UsageError, NamesTheNearestCommand) {
  const Error error = Program().refusal({"audti", "model.pt"});
  EXPECT_EQ(error.code, ErrorCode::kUsage);
  EXPECT_EQ(error.message, "there is no command 'audti'");
  EXPECT_EQ(error.hint, "did you mean 'audit'?");
}

TEST(UsageError, NamesTheNearestFlag) {
  const Error error = Program().refusal({"audit", "--fromat=json", "model.pt"});
  EXPECT_EQ(error.message, "there is no flag '--fromat'");
  EXPECT_EQ(error.hint, "did you mean '--format'?");
  EXPECT_EQ(Program().refusal({"audit", "model.pt", "--verbos"}).hint, "did you mean '--verbose'?");
}

TEST(UsageError, ComplainsOfTheUnknownFlagBeforeWhatIsMissing) {
  EXPECT_EQ(Program().refusal({"audit", "--frobnicate"}).message,
            "there is no flag '--frobnicate'");
}

TEST(UsageError, PointsAtTheHelpWhereNothingIsNear) {
  const Error command = Program().refusal({"frobnicate"});
  EXPECT_EQ(command.hint, "'torchtally --help' lists what there is");
  EXPECT_EQ(Program().refusal({"audit", "m.pt", "--qqq"}).hint,
            "'torchtally audit --help' lists what there is");
  EXPECT_EQ(Program().refusal({"frobnicate", "-f", "json"}).message,
            "there is no command 'frobnicate'");
  EXPECT_EQ(Program().refusal({}).message, "no command was given");
  EXPECT_EQ(Program().refusal({"audit"}).message, "MODEL is required");
}

TEST(UsageError, RefusesSurplusArguments) {
  EXPECT_EQ(Program().refusal({"estimate", "x"}).message,
            "'x' is one argument too many for estimate");
}

TEST(UsageError, ListsTheValuesOfAChoice) {
  EXPECT_EQ(Program().refusal({"audit", "m.pt", "-f", "xml"}).message,
            "--format: 'xml' is not one of text, json, jsonl, md, html, csv");
  EXPECT_EQ(Program().refusal({"audit", "m.pt", "--color", "blue"}).message,
            "--color: 'blue' is not one of auto, always, never");
}

TEST(OutputFlags, AreRead) {
  Program program;
  EXPECT_EQ(program
                .refusal({"audit", "a.pt", "-o", "x.json", "b.pt", "-o", "y.html", "-f", "md",
                          "--color=never"})
                .message,
            "");
  EXPECT_EQ(program.models, (std::vector<std::string>{"a.pt", "b.pt"}));
  EXPECT_EQ(program.options.files, (std::vector<std::string>{"x.json", "y.html"}));
  EXPECT_EQ(program.options.format, Format::kMarkdown);
  EXPECT_EQ(program.options.color, "never");
}

TEST(LogFlags, WorkBeforeAndAfterTheCommand) {
  EXPECT_EQ(Program().refusal({"audit", "m.pt"}).message, "");
  EXPECT_EQ(spdlog::get_level(), spdlog::level::warn);
  EXPECT_EQ(Program().refusal({"-v", "audit", "m.pt"}).message, "");
  EXPECT_EQ(spdlog::get_level(), spdlog::level::info);
  EXPECT_EQ(Program().refusal({"audit", "m.pt", "-vv"}).message, "");
  EXPECT_EQ(spdlog::get_level(), spdlog::level::debug);
  EXPECT_EQ(Program().refusal({"audit", "-v", "m.pt", "-v"}).message, "");
  EXPECT_EQ(spdlog::get_level(), spdlog::level::debug);
}

TEST(ErrorFormat, SeesEveryWayToWriteIt) {
  const auto format = [](std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), "torchtally");
    return error_format(static_cast<int>(arguments.size()), arguments.data());
  };
  EXPECT_EQ(format({"x", "-f", "json"}), Format::kJson);
  EXPECT_EQ(format({"x", "--format", "json"}), Format::kJson);
  EXPECT_EQ(format({"x", "--format=json"}), Format::kJson);
  EXPECT_EQ(format({"x", "-fjson"}), Format::kJson);
  EXPECT_EQ(format({"x", "-f=json"}), Format::kJson);
  EXPECT_EQ(format({"x", "-f", "jsonl"}), Format::kJsonLines);
  EXPECT_EQ(format({"x", "--format=jsonl"}), Format::kJsonLines);
  EXPECT_EQ(format({"x", "-fjsonl"}), Format::kJsonLines);
  EXPECT_EQ(format({"x", "-f", "text"}), Format::kText);
  EXPECT_EQ(format({"x", "json"}), Format::kText);
  EXPECT_EQ(format({"x", "-f"}), Format::kText);
  EXPECT_EQ(format({"x", "--", "-f", "json"}), Format::kText);
}

TEST(NearestName, AllowsForSlipsOfTheHand) {
  const std::vector<std::string> names{"audit", "compare", "estimate", "table"};
  EXPECT_EQ(nearest_name("audti", names), "audit");
  EXPECT_EQ(nearest_name("adit", names), "audit");
  EXPECT_EQ(nearest_name("est", names), "estimate");
  EXPECT_EQ(nearest_name("cmpare", names), "compare");
  EXPECT_EQ(nearest_name("frobnicate", names), "");
  EXPECT_EQ(nearest_name("", names), "");
  EXPECT_EQ(nearest_name(std::string(100000, 'a'), names), "");
}

}  // namespace
}  // namespace tally::cli
