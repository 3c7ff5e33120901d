#include <base/text.h>
#include <inspector/archive/literal.h>
#include <inspector/formats/torchscript/code/class_declarations.h>
#include <inspector/formats/torchscript/code/code_sizes.h>
#include <inspector/formats/torchscript/code/printed_lines.h>
#include <inspector/formats/torchscript/code/setstate_reader.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace tally::inspector {
namespace {

/// Thrown and caught within this file only.
struct Failure {
  Error error;
};

/// The name of the function that a line begins: "forward" of `def forward(self, …`; empty where it
/// begins none.
std::string_view function_name(std::string_view line) {
  constexpr std::string_view kDef = "def ";
  if (!starts_with(line, kDef)) return {};
  line = line.substr(kDef.size(), line.find('(', kDef.size()) - kDef.size());
  return is_identifier(line) ? line : std::string_view();
}

/// The lists that begin a module, in their order; of the last two the names do not matter.
constexpr std::string_view kModuleLists[] = {"__parameters__", "__buffers__",
                                             "__forward_pre_hooks__", "__forward_hooks__"};

/// Reads `["weight", "bias", ]`; false where it is anything else. Names are not escaped in the
/// source: one ends at `", "` or at the `", ]` of the line's end.
bool read_names(std::string_view list, std::unordered_set<std::string>& names) {
  constexpr std::string_view kEnd = "\", ]";
  if (list == "[]") return true;
  if (list.size() < 2 + kEnd.size() || list.substr(0, 2) != "[\"" || !ends_with(list, kEnd))
    return false;
  list = list.substr(2, list.size() - 2 - kEnd.size());
  constexpr std::string_view kSeparator = "\", \"";
  for (;;) {
    const std::size_t end = list.find(kSeparator);
    if (!names.emplace(list.substr(0, end)).second) return false;
    if (end == std::string_view::npos) return true;
    list.remove_prefix(end + kSeparator.size());
  }
}

/// Whether `text` is what a member of an Enum stands for: a number, or a string, whose quotes are
/// not escaped.
bool is_enum_value(std::string_view text) {
  if (text.size() > 1 && text.front() == '"') return text.back() == '"';
  if (starts_with(text, "-")) text.remove_prefix(1);
  return is_number_literal(text);
}

/// Whether a value of the type may hold anything: LibTorch has no such fields of a NamedTuple.
bool holds_any(const DeclaredType& type) {
  return type.kind == DeclaredType::Kind::kAny ||
         std::any_of(type.arguments.begin(), type.arguments.end(), holds_any);
}

class DeclarationReader {
 public:
  explicit DeclarationReader(std::string_view source) : source_(source), lines_(source) {}

  ClassDeclarations read() {
    bool first = true;
    for (take(); !line_.text.empty(); first = false) {
      if (starts_with(line_.text, "class ")) {
        read_class();
      } else if (!function_name(line_.text).empty()) {
        read_function(nullptr);
      } else if (is_import() || (first && is_version())) {
        take();
      } else {
        fail(line_.at, "neither a class nor a function");
      }
    }
    return std::move(classes_);
  }

 private:
  /// What a class may go on with: each part excludes those before it.
  enum class Part : std::uint8_t { kLists, kAttributes, kConstants, kFunctions };

  [[noreturn]] void fail(std::size_t at, const std::string& what) const {
    throw Failure{source_error(source_, at, what)};
  }
  void take() {
    Result<PrintedLine> line = lines_.next();
    if (!line) throw Failure{line.error()};
    line_ = *line;
  }

  /// `import __torch__.torch.nn`, which PyTorch 1.3 wrote.
  bool is_import() const {
    constexpr std::string_view kImport = "import ";
    if (!starts_with(line_.text, kImport)) return false;
    std::string_view path = line_.text.substr(kImport.size());
    for (;;) {
      const std::size_t dot = path.find('.');
      if (!is_identifier(path.substr(0, dot))) return false;
      if (dot == std::string_view::npos) return true;
      path.remove_prefix(dot + 1);
    }
  }
  /// `op_version_set = 1`, the first line of what PyTorch 1.3 wrote.
  bool is_version() const {
    constexpr std::string_view kVersion = "op_version_set = ";
    const std::string_view digits = line_.text.substr(std::min(kVersion.size(), line_.text.size()));
    return starts_with(line_.text, kVersion) && !digits.empty() &&
           digits.find_first_not_of("0123456789") == std::string_view::npos;
  }

