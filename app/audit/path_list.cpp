#include <app/audit/path_list.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>

namespace tally::app {

Result<std::vector<std::string>> read_path_list(const std::string& path) {
  const bool is_stdin = path == "-";
  const std::string name = is_stdin ? "stdin" : path;
  std::ifstream file;
  if (!is_stdin) file.open(path, std::ios::binary);
  std::istream& in = is_stdin ? std::cin : file;
  if (!in) {
    return Error{ErrorCode::kNotFound, "--files-from: " + name + ": cannot be opened",
                 "name a file that lists one path a line, or - for stdin"};
  }
  const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
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
