#include <inspector/process/file_pool.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace tally::inspector {

FilePool::FilePool(ChildProcesses& children, FilePoolOptions options, FilePoolCallbacks callbacks)
    : children_(children), options_(std::move(options)), callbacks_(std::move(callbacks)) {
  slots_.resize(static_cast<std::size_t>(std::max(1, options_.jobs)));
}

FilePool::~FilePool() {
  for (const Slot& slot : slots_) {
    if (slot.child) children_.stop(*slot.child);
  }
}

std::size_t FilePool::unfinished() const {
  std::size_t files = waiting_.size();
  for (const Slot& slot : slots_) files += slot.files.size();
  return files;
}

Result<Unit> FilePool::give_work() {
  // One file each before any gets a second one.
  for (std::size_t most = 1; most <= static_cast<std::size_t>(std::max(1, options_.given));
       ++most) {
    for (Slot& slot : slots_) {
      while (!fatal_ && !waiting_.empty() && slot.files.size() < most) {
        const auto filled = fill(slot);
        if (!filled) return filled.error();
        if (!*filled) break;
      }
    }
  }
  if (fatal_) return *fatal_;
  return Unit{};
}

Result<bool> FilePool::fill(Slot& slot) {
  const std::size_t index = waiting_.front();
  waiting_.pop_front();
  const Result<FileRequest> request = callbacks_.request(index);
  if (!request) {
    callbacks_.on_outcome(index, request.error());
    return true;
  }
  if (!slot.child) {
    ChildEvents events;
    events.on_frame = [this, &slot](Frame frame) { take_frame(slot, std::move(frame)); };
    events.on_loss = [this, &slot](const ChildLoss& loss) { take_loss(slot, loss); };
    events.on_log = callbacks_.on_log;
    const Result<ChildProcesses::Id> child = children_.start(options_.program, std::move(events));
    if (!child) {
      if (request->descriptor >= 0) ::close(request->descriptor);
      const bool others_run =
          std::any_of(slots_.begin(), slots_.end(), [](const Slot& s) { return s.child; });
      if (others_run) {
        waiting_.push_front(index);
        return false;
      }
      if (!any_answered_) return child.error();
      callbacks_.on_outcome(index, child.error());
      return true;
    }
    slot.child = *child;
    slot.answered = 0;
  }
  if (slot.files.empty()) children_.set_time_limit(*slot.child, options_.seconds_per_file);
  slot.files.push_back(index);
  children_.send(*slot.child, request->packet, request->descriptor);
  if (request->descriptor >= 0) ::close(request->descriptor);
  return true;
}

void FilePool::take_frame(Slot& slot, Frame frame) {
  failed_starts_ = 0;
  if (frame.kind == Frame::Kind::kError && frame.id == -1)  // it could not read its request
    return distrust(slot, error_of(frame));
  if (slot.files.empty() || frame.id != static_cast<std::int64_t>(slot.files.front()))
    return distrust(slot, {ErrorCode::kInternal,
                           "the " + options_.noun + " answered a request that it was not given",
                           "please report it"});
  if (frame.kind == Frame::Kind::kProgress) {
    if (callbacks_.on_progress) callbacks_.on_progress(slot.files.front(), frame.body);
  } else if (frame.kind == Frame::Kind::kError) {
    finish_first(slot, error_of(frame));
  } else {
    finish_first(slot, std::move(frame.body));
  }
}

/// Ends a child that does not keep to the protocol: its next answer could be meant for any file.
void FilePool::distrust(Slot& slot, Error why) {
  children_.stop(*slot.child);
  slot.child.reset();
  if (!slot.files.empty()) finish_first(slot, std::move(why));
  waiting_.insert(waiting_.begin(), slot.files.begin(), slot.files.end());
  slot.files.clear();
}

void FilePool::finish_first(Slot& slot, Result<std::string> outcome) {
  const std::size_t index = slot.files.front();
  slot.files.pop_front();
  ++slot.answered;
  any_answered_ = true;
  if (slot.child && options_.one_file_each) {
    children_.stop(*slot.child);
    slot.child.reset();
  }
  if (slot.child)
    children_.set_time_limit(*slot.child, slot.files.empty() ? 0 : options_.seconds_per_file);
  callbacks_.on_outcome(index, std::move(outcome));
}

void FilePool::take_loss(Slot& slot, const ChildLoss& loss) {
  slot.child.reset();
  const bool not_started = loss.cause == ChildLoss::Cause::kDidNotStart;
  // The file is not to blame for what ended a child at its start; what it was may have come from
  // outside and be over.
  constexpr int kMostStarts = 3;
  const bool starts_again = not_started && ++failed_starts_ < kMostStarts;
  const bool never = !any_answered_ && !starts_again &&
                     (not_started || loss.cause == ChildLoss::Cause::kOtherVersion);
  if (never) {
    fatal_ = error_of_loss(loss);
    return;
  }
  // What ended a child that had served others may have come from outside, between two files: a
  // fresh one, which has nothing else to die of, tries the file once more.
  const bool again = starts_again || (loss.cause == ChildLoss::Cause::kDied && slot.answered > 0);
  if (!slot.files.empty() && !again) finish_first(slot, error_of_loss(loss));
  waiting_.insert(waiting_.begin(), slot.files.begin(), slot.files.end());
  slot.files.clear();
}

Error FilePool::error_of_loss(const ChildLoss& loss) const {
  const std::string said = loss.said.empty() ? "" : ": " + loss.said;
  switch (loss.cause) {
    case ChildLoss::Cause::kDidNotStart:
      return {ErrorCode::kUnavailable,
              options_.program.executable + " did not start: " + loss.end.text + said,
              options_.start_hint};
    case ChildLoss::Cause::kOtherVersion:
      return {ErrorCode::kUnavailable,
              options_.program.executable + " is of another version than this program",
              "build or install both together"};
    case ChildLoss::Cause::kTimedOut:
      return {ErrorCode::kLimitExceeded, "reading it took longer than the limit allows",
              "raise --timeout if the file is trusted"};
    case ChildLoss::Cause::kBrokeProtocol:
      return {ErrorCode::kInternal,
              "the " + options_.noun + " does not keep to the protocol of this program",
              "both must come from the same build"};
    case ChildLoss::Cause::kTooLarge:
      return {ErrorCode::kLimitExceeded,
              "there is no memory to take what the " + options_.noun + " says of it",
              "free some memory, or read fewer files at a time"};
    case ChildLoss::Cause::kDied:
      break;
  }
  const std::string died = "the " + options_.noun + " died while reading it: " + loss.end.text;
  switch (loss.end.why) {
    case ChildEnd::Why::kOutOfMemory:
      return {ErrorCode::kLimitExceeded, died, "raise --memory-limit if the file is trusted"};
    case ChildEnd::Why::kFromOutside:
      return {ErrorCode::kUnavailable, died,
              "read it again; where memory is short, with fewer --jobs"};
    case ChildEnd::Why::kForbidden:
    case ChildEnd::Why::kUnknown:
      break;
  }
  return {ErrorCode::kMalformed, died,
          "the file is damaged or hostile; please report it if it loads in PyTorch"};
}

}  // namespace tally::inspector
