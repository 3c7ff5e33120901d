// Readers that end before they should, and what becomes of them when the program ends.
#include <sys/resource.h>
#include <sys/wait.h>
#include <tests/inspector/process/file_pool_fixture.h>

#include <csignal>
#include <set>

namespace tally::inspector {
namespace {

using namespace tally::inspector::test;

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

}  // namespace
}  // namespace tally::inspector
