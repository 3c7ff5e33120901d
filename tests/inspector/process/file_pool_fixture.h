// What tests of the pool of readers stand on: files that tell a fake reader what to do.
#pragma once

#include <gtest/gtest.h>
#include <inspector/reader/reader_pool.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

namespace tally::inspector::test {

using Texts = std::vector<std::string>;

/// Reads files that tell the fake reader what to do; see fake_child.cpp.
class FilePoolTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "file_pool_XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    options_.reader = TORCHTALLY_FAKE_CHILD;
    options_.seconds_per_file = 30;
    callbacks_.on_outcome = [this](std::size_t index, Result<ReadAnswer> answer) {
      EXPECT_EQ(outcomes_.count(index), 0u) << "two outcomes of file " << index;
      order_.push_back(index);
      outcomes_.emplace(index, std::move(answer));
    };
    callbacks_.on_progress = [this](std::size_t index, const std::string& stage) {
      progress_.push_back(std::to_string(index) + " " + stage);
    };
    callbacks_.on_log = [this](const std::string& text) { log_ += text; };
  }
  void TearDown() override {
    for (const char* name : {"TORCHTALLY_FAKE_START", "TORCHTALLY_WORKER", "TORCHTALLY_READER"})
      ::unsetenv(name);
    std::filesystem::remove_all(folder_);
  }

  Result<Unit> run(const Texts& contents) {
    contents_ = contents;
    paths_.clear();
    for (std::size_t i = 0; i < contents.size(); ++i) {
      paths_.push_back(folder_ + "/file" + std::to_string(i));
      std::ofstream(paths_.back()) << contents[i];
    }
    return run_paths();
  }
  Result<Unit> run_paths() {
    ChildProcesses children;
    const auto pool = reader_pool(children, paths_, options_, callbacks_);
    for (std::size_t i = 0; i < paths_.size(); ++i) pool->add(i);
    for (;;) {
      if (auto given = pool->give_work(); !given) return given;
      if (pool->unfinished() == 0) return Unit{};
      children.wait();
    }
  }
  void load(const Texts& contents) {
    const Result<Unit> done = run(contents);
    EXPECT_TRUE(done) << done.error().message;
    EXPECT_EQ(outcomes_.size(), contents.size());
  }
  Error whole_failure(const Texts& contents) {
    const Result<Unit> done = run(contents);
    EXPECT_FALSE(done);
    return done ? Error{} : done.error();
  }
  /// "" where file `index` was answered with what was asked for, else its error.
  std::string error_of(std::size_t index) const {
    const Result<ReadAnswer>& answer = outcomes_.at(index);
    if (!answer) return answer.error().message;
    EXPECT_EQ(answer->snapshot.byte_order, contents_[index]);
    EXPECT_EQ(answer->snapshot.path, paths_[index]);
    return "";
  }
  std::int64_t worker_of(std::size_t index) const {
    return outcomes_.at(index)->snapshot.archive_version;
  }

  std::string folder_;
  ReaderOptions options_;
  ReaderCallbacks callbacks_;
  Texts contents_, paths_, progress_;
  std::map<std::size_t, Result<ReadAnswer>> outcomes_;
  std::vector<std::size_t> order_;
  std::string log_;
};

/// Whether a process runs. One that nobody waits for is a zombie: it does not.
inline bool is_running(int pid) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  if (!std::getline(in, text)) return false;
  const std::size_t state = text.rfind(')') + 2;
  return state < text.size() && text[state] != 'Z' && text[state] != 'X';
}

template <class Condition>
bool comes_true(const Condition& condition) {
  for (int i = 0; i < 500; ++i) {
    if (condition()) return true;
    ::usleep(10'000);
  }
  return false;
}

/// What fake_child.cpp noted there.
inline int number_in(const std::string& path) {
  char text[32] = {};
  return ::readlink(path.c_str(), text, sizeof text - 1) > 0 ? std::atoi(text) : 0;
}

}  // namespace tally::inspector::test
