#include <inspector/load/torch_error.h>

#include <algorithm>

namespace tally::inspector {

std::string first_line(const std::exception& error) {
  std::string text = error.what();
  const std::size_t backtrace = text.find("\nException raised from");
  if (backtrace != std::string::npos) text.resize(backtrace);
  if (text.compare(0, 1, "[") == 0) {  // "[enforce fail at inline_container.cc:224] . message"
    const std::size_t close = text.find("] ");
    if (close != std::string::npos) text.erase(0, close + 2);
    if (text.compare(0, 2, ". ") == 0) text.erase(0, 2);
  }
  text.erase(0, text.find_first_not_of(" \n"));
  text.resize(std::min(text.find('\n'), text.size()));
  if (!text.empty() && text.back() == '.') text.pop_back();  // a sentence goes on behind it
  constexpr std::size_t kLongest = 300;
  if (text.size() > kLongest) text.resize(kLongest);
  if (text.find("alloc") != std::string::npos) text += " (or the memory limit was reached)";
  return text.empty() ? "no reason given" : text;
}

}  // namespace tally::inspector
