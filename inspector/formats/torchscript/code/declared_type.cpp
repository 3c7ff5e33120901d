#include <inspector/formats/torchscript/code/declared_type.h>

#include <algorithm>
#include <array>

namespace tally::inspector {
namespace {

using Kind = DeclaredType::Kind;

constexpr int kDeepest = 64;  // types within types

struct Spelling {
  std::string_view name;
  Kind kind;
  std::size_t least, most;  ///< arguments
};
constexpr std::size_t kMany = 1'000'000;

// c10's annotation_str of its types.
constexpr Spelling kSpellings[] = {
    {"Tensor", Kind::kTensor, 0, 0},       {"int", Kind::kInt, 0, 0},
    {"float", Kind::kFloat, 0, 0},         {"complex", Kind::kComplex, 0, 0},
    {"number", Kind::kNumber, 0, 0},       {"bool", Kind::kBool, 0, 0},
    {"str", Kind::kString, 0, 0},          {"NoneType", Kind::kNone, 0, 0},
    {"Device", Kind::kDevice, 0, 0},       {"Any", Kind::kAny, 0, 0},
    {"Generator", Kind::kOpaque, 0, 0},    {"Stream", Kind::kOpaque, 0, 0},
    {"Storage", Kind::kOpaque, 0, 0},      {"Quantizer", Kind::kOpaque, 0, 0},
    {"QScheme", Kind::kOpaque, 0, 0},      {"Layout", Kind::kOpaque, 0, 0},
    {"MemoryFormat", Kind::kOpaque, 0, 0}, {"ScalarType", Kind::kOpaque, 0, 0},
    {"Capsule", Kind::kOpaque, 0, 0},      {"Optional", Kind::kOptional, 1, 1},
    {"Union", Kind::kUnion, 2, kMany},     {"List", Kind::kList, 1, 1},
    {"Dict", Kind::kDict, 2, 2},           {"Tuple", Kind::kTuple, 0, kMany},
    {"None", Kind::kNone, 0, 0},  // NoneType, up to PyTorch 1.9
};

bool is_name_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

class TypeReader {
 public:
  explicit TypeReader(std::string_view text) : text_(text) {}

  bool whole(DeclaredType& type) { return read(type, 0) && at_ == text_.size(); }
  std::size_t at() const { return at_; }

 private:
  bool take(std::string_view expected) {
    if (text_.substr(at_, expected.size()) != expected) return false;
    at_ += expected.size();
    return true;
  }

  bool read(DeclaredType& type, int depth) {
    if (depth > kDeepest) return false;
    const std::size_t from = at_;
    do {
      const std::size_t part = at_;
      while (at_ < text_.size() && is_name_byte(text_[at_])) ++at_;
      if (!is_identifier(text_.substr(part, at_ - part))) return false;
    } while (take("."));
    type.name = text_.substr(from, at_ - from);
    const auto* const spelling =
        std::find_if(std::begin(kSpellings), std::end(kSpellings),
                     [&](const Spelling& s) { return s.name == type.name; });
    if (spelling == std::end(kSpellings)) {
      type.kind = Kind::kNamed;
      if (type.name.find('.') != std::string::npos) return true;
      at_ = from;  // a class has a module in front of its name
      return false;
    }
    type.kind = spelling->kind;
    if (spelling->most == 0) return true;
    if (!take("[")) return false;
    if (type.kind == Kind::kTuple && (take("()]") || take("]"))) return true;
    do {
      if (!read(type.arguments.emplace_back(), depth + 1)) return false;
    } while (take(", "));
    if (type.kind == Kind::kUnion && has_twins(type.arguments)) return false;
    if (type.kind == Kind::kOptional && type.arguments[0].kind == Kind::kNone) return false;
    return take("]") && type.arguments.size() >= spelling->least &&
           type.arguments.size() <= spelling->most;
  }

  /// LibTorch has no union of a type with itself, nor an Optional of NoneType, which is one.
  static bool has_twins(const std::vector<DeclaredType>& types) {
    std::vector<std::string> texts;
    texts.reserve(types.size());
    for (const DeclaredType& type : types) texts.push_back(printed(type));
    std::sort(texts.begin(), texts.end());
    return std::adjacent_find(texts.begin(), texts.end()) != texts.end();
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

bool is_identifier(std::string_view text) {
  return !text.empty() && !(text[0] >= '0' && text[0] <= '9') &&
         std::all_of(text.begin(), text.end(), is_name_byte);
}

std::optional<DeclaredType> read_declared_type(std::string_view text, std::size_t& wrong_at) {
  DeclaredType type;
  TypeReader reader(text);
  if (reader.whole(type)) return type;
  wrong_at = reader.at();
  return std::nullopt;
}

std::string printed(const DeclaredType& type) {
  if (type.arguments.empty()) return type.name;
  std::string text = type.name;
  for (const DeclaredType& argument : type.arguments)
    text += (&argument == type.arguments.data() ? "[" : ", ") + printed(argument);
  return text + "]";
}

}  // namespace tally::inspector
