// Sizes that stand in the code of an archive: how a traced model says how many heads it has.
#pragma once

#include <inspector/archive/tokenizer.h>
#include <inspector/model/snapshot.h>

#include <string_view>
#include <vector>

namespace tally::inspector {

/// Lists kept of one class; further ones are left out.
constexpr std::size_t kMostSizeLists = 64;
/// Longest list kept.
constexpr std::size_t kMostSizes = 8;

/// Adds to `lists`, token by token, what one logical line of a function gives torch.view,
/// torch.reshape, torch.unflatten, torch.chunk and torch.split as numbers. A list without any
/// number above one says nothing and is left out, as is one that is there already.
class CodeSizeReader {
 public:
  explicit CodeSizeReader(std::vector<SizeList>& lists) : lists_(lists) {}
  void take(const Token& token);

 private:
  /// One open bracket: its parts so far, and the list that was the last of them.
  struct Open {
    std::string_view op;              ///< empty: no call of ours
    std::vector<std::int64_t> sizes;  ///< of the parts; one more than kMostSizes at most
    std::vector<std::int64_t> list;   ///< the sizes of the list that closed last
    std::size_t tokens = 0;           ///< of the current part
    std::int64_t number = -1;         ///< its only token, where that is a number

    void add(std::int64_t value);
    void end_part();
  };
  void keep(std::string_view op, std::vector<std::int64_t> sizes);
  void close_call(Open& call);

  std::vector<SizeList>& lists_;
  std::vector<Open> open_;
  Token before_;
  bool full_ = false;
};

/// The same of a whole text.
void read_code_sizes(std::string_view text, std::vector<SizeList>& lists);

}  // namespace tally::inspector
