#include <cli/commands/command.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

namespace tally::cli {
using namespace report;
using namespace app;
namespace {

TEST(ExitCodeFor, GroupsErrorsByWhatTheCallerCanDo) {
  EXPECT_EQ(exit_code_for(ErrorCode::kUsage), 2);
  EXPECT_EQ(exit_code_for(ErrorCode::kNotFound), 3);
  EXPECT_EQ(exit_code_for(ErrorCode::kNotAModel), 3);
  EXPECT_EQ(exit_code_for(ErrorCode::kMalformed), 3);
  EXPECT_EQ(exit_code_for(ErrorCode::kLimitExceeded), 3);
  EXPECT_EQ(exit_code_for(ErrorCode::kUnavailable), 4);
  EXPECT_EQ(exit_code_for(ErrorCode::kInternal), 70);
}

TEST(Fail, SaysMessageAndHintOnStderr) {
  Session session;
  testing::internal::CaptureStderr();
  fail(session, {ErrorCode::kNotAModel, "'x\x1b.pt' is a state_dict", "export the module"});
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "torchtally: 'x\\x1b.pt' is a state_dict\n  export the module\n");
  EXPECT_EQ(session.exit_code, kExitUnreadable);
}

TEST(Fail, LeavesOutAHintThatIsEmpty) {
  EXPECT_EQ(error_text({ErrorCode::kUsage, "no", ""}), "torchtally: no\n");
}

TEST(Fail, IsJsonOnStdoutWhereJsonWasAskedFor) {
  Session session;
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  fail(session, {ErrorCode::kUnavailable, "no CUDA device\x7f\xff", "use --device cpu"},
       Format::kJson);
  const std::string out = testing::internal::GetCapturedStdout();
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_EQ(session.exit_code, kExitUnavailable);
  EXPECT_EQ(out.find('\x7f'), std::string::npos);
  const auto json = nlohmann::json::parse(out);
  EXPECT_EQ(json["tool"]["name"], "torchtally");
  EXPECT_EQ(json["schema_version"], 2);
  EXPECT_TRUE(json["command"].is_null());
  EXPECT_EQ(json["error"]["code"], "unavailable");
  EXPECT_EQ(json["error"]["message"], "no CUDA device\\x7f\\xff");
  EXPECT_EQ(json["error"]["hint"], "use --device cpu");
}

TEST(Fail, IsOneLineWhereJsonLinesWereAskedFor) {
  Session session;
  session.command = "audit";
  testing::internal::CaptureStdout();
  fail(session, {ErrorCode::kUsage, "two\nlines", ""}, Format::kJsonLines);
  const std::string out = testing::internal::GetCapturedStdout();
  EXPECT_EQ(std::count(out.begin(), out.end(), '\n'), 1);
  const auto json = nlohmann::json::parse(out);
  EXPECT_EQ(json["command"], "audit");
  EXPECT_EQ(json["error"]["message"], "two\nlines");
}

TEST(ExitCodes, AreDocumentedAsTheProgramLists) {
  std::ifstream file(TORCHTALLY_SOURCE_DIR "/docs/exit-codes.md");
  std::ostringstream text;
  text << file.rdbuf();
  for (const ExitCodeMeaning& code : kExitCodeMeanings) {
    const std::string row = "| " + std::to_string(code.exit_code) + " | " + code.meaning + " |\n";
    EXPECT_NE(text.str().find(row), std::string::npos) << row;
  }
  for (const ErrorCode code :
       {ErrorCode::kUsage, ErrorCode::kNotFound, ErrorCode::kNotAModel, ErrorCode::kMalformed,
        ErrorCode::kLimitExceeded, ErrorCode::kUnavailable, ErrorCode::kInternal}) {
    const std::string row = "| `" + std::string(error_code_name(code)) + "` | " +
                            std::to_string(exit_code_for(code)) + " |";
    EXPECT_NE(text.str().find(row), std::string::npos) << row;
  }
}

}  // namespace
}  // namespace tally::cli
