// FilePool: files worked on by child processes, whatever the files do to them.
//
// Each child serves many files; one that dies (a signal, a limit) costs the file that it was at and
// is replaced. Single-threaded: the loop of ChildProcesses waits for all of them.
#pragma once

#include <base/result.h>
#include <inspector/process/child_processes.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace tally::inspector {

/// What a child is asked about one file.
struct FileRequest {
  std::string packet;
  int descriptor = -1;  ///< closed when it was sent; -1: none
};

struct FilePoolOptions {
  ChildProgram program;
  std::string noun;             ///< "reader": what errors call a child
  std::string start_hint;       ///< the next thing to try where none starts
  int jobs = 1;                 ///< children at a time
  int given = 1;                ///< requests that one child holds; more than 1 saves it waiting
  bool one_file_each = false;   ///< a fresh child for every file
  double seconds_per_file = 0;  ///< 0: no limit
};

struct FilePoolCallbacks {
  /// The request about file `index`, whose frames have that id. An Error is the file's outcome.
  std::function<Result<FileRequest>(std::size_t index)> request;
  /// Once a file, in the order of completion: the body of the answer, or why there is none.
  std::function<void(std::size_t index, Result<std::string> body)> on_outcome;
  std::function<void(std::size_t index, const std::string& stage)> on_progress;  ///< may be empty
  std::function<void(const std::string& text)> on_log;                           ///< may be empty
};

class FilePool {
 public:
  /// `children` must outlive the pool.
  FilePool(ChildProcesses& children, FilePoolOptions options, FilePoolCallbacks callbacks);
  ~FilePool();
  FilePool(const FilePool&) = delete;
  FilePool& operator=(const FilePool&) = delete;

  void add(std::size_t index) { waiting_.push_back(index); }
  std::size_t unfinished() const;  ///< files that were added and have no outcome yet

  /// Starts children where they are missing and gives them files. To be called before each
  /// ChildProcesses::wait(). kUnavailable where no child could ever be started; later on that costs
  /// a file its outcome, and where others run, nothing.
  Result<Unit> give_work();

 private:
  struct Slot {
    std::optional<ChildProcesses::Id> child;
    std::deque<std::size_t> files;  ///< that it was given; it is at the first
    std::size_t answered = 0;
  };

  /// Gives `slot` the next file; false where it has to go on with the children that there are.
  Result<bool> fill(Slot& slot);
  void take_frame(Slot& slot, Frame frame);
  void take_loss(Slot& slot, const ChildLoss& loss);
  void distrust(Slot& slot, Error why);
  void finish_first(Slot& slot, Result<std::string> outcome);
  Error error_of_loss(const ChildLoss& loss) const;

  ChildProcesses& children_;
  const FilePoolOptions options_;
  const FilePoolCallbacks callbacks_;
  std::vector<Slot> slots_;
  std::deque<std::size_t> waiting_;
  bool any_answered_ = false;  ///< a child has started and served
  int failed_starts_ = 0;      ///< since one of them did
  std::optional<Error> fatal_;
};

}  // namespace tally::inspector
