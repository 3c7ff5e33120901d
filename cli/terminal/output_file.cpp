#include <cli/terminal/output_file.h>
#include <cli/terminal/terminal.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace tally::cli {
namespace {

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// Where `path` leads when its symbolic links are followed: a rename must replace the file, not the
// link to it.
std::string followed(const std::string& path) {
  const std::unique_ptr<char, void (*)(void*)> real(realpath(path.c_str(), nullptr), std::free);
  return real == nullptr ? path : std::string(real.get());
}

bool is_same_file(const struct stat& one, const std::string& path) {
  struct stat other {};
  return stat(path.c_str(), &other) == 0 && one.st_dev == other.st_dev &&
         one.st_ino == other.st_ino;
}

bool current_folder_is_gone() {
  struct stat here {};
  return stat(".", &here) == 0 && here.st_nlink == 0;
}

/// A new file beside `target`, gone at the end unless it was renamed to it. It has no name until
/// then, where the file system can do that: a run that is killed leaves nothing.
class Temporary {
 public:
  explicit Temporary(const std::string& target)
      : path_(target + "." + std::to_string(getpid()) + ".tmp") {
    if (access("/proc/self/fd", F_OK) == 0)  // by which it gets its name
      descriptor_ = ::open(folder_of(target).c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
    if (descriptor_ != -1) return;
    descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    error_ = descriptor_ == -1 ? errno : 0;
    has_name_ = descriptor_ != -1;
  }
  ~Temporary() {
    if (descriptor_ != -1) close(descriptor_);
    if (has_name_) unlink(path_.c_str());
  }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;

  /// 0, or errno of what went wrong first.
  int error() const { return error_; }

  int write(std::string_view text) {
    return error_ != 0 ? error_ : error_ = write_all(descriptor_, text);
  }

  /// Puts the file in the place of `target`, with the permissions of the file that is there.
  int rename_to(const std::string& target) {
    if (error_ != 0) return error_;
    struct stat present {};
    if (stat(target.c_str(), &present) == 0)
      static_cast<void>(fchmod(descriptor_, present.st_mode & 07777));
    if (!has_name_ && give_name(target)) return 0;  // there was none to replace
    if (!has_name_ && !(has_name_ = give_name(path_))) return error_ = errno;
    if (rename(path_.c_str(), target.c_str()) == -1) return error_ = errno;
    has_name_ = false;
    return 0;
  }

 private:
  bool give_name(const std::string& name) const {
    const std::string self = "/proc/self/fd/" + std::to_string(descriptor_);
    return linkat(AT_FDCWD, self.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) == 0;
  }

  std::string path_;
  int descriptor_ = -1;
  int error_ = 0;
  bool has_name_ = false;  ///< path_, which is to be removed
};

Result<Unit> check_writable(const std::string& path, const std::string& target) {
  struct stat present {};
  if (stat(target.c_str(), &present) == 0) {
    if (S_ISDIR(present.st_mode))
      return OutputFile::refused(path, "it is a folder", "name a file in it");
    if (!S_ISREG(present.st_mode))
      return OutputFile::refused(path, "it is no regular file", "use stdout with -f instead");
    if (access(target.c_str(), W_OK) != 0)
      return OutputFile::refused(path, std::strerror(errno), "choose another file");
  }
  const int error = Temporary(target).error();
  if (error == 0) return Unit{};
  const std::string folder = folder_of(target);
  if (error == ENOENT && folder == "." && current_folder_is_gone())
    return OutputFile::refused(path, "the current folder has been removed",
                               "change to a folder that is there, or give the whole path");
  if (error == ENOENT)
    return OutputFile::refused(path, "there is no folder '" + folder + "'",
                               "create it, or choose another");
  return OutputFile::refused(path, std::strerror(error), "choose a folder that you may write to");
}

}  // namespace

Error OutputFile::refused(const std::string& path, const std::string& reason, std::string hint) {
  return {ErrorCode::kUsage, "cannot write to '" + path + "': " + reason, std::move(hint)};
}

const std::string* input_written_to(int descriptor, const std::string& path,
                                    const std::vector<std::string>& inputs) {
  struct stat present {};
  const int failed = descriptor >= 0 ? fstat(descriptor, &present) : stat(path.c_str(), &present);
  if (failed != 0 || !S_ISREG(present.st_mode)) return nullptr;
  const auto found = std::find_if(inputs.begin(), inputs.end(), [&](const std::string& input) {
    return is_same_file(present, input);
  });
  return found == inputs.end() ? nullptr : &*found;
}

Result<OutputFile> OutputFile::open(const std::string& path,
                                    const std::vector<std::string>& inputs) {
  OutputFile file;
  file.path_ = path;
  file.target_ = followed(path);
  if (const std::string* input = input_written_to(-1, file.target_, inputs)) {
    return refused(path, "it is the input '" + *input + "'", "name another file");
  }
  if (const auto writable = check_writable(path, file.target_); !writable) return writable.error();
  return file;
}

Result<Unit> OutputFile::write(std::string_view bytes) const {
  Temporary temporary(target_);
  temporary.write(bytes);
  return outcome(temporary.rename_to(target_));
}

Result<Unit> OutputFile::append(std::string_view line) const {
  const int descriptor = ::open(target_.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
  if (descriptor == -1) return outcome(errno);
  char last = '\n';
  const off_t end = lseek(descriptor, 0, SEEK_END);
  const bool readable = end <= 0 || pread(descriptor, &last, 1, end - 1) == 1;
  int error = readable ? 0 : errno;
  if (error == 0) error = write_all(descriptor, (last == '\n' ? "" : "\n") + std::string(line));
  if (error != 0 && end >= 0) static_cast<void>(ftruncate(descriptor, end));
  close(descriptor);
  return outcome(error);
}

Result<Unit> OutputFile::outcome(int error) const {
  if (error == 0) return Unit{};
  return Error{ErrorCode::kUnavailable, "cannot write to '" + path_ + "': " + std::strerror(error),
               "free some space, or choose another folder"};
}

}  // namespace tally::cli
