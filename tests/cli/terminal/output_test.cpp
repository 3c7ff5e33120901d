#include <cli/terminal/output.h>
#include <cli/terminal/terminal.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <report/report.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace tally::cli {
using report::TextStyle;
using report::Units;
namespace {

namespace fs = std::filesystem;

class OutputTest : public testing::Test {
 protected:
  OutputTest() {
    std::string name = (fs::temp_directory_path() / "torchtally-output-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot create " + name);
    folder_ = name;
  }
  ~OutputTest() override { fs::remove_all(folder_); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  static std::string read(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }

  std::vector<std::string> names_in_folder() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_))
      names.push_back(entry.path().filename().string());
    return names;
  }

  static Result<Output> open(const std::vector<std::string>& files) {
    OutputOptions options;
    options.files = files;
    return Output::open(options, {});
  }

  /// One paragraph with a control character, in text and in JSON.
  static report::Report one_report() {
    report::Report report;
    report.command = "audit";
    report.body.add(report::Note{{{"said", "one\x1b report"}}, report::Tone::kNormal, ""});
    return report;
  }

  fs::path folder_;
};

TEST_F(OutputTest, WritesEachFileInTheFormatOfItsEnding) {
  const auto output = open({path("a.txt"), path("a.json"), path("a.md"), path("a.html")});
  ASSERT_TRUE(output);
  EXPECT_TRUE(names_in_folder().empty()) << "nothing may be there before the report is";
  testing::internal::CaptureStdout();
  ASSERT_TRUE(output->write(one_report()));
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "one\\x1b report\n");
  EXPECT_EQ(read(path("a.txt")), "one\\x1b report\n");
  EXPECT_NE(read(path("a.json")).find("\"said\": \"one\\u001b report\""), std::string::npos);
  EXPECT_EQ(read(path("a.md")), "one\\\\x1b report\n");
  EXPECT_NE(read(path("a.html")).find("<p>one\\x1b report</p>"), std::string::npos);
  EXPECT_EQ(names_in_folder().size(), 4U) << "no temporary file may stay behind";
}

TEST_F(OutputTest, ReplacesTheFileBehindALinkAndKeepsItsPermissions) {
  std::ofstream(path("real.txt")) << "old";
  fs::permissions(path("real.txt"), fs::perms::owner_read | fs::perms::owner_write);
  fs::create_symlink("real.txt", path("link.txt"));
  const auto output = open({path("link.txt")});
  ASSERT_TRUE(output);
  EXPECT_EQ(read(path("real.txt")), "old");
  testing::internal::CaptureStdout();
  ASSERT_TRUE(output->write(one_report()));
  testing::internal::GetCapturedStdout();
  EXPECT_TRUE(fs::is_symlink(path("link.txt")));
  EXPECT_EQ(read(path("real.txt")), "one\\x1b report\n");
  EXPECT_EQ(fs::status(path("real.txt")).permissions(),
            fs::perms::owner_read | fs::perms::owner_write);
}

report::Report typed_report(std::int64_t parameters) {
  report::Report report;
  report.command = "audit";
  report::Table table;
  table.key = "rows";
  table.columns = {{"parameters", "parameters"}};
  report::Row row;
  row.cells = {report::Count{parameters}};
  table.rows = {row};
  report.body.add(std::move(table));
  return report;
}

TEST_F(OutputTest, WritesOneReportInEveryFormat) {
  const auto output = open({path("a.txt"), path("a.json"), path("a.jsonl"), path("a.md"),
                            path("a.html"), path("a.csv")});
  ASSERT_TRUE(output);
  testing::internal::CaptureStdout();
  ASSERT_TRUE(output->write(typed_report(1234), Units::kExact));
  EXPECT_NE(testing::internal::GetCapturedStdout().find("1,234"), std::string::npos);
  for (const char* name : {"a.txt", "a.md", "a.html"})
    EXPECT_NE(read(path(name)).find("1,234"), std::string::npos) << name;
  EXPECT_NE(read(path("a.json")).find("\"parameters\": 1234\n"), std::string::npos);
  EXPECT_NE(read(path("a.jsonl")).find("\"rows\":[{\"parameters\":1234}]}\n"), std::string::npos);
  EXPECT_EQ(read(path("a.csv")), "parameters\r\n1234\r\n");
}

