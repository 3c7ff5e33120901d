#include <inspector/archive/literal.h>
#include <inspector/formats/torchscript/class_declarations.h>
#include <inspector/formats/torchscript/code_sizes.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace tally::inspector {
namespace {

bool starts_with(std::string_view s, std::string_view prefix) {
  return s.substr(0, prefix.size()) == prefix;
}

/// The start of the logical line behind the one at `at`, whose sizes go to `sizes` where that is
/// given.
std::size_t read_statement(std::string_view source, std::size_t at, std::vector<SizeList>* sizes) {
  std::vector<SizeList> unused;
  CodeSizeReader reader(sizes == nullptr ? unused : *sizes);
  Tokenizer tokenizer(source, at);
  for (;;) {
    const Token token = tokenizer.next();
    if (token.kind == Token::Kind::kLineEnd || token.kind == Token::Kind::kEnd) return token.end();
    if (sizes != nullptr) reader.take(token);
  }
}

/// Reads `["weight", "bias", ]`; false where it is anything else. Names are not escaped in the
/// source: one ends at `", "` or at the `", ]` of the line's end.
bool read_names(std::string_view list, std::unordered_set<std::string>& names) {
  list.remove_prefix(std::min(list.find_first_not_of(' '), list.size()));
  constexpr std::string_view kEnd = "\", ]";
  if (list == "[]") return true;
  if (list.size() < 2 + kEnd.size() || list.substr(0, 2) != "[\"" ||
      list.substr(list.size() - kEnd.size()) != kEnd)
    return false;
  list = list.substr(2, list.size() - 2 - kEnd.size());
  constexpr std::string_view kSeparator = "\", \"";
  for (std::size_t end; (end = list.find(kSeparator)) != std::string_view::npos;) {
    names.emplace(list.substr(0, end));
    list.remove_prefix(end + kSeparator.size());
  }
  names.emplace(list);
  return true;
}

/// One line of a class's body that is no `def`; false where it declares parameters or buffers
/// unreadably.
bool read_declaration(std::string_view line, ClassDeclaration& cls) {
  constexpr std::string_view kParameters = "__parameters__ =", kBuffers = "__buffers__ =",
                             kFinal = " : Final[", kAssign = "] = ";
  if (starts_with(line, kParameters))
    return read_names(line.substr(kParameters.size()), cls.parameters);
  if (starts_with(line, kBuffers)) return read_names(line.substr(kBuffers.size()), cls.buffers);
  const std::size_t final = line.find(kFinal);
  if (final == std::string_view::npos) return true;
  const std::size_t assign = line.find(kAssign, final);
  if (assign == std::string_view::npos) return true;
  cls.constants.emplace_back(valid_utf8(line.substr(0, final)),
                             literal_to_json(line.substr(assign + kAssign.size())));
  return true;
}

/// A line of `__setstate__` that stores an item of the state as it is: `self.groups = (state)[8]`.
void read_state_name(std::string_view line, ClassDeclaration& cls) {
  constexpr std::string_view kSelf = "self.", kItem = " = (state)[";
  const std::size_t item = line.find(kItem);
  if (!starts_with(line, kSelf) || item == std::string_view::npos || line.back() != ']') return;
  const std::string_view digits =
      line.substr(item + kItem.size(), line.size() - item - kItem.size() - 1);
  if (digits.empty() || digits.size() > 4 ||
      digits.find_first_not_of("0123456789") != std::string_view::npos)
    return;
  cls.state_names.emplace_back(std::stoul(std::string(digits)),
                               valid_utf8(line.substr(kSelf.size(), item - kSelf.size())));
}

/// Whether a line that begins with this word holds names as they are, quotes unescaped.
bool is_raw_line(std::string_view first_word) {
  return first_word == "__parameters__" || first_word == "__buffers__";
}

Error unreadable(std::string_view source, std::size_t at, const std::string& what) {
  const auto line =
      1 + std::count(source.begin(), source.begin() + static_cast<std::ptrdiff_t>(at), '\n');
  return {ErrorCode::kMalformed, "line " + std::to_string(line) + " " + what,
          "the file is damaged; export or copy the model again"};
}

}  // namespace

