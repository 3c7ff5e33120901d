// Every class of error as it leaves the program: words on stderr or JSON on stdout, and the exit
// code that docs/exit-codes.md gives it. tests/golden has whole commands that end in each but the
// last, which only a mistake in the program brings about.
#include <cli/commands/command.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

namespace tally::cli {
namespace {

const struct {
  ErrorCode code;
  const char* name;
  int exit_code;
} kClasses[] = {{ErrorCode::kUsage, "usage", 2},
                {ErrorCode::kNotFound, "not_found", 3},
                {ErrorCode::kNotAModel, "not_a_model", 3},
                {ErrorCode::kMalformed, "malformed", 3},
                {ErrorCode::kLimitExceeded, "limit_exceeded", 3},
                {ErrorCode::kUnavailable, "unavailable", 4},
                {ErrorCode::kInternal, "internal", 70}};

TEST(ErrorClasses, EndInTheirExitCodeInWordsAndInJson) {
  for (const auto& one : kClasses) {
    for (const auto format :
         {report::Format::kText, report::Format::kMarkdown, report::Format::kHtml,
          report::Format::kCsv, report::Format::kJson, report::Format::kJsonLines}) {
      Session session;
      session.command = "audit";
      testing::internal::CaptureStdout();
      testing::internal::CaptureStderr();
      fail(session, {one.code, "what", "next"}, format);
      const std::string out = testing::internal::GetCapturedStdout();
      const std::string err = testing::internal::GetCapturedStderr();
      EXPECT_EQ(session.exit_code, one.exit_code) << one.name;
      if (format != report::Format::kJson && format != report::Format::kJsonLines) {
        EXPECT_EQ(out, "") << one.name;
        EXPECT_EQ(err, "torchtally: what\n  next\n") << one.name;
        continue;
      }
      EXPECT_EQ(err, "") << one.name;
      const auto document = nlohmann::json::parse(out);
      EXPECT_EQ(document.at("error"),
                (nlohmann::json{{"code", one.name}, {"message", "what"}, {"hint", "next"}}));
      EXPECT_EQ(document.at("command"), "audit");
    }
  }
}

TEST(InternalError, IsAMistakeOfTheProgramAndSaysSo) {
  Session session;
  testing::internal::CaptureStderr();
  fail(session, internal_error(std::runtime_error("a key\x1b is missing")));
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "torchtally: internal error: a key\\x1b is missing\n  this is a mistake in torchtally; "
            "please report it with the command line that shows it\n");
  EXPECT_EQ(session.exit_code, 70);
}

// A name in a hint is a name, too.
TEST(ErrorText, EscapesTheHint) {
  EXPECT_EQ(error_text({ErrorCode::kUsage, "m\x07", "h\x1b[2J"}),
            "torchtally: m\\x07\n  h\\x1b[2J\n");
}

}  // namespace
}  // namespace tally::cli