TEST_F(OutputTest, AppendsLinesAsTheyComeAndTheRestAtTheEnd) {
  std::ofstream(path("a.jsonl")) << "{\"half\": ";  // of a run that was broken off
  const auto output = open({path("a.jsonl"), path("a.csv")});
  ASSERT_TRUE(output);
  EXPECT_TRUE(output->wants({report::Format::kJsonLines}));
  EXPECT_TRUE(output->wants({report::Format::kText})) << "stdout has it";
  EXPECT_FALSE(output->wants({report::Format::kJson, report::Format::kHtml}));
  testing::internal::CaptureStdout();
  ASSERT_TRUE(output->write_line(typed_report(1)));
  const std::string first = read(path("a.jsonl"));
  EXPECT_NE(first.find("{\"half\": \n{\"tool\""), std::string::npos) << first;
  EXPECT_FALSE(fs::exists(path("a.csv")));
  ASSERT_TRUE(output->write_line(typed_report(2)));
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
  const std::string lines = read(path("a.jsonl"));
  EXPECT_EQ(lines.find(first), 0U);
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 3);
  testing::internal::CaptureStdout();
  ASSERT_TRUE(output->write_rest(typed_report(3)));
  EXPECT_NE(testing::internal::GetCapturedStdout(), "");
  EXPECT_EQ(read(path("a.csv")), "parameters\r\n3\r\n");
  EXPECT_EQ(read(path("a.jsonl")), lines);
}

TEST_F(OutputTest, RefusesPathsBeforeTheWork) {
  fs::create_directory(path("folder.html"));
  ASSERT_EQ(mkfifo(path("pipe.txt").c_str(), 0600), 0);
  const std::string missing = path("missing/a.txt");
  const std::pair<std::vector<std::string>, std::string> cases[] = {
      {{path("a.pdf")}, "cannot write to '" + path("a.pdf") + "': its ending tells no format"},
      {{path("folder.html")}, "cannot write to '" + path("folder.html") + "': it is a folder"},
      {{path("pipe.txt")}, "cannot write to '" + path("pipe.txt") + "': it is no regular file"},
      {{missing},
       "cannot write to '" + missing + "': there is no folder '" + path("missing") + "'"},
      {{path("a.txt"), path("a.txt")},
       "cannot write to '" + path("a.txt") + "': it is named twice"},
  };
  for (const auto& [files, message] : cases) {
    const auto output = open(files);
    ASSERT_FALSE(output) << message;
    EXPECT_EQ(output.error().code, ErrorCode::kUsage);
    EXPECT_EQ(output.error().message, message);
    EXPECT_NE(output.error().hint, "");
  }
}

TEST_F(OutputTest, RefusesAFolderWithoutPermission) {
  if (geteuid() == 0) GTEST_SKIP() << "root may write anywhere";
  fs::permissions(folder_, fs::perms::owner_read | fs::perms::owner_exec);
  const auto output = open({path("a.txt")});
  fs::permissions(folder_, fs::perms::owner_all);
  ASSERT_FALSE(output);
  EXPECT_EQ(output.error().code, ErrorCode::kUsage);
}

/// stdout led elsewhere for as long as this lives.
class Redirected {
 public:
  explicit Redirected(int to) : saved_(dup(STDOUT_FILENO)) { dup2(to, STDOUT_FILENO); }
  ~Redirected() {
    dup2(saved_, STDOUT_FILENO);
    close(saved_);
  }
  Redirected(const Redirected&) = delete;
  Redirected& operator=(const Redirected&) = delete;

 private:
  int saved_;
};

TEST(WriteToStdout, EndsQuietlyWhenTheReaderIsGone) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  close(ends[0]);
  std::signal(SIGPIPE, SIG_IGN);  // as prepare_process() does
  bool ok = false;
  {
    const Redirected redirected(ends[1]);
    ok = write_to_stdout("text").ok();
  }
  close(ends[1]);
  EXPECT_TRUE(ok);
}

