#include <app/audit/path_list.h>
#include <app/read_text.h>

#include <algorithm>

namespace tally::app {

Result<std::vector<std::string>> read_path_list(const std::string& path) {
  const bool is_stdin = path == "-";
  const std::string name = is_stdin ? "stdin" : path;
  // A million paths of the greatest length come to more than this; nobody has them.
  const TextKind kind{std::size_t{256} << 20, "more than 256 MiB, too large for a list of paths",
                      "name a file that lists one path a line, or - for stdin"};
  const auto read = is_stdin ? read_stdin(kind) : read_text(path, kind);
  if (!read) {
    const Error& error = read.error();
    return Error{error.code, "--files-from: " + error.message, error.hint};
  }
  const std::string& text = *read;
  const char end = text.find('\0') == std::string::npos ? '\n' : '\0';
  std::vector<std::string> paths;
  for (std::size_t from = 0; from < text.size();) {
    const std::size_t to = std::min(text.find(end, from), text.size());
    if (to > from) paths.push_back(text.substr(from, to - from));
    from = to + 1;
  }
  if (paths.empty()) {
    return Error{ErrorCode::kUsage, "--files-from: " + name + " lists no file",
                 "write one path a line"};
  }
  return paths;
}

}  // namespace tally::app
