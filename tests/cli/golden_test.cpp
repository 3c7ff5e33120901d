// Golden tests: whole commands and what they print, compared to the character.
//
// A folder tests/golden/NAME is a test. It holds
//   command             a shell line; `torchtally` is the one that was built, $OUT an empty folder
//   stdout, stderr      what it must print; nothing where the file is missing
//   exit                the code it must end with; 0 where the file is missing
//   out/                the files it must leave in $OUT; none where the folder is missing
//   needs               "worker" if the command needs the part that is built with LibTorch
//
// UPDATE_GOLDEN=1 in the environment writes them anew instead of comparing.
//
// It runs in the project's folder with a bare environment, so that every machine prints the same.
// Where the output names the folder $OUT, the files here say $OUT. Of an HTML page's style sheet
// they hold only the place.

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

const fs::path kGoldenFolder = fs::path(TORCHTALLY_SOURCE_DIR) / "tests" / "golden";

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void write_file(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = text.find(from); at != std::string::npos;
       at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

// An HTML page without its style sheet, which is the same in all and would drown what differs.
std::string without_style(const std::string& text) {
  const std::string begin = "<style>\n";
  const std::size_t from = text.find(begin);
  const std::size_t to = text.find("</style>", from == std::string::npos ? 0 : from);
  if (from == std::string::npos || to == std::string::npos) return text;
  return text.substr(0, from + begin.size()) + text.substr(to);
}

/// What a command left: "stdout", "stderr", "exit" and "out/FILE" for every file.
using Results = std::map<std::string, std::string>;

/// A folder of its own for one run, removed at the end.
class Scratch {
 public:
  Scratch() {
    std::string name = (fs::temp_directory_path() / "torchtally-golden-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot create " + name);
    path_ = name;
  }
  ~Scratch() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

Results run(const std::string& command) {
  const Scratch scratch;
  const fs::path out = scratch.path() / "out";
  fs::create_directory(out);
  const std::string environment =
      "LC_ALL=C.UTF-8 HOME=" + quoted(scratch.path().string()) + " OUT=" + quoted(out.string()) +
      " PATH=" + quoted(std::string(TORCHTALLY_BIN_DIR) + ":/usr/bin:/bin");
  const std::string line = "cd " + quoted(TORCHTALLY_SOURCE_DIR) + " && env -i " + environment +
                           " sh -c " + quoted(command) + " </dev/null >" +
                           quoted((scratch.path() / "stdout").string()) + " 2>" +
                           quoted((scratch.path() / "stderr").string());
  const int status = std::system(line.c_str());

  Results results;
  results["exit"] = (WIFEXITED(status) ? std::to_string(WEXITSTATUS(status)) : "killed") + "\n";
  const auto add = [&](const std::string& name, const fs::path& file) {
    results[name] = without_style(replaced(read_file(file), out.string(), "$OUT"));
  };
  add("stdout", scratch.path() / "stdout");
  add("stderr", scratch.path() / "stderr");
  for (const auto& entry : fs::recursive_directory_iterator(out)) {
    if (entry.is_regular_file())
      add("out/" + fs::relative(entry.path(), out).string(), entry.path());
  }
  return results;
}

Results expected_in(const fs::path& folder) {
  Results results{{"stdout", ""}, {"stderr", ""}, {"exit", "0\n"}};
  for (auto& [name, text] : results) {
    if (fs::exists(folder / name)) text = read_file(folder / name);
  }
  if (fs::is_directory(folder / "out")) {
    for (const auto& entry : fs::recursive_directory_iterator(folder / "out")) {
      if (entry.is_regular_file()) {
        results["out/" + fs::relative(entry.path(), folder / "out").string()] =
            read_file(entry.path());
      }
    }
  }
  return results;
}

void update(const fs::path& folder, const Results& results) {
  for (const char* name : {"stdout", "stderr", "exit", "out"}) fs::remove_all(folder / name);
  for (const auto& [name, text] : results) {
    const bool is_default =
        (name == "exit" && text == "0\n") || (text.empty() && name.rfind("out/", 0) != 0);
    if (!is_default) write_file(folder / name, text);
  }
}

class GoldenTest : public testing::Test {
 public:
  explicit GoldenTest(fs::path folder) : folder_(std::move(folder)) {}

  void TestBody() override {
    if (!TORCHTALLY_HAS_WORKER &&
        read_file(folder_ / "needs").find("worker") != std::string::npos) {
      GTEST_SKIP() << "this build has no worker (TORCHTALLY_WORKER=OFF)";
    }
    const std::string command = read_file(folder_ / "command");
    ASSERT_FALSE(command.empty()) << folder_ / "command"
                                  << " is missing or empty";
    const Results results = run(command);
    if (std::getenv("UPDATE_GOLDEN") != nullptr) {
      update(folder_, results);
      return;
    }
    const Results expected = expected_in(folder_);
    for (const auto& [name, text] : expected) {
      const auto found = results.find(name);
      ASSERT_NE(found, results.end()) << name << " was not written by: " << command;
      EXPECT_EQ(text, found->second)
          << name << " of: " << command
          << "If the change is meant: UPDATE_GOLDEN=1, and look at the difference.";
    }
    for (const auto& [name, text] : results) {
      EXPECT_EQ(expected.count(name), 1U) << name << " was not expected from: " << command << text;
    }
  }

 private:
  fs::path folder_;
};

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  std::vector<fs::path> folders;
  for (const auto& entry : fs::directory_iterator(kGoldenFolder)) {
    if (entry.is_directory()) folders.push_back(entry.path());
  }
  std::sort(folders.begin(), folders.end());
  for (const fs::path& folder : folders) {
    std::string name = folder.filename().string();
    for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
    testing::RegisterTest("Golden", name.c_str(), nullptr, nullptr, __FILE__, __LINE__,
                          [folder]() -> testing::Test* { return new GoldenTest(folder); });
  }
  return RUN_ALL_TESTS();
}