TEST(WriteToStdout, SaysWhenTheDiskIsFull) {
  const int full = open("/dev/full", O_WRONLY);
  ASSERT_NE(full, -1);
  Result<Unit> result = Unit{};
  {
    const Redirected redirected(full);
    result = write_to_stdout("text");
  }
  close(full);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(result.error().message, "cannot write to stdout: No space left on device");
}

/// A variable of the environment, put back at the end.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    if (const char* old = std::getenv(name); old != nullptr) old_ = old, was_set_ = true;
    value == nullptr ? unsetenv(name) : setenv(name, value, 1);
  }
  ~Variable() { was_set_ ? setenv(name_, old_.c_str(), 1) : unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
  std::string old_;
  bool was_set_ = false;
};

/// A terminal of 72 columns in the place of stdout.
class PseudoTerminal {
 public:
  PseudoTerminal() : master_(posix_openpt(O_RDWR | O_NOCTTY)) {
    if (master_ == -1 || grantpt(master_) != 0 || unlockpt(master_) != 0) return;
    slave_ = open(ptsname(master_), O_RDWR | O_NOCTTY);
  }
  ~PseudoTerminal() {
    if (slave_ != -1) close(slave_);
    if (master_ != -1) close(master_);
  }
  PseudoTerminal(const PseudoTerminal&) = delete;
  PseudoTerminal& operator=(const PseudoTerminal&) = delete;
  int descriptor() const { return slave_; }

 private:
  int master_;
  int slave_ = -1;
};

TEST(StdoutStyle, IsPlainWhenPiped) {
  const Variable columns("COLUMNS", "40");
  const Variable term("TERM", "xterm");
  const Variable no_color("NO_COLOR", nullptr);
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  TextStyle automatic, always;
  {
    const Redirected redirected(ends[1]);
    automatic = stdout_style("auto");
    always = stdout_style("always");
  }
  close(ends[0]);
  close(ends[1]);
  EXPECT_FALSE(automatic.color);
  EXPECT_FALSE(automatic.bars);
  EXPECT_EQ(automatic.width, 0);
  EXPECT_TRUE(always.color);
  EXPECT_FALSE(always.bars);
  EXPECT_EQ(always.width, 0);
}

TEST(StdoutStyle, HasColorAndAWidthOnATerminal) {
  const PseudoTerminal terminal;
  if (terminal.descriptor() == -1) GTEST_SKIP() << "no pseudo-terminal here";
  const Variable columns("COLUMNS", "72");
  const Variable term("TERM", "xterm");
  const auto style_with = [&terminal](const char* no_color, const char* term_name,
                                      const char* color) {
    const Variable no_color_variable("NO_COLOR", no_color);
    const Variable term_variable("TERM", term_name);
    const Redirected redirected(terminal.descriptor());
    return stdout_style(color);
  };
  EXPECT_TRUE(style_with(nullptr, "xterm", "auto").color);
  EXPECT_TRUE(style_with(nullptr, "xterm", "auto").bars);
  EXPECT_EQ(style_with(nullptr, "xterm", "auto").width, 72);
  EXPECT_FALSE(style_with("1", "xterm", "auto").color);
  EXPECT_TRUE(style_with("", "xterm", "auto").color);  // no-color.org: set and not empty
  EXPECT_FALSE(style_with(nullptr, "dumb", "auto").color);
  EXPECT_FALSE(style_with(nullptr, "xterm", "never").color);
  EXPECT_TRUE(style_with("1", "dumb", "always").color);
}

TEST(LocaleIsUtf8, FollowsTheFirstVariableThatIsSet) {
  const auto with = [](const char* all, const char* type, const char* language) {
    const Variable lc_all("LC_ALL", all), lc_ctype("LC_CTYPE", type), lang("LANG", language);
    return locale_is_utf8();
  };
  EXPECT_TRUE(with("C.UTF-8", nullptr, nullptr));
  EXPECT_TRUE(with(nullptr, nullptr, "de_DE.utf8"));
  EXPECT_TRUE(with("", "en_US.UTF-8", "C"));
  EXPECT_FALSE(with("C", nullptr, "en_US.UTF-8"));
  EXPECT_FALSE(with(nullptr, nullptr, nullptr));
}

}  // namespace
}  // namespace tally::cli