  /// `class Name:` or `class Name(Base):` and its members.
  void read_class() {
    constexpr std::string_view kClass = "class ";
    constexpr std::string_view kBases[] = {"Module", "NamedTuple", "Interface", "ModuleInterface",
                                           "Enum"};
    const std::size_t at = line_.at;
    std::string_view head = line_.text.substr(kClass.size());
    if (!ends_with(head, ":")) fail(at, "starts a class but does not end in a colon");
    head.remove_suffix(1);
    const std::size_t open = head.find('(');
    const std::string_view name = head.substr(0, open);
    if (!is_identifier(name)) fail(at + kClass.size(), "no name of a class");
    const auto [declared, fresh] = classes_.try_emplace(std::string(name));
    if (!fresh) fail(at, "declares a class a second time");
    ClassDeclaration& cls = declared->second;
    if (open != std::string_view::npos) {
      if (!ends_with(head, ")")) fail(at + kClass.size() + open, "no base of a class");
      cls.base = head.substr(open + 1, head.size() - open - 2);
      if (std::find(std::begin(kBases), std::end(kBases), cls.base) == std::end(kBases))
        fail(at + kClass.size() + open, "a base that no class has");
    }
    names_.clear();
    functions_.clear();
    part_ = cls.is_module() ? Part::kLists : Part::kAttributes;
    next_list_ = 0;
    take();
    while (!line_.text.empty() && line_.indent > 0) read_member(cls);
    check_roles(cls, at);
  }

  /// Parameters and buffers are attributes, and hold a tensor or none.
  void check_roles(const ClassDeclaration& cls, std::size_t at) const {
    std::size_t roles = 0;
    for (const auto& [name, type] : cls.attributes) {
      const bool is_role = cls.parameters.count(name) != 0 || cls.buffers.count(name) != 0;
      roles += is_role;
      const DeclaredType& held =
          type.kind == DeclaredType::Kind::kOptional ? type.arguments[0] : type;
      if (is_role && held.kind != DeclaredType::Kind::kTensor &&
          held.kind != DeclaredType::Kind::kNone)
        fail(at, "attribute " + json_string(name) + " is a parameter or buffer of the type " +
                     printed(type));
    }
    if (roles == cls.parameters.size() + cls.buffers.size()) return;
    for (const auto* names : {&cls.parameters, &cls.buffers})
      for (const std::string& name : *names)
        if (names_.count(name) == 0)
          fail(at, "the class declares no attribute " + json_string(name) +
                       ", which it lists as a parameter or buffer");
    fail(at, "an attribute that is a parameter and a buffer");
  }

  void read_member(ClassDeclaration& cls) {
    if (cls.base == "Enum") {
      constexpr std::string_view kAssign = " = ";
      const std::size_t assign = line_.text.find(kAssign);
      if (assign == std::string_view::npos || !is_identifier(line_.text.substr(0, assign)) ||
          !is_enum_value(line_.text.substr(assign + kAssign.size())))
        fail(line_.at, "no member of an Enum");
      cls.members.emplace(line_.text.substr(assign + kAssign.size()));
      return take();
    }
    const std::string_view name = function_name(line_.text);
    if (!name.empty()) {
      part_ = Part::kFunctions;
      if (!functions_.emplace(name).second) fail(line_.at, "declares a method a second time");
      if (name == "__getstate__") cls.has_getstate = true;
      if (name == "__setstate__") cls.has_setstate = true;
      return read_function(&cls);
    }
    if (line_.opens_block()) fail(line_.at, "a block that is no function");
    if (!read_list(cls)) read_attribute(cls);
    take();
  }

  /// A line of the lists that begin a module; false where it is none.
  bool read_list(ClassDeclaration& cls) {
    constexpr std::string_view kAssign = " = ";
    const std::size_t assign = line_.text.find(kAssign);
    const auto* const list =
        std::find(std::begin(kModuleLists), std::end(kModuleLists), line_.text.substr(0, assign));
    if (list == std::end(kModuleLists) || assign == std::string_view::npos) {
      // Its own line: archives before PyTorch 1.6 have no other list.
      if (part_ == Part::kLists && next_list_ == 0)
        fail(line_.at, "a module that does not begin with __parameters__");
      return false;
    }
    const auto index = static_cast<std::size_t>(list - std::begin(kModuleLists));
    if (part_ != Part::kLists || index < next_list_ || (next_list_ == 0 && index != 0))
      fail(line_.at, std::string(*list) + " where it does not belong");
    next_list_ = index + 1;
    std::unordered_set<std::string> hooks;
    if (!read_names(line_.text.substr(assign + kAssign.size()), index == 0   ? cls.parameters
                                                                : index == 1 ? cls.buffers
                                                                             : hooks))
      fail(line_.at + assign + kAssign.size(), "no list of names");
    return true;
  }

