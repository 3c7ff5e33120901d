#include <gtest/gtest.h>
#include <inspector/process/find_program.h>
#include <inspector/reader/reader_pool.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

namespace tally::inspector {
namespace {

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
bool is_running(int pid) {
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
int number_in(const std::string& path) {
  char text[32] = {};
  return ::readlink(path.c_str(), text, sizeof text - 1) > 0 ? std::atoi(text) : 0;
}

// ----------------------------------------------------------------------------------------------------------------
// answers

TEST_F(FilePoolTest, GivesManyFilesToOneWorker) {
  load({"a", "b", "c"});
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(error_of(i), "");
  EXPECT_EQ(worker_of(0), worker_of(2));
  EXPECT_EQ(order_, (std::vector<std::size_t>{0, 1, 2}));
}

TEST_F(FilePoolTest, LoadsFiftyFilesWithThreeWorkers) {
  options_.jobs = 3;
  Texts paths;
  for (int i = 0; i < 50; ++i) paths.push_back("file " + std::to_string(i));
  load(paths);
  std::set<std::int64_t> workers;
  for (std::size_t i = 0; i < 50; ++i) {
    EXPECT_EQ(error_of(i), "");
    workers.insert(worker_of(i));
  }
  // Each of the three is started and given a file before the first answer is waited for.
  EXPECT_EQ(workers.size(), 3u);
}

TEST_F(FilePoolTest, TellsOutcomesAsTheyCome) {
  options_.jobs = 2;
  load({"slow", "a", "b"});
  EXPECT_EQ(order_.back(), 0u);
}

TEST_F(FilePoolTest, DoesNothingForNoFiles) { load({}); }

TEST_F(FilePoolTest, PassesOnWhatItWasAskedFor) {
  options_.memory_limit_bytes = 123456789;
  options_.max_record_bytes = 777;
  load({"a"});
  const Result<ReadAnswer>& answer = outcomes_.at(0);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->snapshot.format, "--memory-limit=123456789");
  EXPECT_EQ(answer->snapshot.file_bytes, 777);
}

TEST_F(FilePoolTest, HandsOverFilesOfAnyName) {
  paths_ = {folder_ + "/caf\xe9 \"\n"};
  contents_ = {"a"};
  std::ofstream(paths_[0]) << "a";
  ASSERT_TRUE(run_paths());
  ASSERT_TRUE(outcomes_.at(0));
  EXPECT_EQ(outcomes_.at(0)->snapshot.path, folder_ + "/caf\xe9 \"\n");
}

// The reader is given descriptors, so each file is opened here, when its turn comes.
TEST_F(FilePoolTest, RefusesWhatCannotBeOpened) {
  paths_ = {folder_, folder_ + "/missing"};
  ASSERT_TRUE(run_paths());
  EXPECT_EQ(outcomes_.at(0).error().message, "is a folder; a model file was expected");
  EXPECT_EQ(outcomes_.at(1).error().message, "no such file");
}

TEST_F(FilePoolTest, PassesOnErrorsOfFiles) {
  load({"a", "error", "b"});
  EXPECT_EQ(error_of(1), "it is damaged");
  EXPECT_EQ(outcomes_.at(1).error().hint, "export it again");
  EXPECT_EQ(error_of(2), "");
  EXPECT_EQ(worker_of(0), worker_of(2));
}

TEST_F(FilePoolTest, PassesOnProgress) {
  load({"a", "progress"});
  EXPECT_EQ(progress_, (Texts{"0 reading", "1 reading", "1 loading"}));
}

TEST_F(FilePoolTest, PutsAnswersTogetherFromPieces) {
  load({"bytes", "b"});
  EXPECT_EQ(error_of(0), "");
  EXPECT_EQ(error_of(1), "");
}

TEST_F(FilePoolTest, TakesAnswersLargerThanAPipe) {
  load({"large"});
  ASSERT_TRUE(outcomes_.at(0));
  EXPECT_EQ(outcomes_.at(0)->snapshot.byte_order.size(), 4'000'000u);
}

TEST_F(FilePoolTest, NeedsNoOptionalCallbacks) {
  callbacks_.on_progress = nullptr;
  callbacks_.on_log = nullptr;
  load({"progress", "print"});
  EXPECT_EQ(error_of(0), "");
}

// -----------------------------------------------------------------------------------------------------------------
// deaths

TEST_F(FilePoolTest, OutlivesAWorkerThatCrashes) {
  load({"a", "segv", "b", "segv again", "c"});
  for (const std::size_t i : {0, 2, 4}) EXPECT_EQ(error_of(i), "");
  for (const std::size_t i : {1, 3}) {
    EXPECT_EQ(error_of(i),
              "the reader died while reading it: it was ended by signal 11 (Segmentation fault)");
    EXPECT_EQ(outcomes_.at(i).error().code, ErrorCode::kMalformed);
  }
  EXPECT_NE(worker_of(0), worker_of(2));
}

TEST_F(FilePoolTest, OutlivesCrashesOfManyWorkersAtATime) {
  options_.jobs = 3;
  Texts paths;
  for (int i = 0; i < 12; ++i) paths.push_back(i % 2 == 0 ? "segv" : "ok");
  load(paths);
  for (std::size_t i = 0; i < 12; ++i) EXPECT_EQ(error_of(i).empty(), i % 2 == 1) << i;
}

// It may have been ended from outside, between two files.
TEST_F(FilePoolTest, GivesAFreshReaderTheFileThatOneEndedAt) {
  const std::string note = folder_ + "/tried";
  load({"a", "once:" + note, "b"});
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(error_of(i), "") << i;
}

// The first and the third of the readers are killed before they can say a word.
TEST_F(FilePoolTest, TriesAgainWhereAReaderIsKilledDuringItsStart) {
  const std::string note = folder_ + "/starts";
  ::setenv("TORCHTALLY_FAKE_START", ("kill:1,3:" + note).c_str(), 1);
  load({"a", "segv", "b"});
  EXPECT_EQ(error_of(0), "");
  EXPECT_EQ(outcomes_.at(1).error().code, ErrorCode::kMalformed);
  EXPECT_EQ(error_of(2), "");
}

// What was read before keeps its answer, and each file after it gets the reason.
TEST_F(FilePoolTest, NamesEachFileThatNoReaderCanBeStartedFor) {
  const std::string note = folder_ + "/starts";
  ::setenv("TORCHTALLY_FAKE_START", ("kill:2,3,4,5,6,7,8,9:" + note).c_str(), 1);
  load({"a", "segv", "b", "c"});
  EXPECT_EQ(error_of(0), "");
  for (const std::size_t i : {1, 2, 3}) {
    EXPECT_EQ(outcomes_.at(i).error().code, ErrorCode::kUnavailable) << i;
    EXPECT_EQ(error_of(i), options_.reader +
                               " did not start: it was ended by signal 9 (Killed): the system may "
                               "have run out of memory");
  }
}

TEST_F(FilePoolTest, SaysThatAReaderRanOutOfMemory) {
  load({"a", "out of memory", "b"});
  EXPECT_EQ(error_of(1), "the reader died while reading it: it ran out of memory");
  EXPECT_EQ(outcomes_.at(1).error().code, ErrorCode::kLimitExceeded);
  EXPECT_EQ(outcomes_.at(1).error().hint, "raise --memory-limit if the file is trusted");
  EXPECT_EQ(error_of(2), "");
}

// Of twenty readers that are asked for no more than a few can be had: each takes three descriptors.
TEST_F(FilePoolTest, GoesOnWithTheReadersThatCanBeStarted) {
  options_.jobs = 20;
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  rlimit few = before;
  few.rlim_cur = 40;
  ::setrlimit(RLIMIT_NOFILE, &few);
  load(Texts(40, "a"));
  ::setrlimit(RLIMIT_NOFILE, &before);
  for (std::size_t i = 0; i < 40; ++i) EXPECT_EQ(error_of(i), "") << i;
}

TEST_F(FilePoolTest, SaysThatTheSystemMayHaveKilledIt) {
  load({"kill"});
  EXPECT_EQ(outcomes_.at(0).error().code, ErrorCode::kUnavailable) << "it says nothing of the file";
  EXPECT_EQ(outcomes_.at(0).error().hint,
            "read it again; where memory is short, with fewer --jobs");
  EXPECT_EQ(error_of(0),
            "the reader died while reading it: it was ended by signal 9 (Killed): the system may "
            "have run out of memory");
}

TEST_F(FilePoolTest, NamesTheExitCode) {
  load({"exit"});
  EXPECT_EQ(error_of(0), "the reader died while reading it: it exited with code 3");
}

TEST_F(FilePoolTest, TakesHalfAnAnswerForNone) {
  load({"half", "b"});
  EXPECT_EQ(error_of(0), "the reader died while reading it: it exited with code 0");
  EXPECT_EQ(error_of(1), "");
}

// The next file may have been given to it by then; it is not to blame.
TEST_F(FilePoolTest, TakesAWholeAnswerFromAWorkerThatThenEnds) {
  load({"whole", "whole", "b"});
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(error_of(i), "") << i;
}

TEST_F(FilePoolTest, EndsAWorkerThatClosesItsAnswers) {
  load({"close", "b"});
  EXPECT_EQ(error_of(0), "the reader died while reading it: it stopped answering");
  EXPECT_EQ(error_of(1), "");
}

TEST_F(FilePoolTest, GivesAWorkerNoDescriptorThatTheCallerLeftOpen) {
  constexpr int kLeftOpen = 200;
  ASSERT_EQ(::dup2(STDERR_FILENO, kLeftOpen), kLeftOpen);
  load({"open:200"});
  ::close(kLeftOpen);
  EXPECT_EQ(error_of(0), "");
}

TEST_F(FilePoolTest, EndsWhatAWorkerStarted) {
  const std::string note = folder_ + "/child";
  load({"child:" + note, "b"});
  const int child = number_in(note);
  ASSERT_GT(child, 0);
  EXPECT_EQ(error_of(1), "");
  EXPECT_TRUE(comes_true([&] { return !is_running(child); }));
}

// ------------------------------------------------------------------------------------------------------------------
// limits

TEST_F(FilePoolTest, EndsAWorkerThatHangs) {
  options_.seconds_per_file = 0.3;
  const auto start = std::chrono::steady_clock::now();
  load({"a", "hang", "b"});
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
  EXPECT_EQ(error_of(1), "reading it took longer than the limit allows");
  EXPECT_EQ(outcomes_.at(1).error().code, ErrorCode::kLimitExceeded);
  EXPECT_EQ(error_of(2), "");
}

TEST_F(FilePoolTest, GivesEachFileItsOwnTime) {
  options_.seconds_per_file = 0.8;  // four files of 0.3 seconds
  load({"slow", "slow", "slow", "slow"});
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(error_of(i), "") << i;
}

TEST_F(FilePoolTest, WaitsWithoutALimitWhereNoneIsSet) {
  options_.seconds_per_file = 0;
  load({"slow"});
  EXPECT_EQ(error_of(0), "");
}

TEST_F(FilePoolTest, EndsAWorkerThatHangsBeforeItIsReady) {
  ::setenv("TORCHTALLY_FAKE_START", "hang", 1);
  options_.seconds_per_file = 0.2;
  load({"a"});
  EXPECT_EQ(error_of(0), "reading it took longer than the limit allows");
}

// ----------------------------------------------------------------------------------------------------------------
// protocol

TEST_F(FilePoolTest, IsNotDisturbedByWhatAWorkerPrints) {
  load({"print", "b"});
  EXPECT_EQ(error_of(0), "");
  EXPECT_EQ(error_of(1), "");
  EXPECT_NE(log_.find("\"printed\""), std::string::npos);
  EXPECT_NE(log_.find("a warning"), std::string::npos);
}

TEST_F(FilePoolTest, DoesNotBlockAWorkerThatPrintsAMegabyte) {
  load({"flood"});
  EXPECT_EQ(error_of(0), "");
  EXPECT_GT(log_.size(), 900'000u);
}

TEST_F(FilePoolTest, ReplacesAWorkerThatBreaksTheProtocol) {
  load({"a", "garbage", "b", "wrong_id", "c", "unreadable", "d", "ready_again", "e"});
  for (const std::size_t i : {0, 2, 4, 6, 8}) EXPECT_EQ(error_of(i), "") << i;
  EXPECT_EQ(error_of(1), "the reader does not keep to the protocol of this program");
  EXPECT_EQ(error_of(3), "the reader answered a request that it was not given");
  EXPECT_EQ(error_of(5), "the request cannot be read");
  EXPECT_EQ(error_of(7), error_of(1));
  EXPECT_NE(worker_of(0), worker_of(2));
  EXPECT_NE(worker_of(2), worker_of(4));
}

TEST_F(FilePoolTest, RefusesAWorkerOfAnotherVersion) {
  ::setenv("TORCHTALLY_FAKE_START", "version", 1);
  const Error error = whole_failure({"a", "b"});
  EXPECT_EQ(error.code, ErrorCode::kUnavailable);
  EXPECT_EQ(error.message, options_.reader + " is of another version than this program");
}

TEST_F(FilePoolTest, SaysWhyAWorkerDidNotStart) {
  ::setenv("TORCHTALLY_FAKE_START", "message", 1);
  const Error error = whole_failure({"a", "b"});
  EXPECT_EQ(error.code, ErrorCode::kUnavailable);
  EXPECT_EQ(error.message, options_.reader +
                               " did not start: it exited with code 127: error while loading "
                               "shared libraries: libtorch_cpu.so");
  EXPECT_TRUE(outcomes_.empty());
}

TEST_F(FilePoolTest, SaysThatThereIsNoWorker) {
  options_.reader = folder_ + "/none";
  const Error error = whole_failure({"a"});
  EXPECT_EQ(error.code, ErrorCode::kUnavailable);
  EXPECT_EQ(error.message, options_.reader + " cannot be started: No such file or directory");
}

TEST_F(FilePoolTest, LeavesNoDescriptorOpen) {
  const auto open_descriptors = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"),
                         std::filesystem::directory_iterator());
  };
  load({"a"});
  outcomes_.clear();
  const auto before = open_descriptors();
  options_.jobs = 3;
  load({"a", "segv", "b", "half", "garbage", "c"});
  EXPECT_EQ(open_descriptors(), before);
}

// Writing to a child that has died must not end this process.
TEST_F(FilePoolTest, IsNotEndedBySigpipe) {
  std::signal(SIGPIPE, SIG_DFL);
  load({"whole", "whole", "a"});
}

TEST_F(FilePoolTest, RefusesAnAnswerThatIsNoSnapshot) {
  load({"no_snapshot", "a"});
  EXPECT_EQ(outcomes_.at(0).error().code, ErrorCode::kInternal);
  EXPECT_EQ(error_of(1), "");
}

// ------------------------------------------------------------------------------------------------------------------
// parent

TEST_F(FilePoolTest, TakesItsWorkerAlongWhenItIsKilled) {
  const std::string note = folder_ + "/worker";
  const pid_t client = ::fork();
  ASSERT_GE(client, 0);
  if (client == 0) {
    options_.seconds_per_file = 0;
    (void)run({"note_pid_and_hang:" + note});
    ::_exit(0);
  }
  const bool noted = comes_true([&] { return number_in(note) > 0; });
  if (!noted) ::kill(client, SIGKILL);
  ASSERT_TRUE(noted);
  const int worker = number_in(note);
  EXPECT_TRUE(is_running(worker));
  ::kill(client, SIGKILL);
  ::waitpid(client, nullptr, 0);
  EXPECT_TRUE(comes_true([&] { return !is_running(worker); }));
}

// The parent may end before the worker asks to be told of it.
TEST_F(FilePoolTest, LeavesAWorkerWhoseParentIsGoneToEndItself) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::setenv("TORCHTALLY_PARENT", "1", 1);
    ::setenv("TORCHTALLY_FAKE_START", "hang", 1);
    ::execl(TORCHTALLY_FAKE_CHILD, TORCHTALLY_FAKE_CHILD, nullptr);
    ::_exit(9);
  }
  int status = -1;
  const bool ended = comes_true([&] { return ::waitpid(child, &status, WNOHANG) == child; });
  if (!ended) ::kill(child, SIGKILL);
  ASSERT_TRUE(ended);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

// --------------------------------------------------------------------------------------------------------------
// find_worker

TEST_F(FilePoolTest, FindsTheWorkerThatTheEnvironmentNames) {
  ::setenv("TORCHTALLY_WORKER", TORCHTALLY_FAKE_CHILD, 1);
  const Result<std::string> found = find_worker();
  ASSERT_TRUE(found);
  EXPECT_EQ(*found, TORCHTALLY_FAKE_CHILD);
}

TEST_F(FilePoolTest, RefusesAWorkerThatCannotBeRun) {
  const std::string path = folder_ + "/text";
  std::ofstream(path) << "no program";
  ::setenv("TORCHTALLY_WORKER", path.c_str(), 1);
  const Result<std::string> found = find_worker();
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(found.error().message, "TORCHTALLY_WORKER names " + path + ", which cannot be run");
}

TEST_F(FilePoolTest, FindsTheReaderThatTheEnvironmentNames) {
  ::setenv("TORCHTALLY_READER", TORCHTALLY_FAKE_CHILD, 1);
  const Result<std::string> found = find_reader();
  ASSERT_TRUE(found);
  EXPECT_EQ(*found, TORCHTALLY_FAKE_CHILD);
}

}  // namespace
}  // namespace tally::inspector