Result<ClassDeclarations> read_class_declarations(std::string_view s) {
  ClassDeclarations classes;
  ClassDeclaration* cls = nullptr;
  std::size_t body_deeper_than =
      std::string_view::npos;  // the indent of the `def` whose body is being skipped
  bool in_setstate = false;    // that body is the class's `__setstate__`
  std::size_t i = 0;
  while (i < s.size()) {
    const std::size_t first = s.find_first_not_of(" \t\r", i);
    if (first == std::string_view::npos) break;
    const std::size_t indent = first - i, end = std::min(s.find('\n', first), s.size());
    if (first == end || s[first] == '#') {
      i = end + 1;
      continue;
    }
    std::string_view line = s.substr(first, end - first);
    while (!line.empty() && (line.back() == ' ' || line.back() == '\r')) line.remove_suffix(1);
    if (body_deeper_than != std::string_view::npos && indent > body_deeper_than) {
      if (in_setstate) read_state_name(line, *cls);
      i = read_statement(s, first, cls != nullptr && body_deeper_than > 0 ? &cls->sizes : nullptr);
      continue;
    }
    body_deeper_than = std::string_view::npos;
    if (starts_with(line, "def ")) {
      body_deeper_than = indent;
      in_setstate = indent > 0 && cls != nullptr && starts_with(line, "def __setstate__(");
      if (in_setstate) cls->has_setstate = true;
      i = read_statement(s, first, nullptr);
      continue;
    }
    i = end + 1;
    if (indent > 0) {
      if (cls != nullptr && !read_declaration(line, *cls)) {
        return unreadable(s, first, "declares parameters or buffers that are no list of names");
      }
      continue;
    }
    cls = nullptr;
    constexpr std::string_view kClass = "class ";
    const std::size_t name_end = line.find_first_of("(:");
    if (!starts_with(line, kClass)) continue;
    if (name_end == std::string_view::npos || line.back() != ':')
      return unreadable(s, first, "starts a class but does not end in a colon");
    const auto [declared, fresh] =
        classes.try_emplace(std::string(line.substr(kClass.size(), name_end - kClass.size())));
    if (!fresh) return unreadable(s, first, "declares a class a second time");
    cls = &declared->second;
    const std::size_t close = line.find(')', name_end);
    if (line[name_end] == '(' && close != std::string_view::npos) {
      cls->base = line.substr(name_end + 1, close - name_end - 1);
    }
  }
  return classes;
}

void read_constant_uses(std::string_view source, std::vector<ConstantUse>& uses) {
  constexpr std::string_view kConstant = "CONSTANTS.c";
  constexpr std::size_t kDeepest = 1000;  // of brackets that are followed
  std::vector<std::string_view> called;   // by open parenthesis; empty: it calls nothing
  Tokenizer tokenizer(source);
  Token before;
  bool line_starts = true;
  for (Token token = tokenizer.next(); token.kind != Token::Kind::kEnd;
       before = token, token = tokenizer.next()) {
    if (std::exchange(line_starts, token.kind == Token::Kind::kLineEnd) &&
        is_raw_line(token.text)) {
      tokenizer.skip_physical_line();
      line_starts = true;
      continue;
    }
    if (line_starts) called.clear();
    if (token.is("(") && called.size() < kDeepest) {
      const bool call = before.kind == Token::Kind::kWord && before.end() == token.at;
      called.push_back(call ? before.text : std::string_view());
    } else if (token.is(")") && !called.empty()) {
      called.pop_back();
    }
    if (token.kind != Token::Kind::kWord || !starts_with(token.text, kConstant)) continue;
    std::size_t index = 0;
    const char* const digits = token.text.data() + kConstant.size();
    const char* const end = token.text.data() + token.text.size();
    if (std::from_chars(digits, end, index).ec != std::errc() || index >= uses.size()) continue;
    ConstantUse& use = uses[index];
    ++use.uses;
    // `_0 = torch.conv2d(x, CONSTANTS.c0, …`: what the parenthesis calls that is open there.
    if (use.first_operator.empty() && !called.empty())
      use.first_operator = valid_utf8(called.back());
  }
}

}  // namespace tally::inspector
