// What the pool gives to its readers and takes from them.
#include <inspector/process/find_program.h>
#include <tests/inspector/process/file_pool_fixture.h>

#include <chrono>
#include <csignal>
#include <set>

namespace tally::inspector {
namespace {

using namespace tally::inspector::test;

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
