#include <inspector/archive/literal.h>
#include <inspector/formats/torchscript/class_declarations.h>
#include <inspector/formats/torchscript/code_sizes.h>

#include <algorithm>
#include <cctype>

namespace tally::inspector {
namespace {

bool starts_with(std::string_view s, std::string_view prefix) {
  return s.substr(0, prefix.size()) == prefix;
}

/// Past the string that starts at `i`; a plain string ends with its line at the latest.
std::size_t skip_string(std::string_view s, std::size_t i) {
  const char quote[] = {s[i], s[i], s[i]};
  const std::string_view triple(quote, 3);
  const bool is_triple = s.substr(i, 3) == triple;
  i += is_triple ? 3 : 1;
  while (i < s.size()) {
    if (is_triple ? s.substr(i, 3) == triple : s[i] == quote[0]) return i + (is_triple ? 3 : 1);
    if (!is_triple && s[i] == '\n') return i;
    i += s[i] == '\\' ? 2 : 1;
  }
  return s.size();
}

/// The start of the next logical line: brackets, strings and continued lines are followed.
std::size_t next_logical_line(std::string_view s, std::size_t i) {
  std::size_t depth = 0;
  while (i < s.size()) {
    const char c = s[i];
    if (c == '#') {
      i = std::min(s.find('\n', i), s.size());
    } else if (c == '"' || c == '\'') {
      i = skip_string(s, i);
    } else if (c == '\n' && depth == 0) {
      return i + 1;
    } else {
      if (c == '(' || c == '[' || c == '{') ++depth;
      if ((c == ')' || c == ']' || c == '}') && depth > 0) --depth;
      i += c == '\\' ? 2 : 1;
    }
  }
  return s.size();
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
      i = next_logical_line(s, first);
      if (cls != nullptr && body_deeper_than > 0)
        read_code_sizes(s.substr(first, i - first), cls->sizes);
      continue;
    }
    body_deeper_than = std::string_view::npos;
    if (starts_with(line, "def ")) {
      body_deeper_than = indent;
      in_setstate = indent > 0 && cls != nullptr && starts_with(line, "def __setstate__(");
      if (in_setstate) cls->has_setstate = true;
      i = next_logical_line(s, first);
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

void read_constant_uses(std::string_view s, std::vector<ConstantUse>& uses) {
  constexpr std::string_view kConstant = "CONSTANTS.c";
  constexpr std::size_t kLongestCall =
      4096;  // a line without end must not be read again for each constant on it
  const auto is_digit = [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; };
  const auto is_name = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.';
  };
  for (std::size_t at = s.find(kConstant); at != std::string_view::npos;
       at = s.find(kConstant, at + kConstant.size())) {
    std::size_t index = 0, i = at + kConstant.size();
    for (; i < s.size() && is_digit(s[i]) && index < uses.size(); ++i)
      index = 10 * index + static_cast<std::size_t>(s[i] - '0');
    if (i == at + kConstant.size() || index >= uses.size()) continue;
    ConstantUse& use = uses[index];
    ++use.uses;
    if (!use.first_operator.empty()) continue;
    // `_0 = torch.conv2d(x, CONSTANTS.c0, …`: the name in front of the bracket that is open there,
    // on the same line.
    const std::size_t nearest = at - std::min(at, kLongestCall);
    const std::size_t line = nearest + s.substr(nearest, at - nearest).rfind('\n') + 1;
    std::size_t open = at, depth = 0;
    while (open > line && (s[open - 1] != '(' || depth > 0)) {
      --open;
      if (s[open] == ')') ++depth;
      if (s[open] == '(') --depth;
    }
    if (open == line) continue;
    --open;
    std::size_t from = open;
    while (from > line && is_name(s[from - 1])) --from;
    use.first_operator = valid_utf8(s.substr(from, open - from));
  }
}

}  // namespace tally::inspector
