#include <app/sandbox.h>
#include <gtest/gtest.h>
#include <report/views.h>

#include <nlohmann/json.hpp>

namespace tally::app {
namespace {

using inspector::SandboxSupport;

TEST(RequireSandbox, RefusesAKernelThatLacksAPart) {
  EXPECT_TRUE(require_sandbox({true, 1}).ok());
  const auto no_landlock = require_sandbox({true, 0}), no_seccomp = require_sandbox({false, 7});
  ASSERT_FALSE(no_landlock.ok());
  ASSERT_FALSE(no_seccomp.ok());
  EXPECT_EQ(no_landlock.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(no_landlock.error().message.find("no Landlock"), std::string::npos);
  EXPECT_NE(no_seccomp.error().message.find("no seccomp"), std::string::npos);
}

TEST(SandboxText, SaysWhatThereIsAndWhatIsMissing) {
  EXPECT_EQ(sandbox_text({true, 7}), "seccomp, Landlock 7");
  EXPECT_EQ(sandbox_text({true, 0}), "seccomp, no Landlock (which files a process may open)");
  EXPECT_EQ(sandbox_text({false, 3}),
            "Landlock 3, no seccomp (which system calls a process may make)");
}

TEST(SandboxNotes, AreInReportsOnlyWhereSomethingIsMissing) {
  const report::Report whole = with_sandbox_notes({true, 7}, {});
  const report::Report without_files = with_sandbox_notes({true, 0}, {});
  EXPECT_FALSE(nlohmann::json::parse(report::to_json(whole)).contains("sandbox_missing"));
  const auto json = nlohmann::json::parse(report::to_json(without_files));
  ASSERT_EQ(json.at("sandbox_missing").size(), 1U);
  EXPECT_NE(json["sandbox_missing"][0].get<std::string>().find("Landlock"), std::string::npos);
}

}  // namespace
}  // namespace tally::app