  /// `name : Type`, `name : Final[Type] = literal`, `__annotations__["na me"] = Type`, or the
  /// `__annotations__ = []` in front of the first of those.
  void read_attribute(ClassDeclaration& cls) {
    constexpr std::string_view kAnnotations = "__annotations__ = []", kOpen = "__annotations__[\"",
                               kClose = "\"] = ", kColon = " : ", kFinal = "Final[";
    const std::string_view line = line_.text;
    if (part_ == Part::kLists) part_ = Part::kAttributes;
    if (part_ == Part::kFunctions) fail(line_.at, "an attribute behind a function");
    if (line == kAnnotations && cls.attributes.empty() && part_ == Part::kAttributes) return;
    std::string_view name;
    std::size_t type_at = 0;
    const bool is_quoted = starts_with(line, kOpen);
    if (is_quoted) {
      const std::size_t close = line.rfind(kClose);  // no type holds a quote
      if (close == std::string_view::npos || close < kOpen.size())
        fail(line_.at, "no annotation of an attribute");
      name = line.substr(kOpen.size(), close - kOpen.size());
      type_at = close + kClose.size();
    } else {
      const std::size_t colon = line.find(kColon);
      name = line.substr(0, colon);
      if (colon == std::string_view::npos || !is_identifier(name))
        fail(line_.at, "no declaration of an attribute");
      type_at = colon + kColon.size();
    }
    constexpr std::string_view kReserved = "__annotations__";
    if (name == kReserved ||
        std::find(std::begin(kModuleLists), std::end(kModuleLists), name) != std::end(kModuleLists))
      fail(line_.at, "an attribute of the name " + std::string(name));
    if (!names_.emplace(name).second) fail(line_.at, "declares an attribute a second time");
    if (cls.base == "NamedTuple") {  // the printer leaves defaults out
      if (is_quoted) fail(line_.at, "a field of a NamedTuple in another form");
      return add_attribute(name, type_at, line.size(), cls);
    }
    if (!is_quoted && starts_with(line.substr(type_at), kFinal))
      return read_constant(name, type_at + kFinal.size(), cls);
    if (part_ != Part::kAttributes) fail(line_.at, "an attribute behind a constant");
    add_attribute(name, type_at, line.size(), cls);
  }

  void add_attribute(std::string_view name, std::size_t type_at, std::size_t type_end,
                     ClassDeclaration& cls) const {
    DeclaredType type = read_type(type_at, type_end);
    if (cls.base == "NamedTuple" && holds_any(type))
      fail(line_.at + type_at, "a field of the type Any");
    cls.attributes.push_back({std::string(name), std::move(type)});
  }

  /// `name : Final[Type] = literal`, of which the type begins at `type_at`.
  void read_constant(std::string_view name, std::size_t type_at, ClassDeclaration& cls) {
    constexpr std::string_view kAssign = "] = ";
    const std::string_view line = line_.text;
    const std::size_t assign = line.find(kAssign, type_at);
    if (assign == std::string_view::npos) fail(line_.at + type_at, "a constant without a value");
    part_ = Part::kConstants;
    read_type(type_at, assign);
    const std::size_t value_at = assign + kAssign.size();
    check_value(value_at);
    cls.constants.emplace_back(valid_utf8(name), literal_to_json(line.substr(value_at)));
  }

  /// The value that stands in the line from `at` on.
  void check_value(std::size_t at) const {
    Tokenizer tokenizer(line_.text.substr(at));
    for (Token token = tokenizer.next(); token.kind != Token::Kind::kEnd; token = tokenizer.next())
      if (token.is("=") || (token.kind == Token::Kind::kNumber && !is_number_literal(token.text)))
        fail(line_.at + at + token.at, "no value of a constant");
  }

  /// The type that stands in the line from `begin` to `end`.
  DeclaredType read_type(std::size_t begin, std::size_t end) const {
    std::size_t wrong_at = 0;
    std::optional<DeclaredType> type =
        read_declared_type(line_.text.substr(begin, end - begin), wrong_at);
    if (!type) fail(line_.at + begin + wrong_at, "no type of an attribute");
    return std::move(*type);
  }

  /// A function and its body. Sizes that a method's code names go to its class.
  void read_function(ClassDeclaration* cls) {
    const PrintedLine head = line_;
    const std::size_t indent = head.indent;
    if (!head.opens_block()) fail(head.at, "a function whose head does not end in a colon");
    const bool is_setstate = cls != nullptr && function_name(head.text) == "__setstate__";
    std::optional<SetstateReader> setstate;
    if (is_setstate) setstate.emplace(*cls);
    bool told = true;
    for (take(); !line_.text.empty() && line_.indent > indent; take()) {
      if (cls == nullptr) continue;
      if (setstate && !setstate->read(line_.text)) told = false;
      CodeSizeReader reader(cls->sizes);
      Tokenizer tokenizer(line_.text);
      for (Token token = tokenizer.next(); token.kind != Token::Kind::kEnd;
           token = tokenizer.next())
        reader.take(token);
    }
    if (is_setstate) cls->setstate_is_told = told;
  }

  std::string_view source_;
  PrintedLines lines_;
  PrintedLine line_;
  ClassDeclarations classes_;
  // Of the class that is being read:
  Part part_ = Part::kLists;
  std::size_t next_list_ = 0;
  std::unordered_set<std::string> names_;
  std::unordered_set<std::string_view> functions_;
};

/// Whether a line that begins with this word holds names as they are, quotes unescaped.
bool is_raw_line(std::string_view first_word) {
  return first_word == "__parameters__" || first_word == "__buffers__";
}

}  // namespace

Result<ClassDeclarations> read_class_declarations(std::string_view source) try {
  return DeclarationReader(source).read();
} catch (const Failure& failure) {
  return failure.error;
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
