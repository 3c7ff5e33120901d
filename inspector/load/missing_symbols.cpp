#include <base/text.h>
#include <caffe2/serialize/inline_container.h>
#include <inspector/archive/literal.h>
#include <inspector/archive/tokenizer.h>
#include <inspector/load/missing_symbols.h>
#include <torch/csrc/jit/runtime/operator.h>
#include <torch/custom_class_detail.h>

namespace tally::inspector {
namespace {

constexpr std::size_t kMostNames = 20;  // told of each kind

bool is_known_operator(const std::string& name) {
  return !torch::jit::getAllOperatorsFor(c10::Symbol::fromQualString(name)).empty();
}

/// "the operator a::b", "the operators a::b, c::d and 3 more".
std::string listed(const std::string& kind, const std::set<std::string>& names) {
  std::string text = "the " + kind + (names.size() > 1 ? (kind.back() == 's' ? "es " : "s ") : " ");
  std::size_t told = 0;
  for (const std::string& name : names) {
    if (told == kMostNames) return text + " and " + std::to_string(names.size() - told) + " more";
    text += (told++ > 0 ? ", " : "") + valid_utf8(name);
  }
  return text;
}

}  // namespace

std::string MissingSymbols::text() const {
  std::string text;
  if (!operators.empty()) text += listed("operator", operators);
  if (!classes.empty()) text += (text.empty() ? "" : " and ") + listed("class", classes);
  return text.empty() ? text : "; unknown here: " + text;
}

void find_missing_symbols(std::string_view source, MissingSymbols& missing) {
  constexpr std::string_view kOps = "ops.", kPrim = "prim.", kClasses = "__torch__.torch.classes.";
  Tokenizer tokens(source);
  for (Token token = tokens.next(); token.kind != Token::Kind::kEnd; token = tokens.next()) {
    if (token.kind != Token::Kind::kWord) continue;
    std::string_view name = token.text;
    if (starts_with(name, kOps)) {
      name.remove_prefix(kOps.size());
      const std::size_t dot = name.find('.');
      if (starts_with(name, kPrim) || dot == 0 || dot == std::string_view::npos ||
          dot + 1 == name.size())
        continue;
      const std::string qualified =
          std::string(name.substr(0, dot)) + "::" + std::string(name.substr(dot + 1));
      if (!is_known_operator(qualified)) missing.operators.insert(qualified);
    } else if (starts_with(name, kClasses) && torch::getCustomClass(std::string(name)) == nullptr) {
      missing.classes.emplace(name.substr(kClasses.size()));
    }
  }
}

MissingSymbols missing_symbols(caffe2::serialize::PyTorchStreamReader& archive) {
  MissingSymbols missing;
  for (const std::string& record : archive.getAllRecords()) {
    if (!ends_with(record, ".py")) continue;
    try {
      const auto [bytes, size] = archive.getRecord(record);
      find_missing_symbols({static_cast<const char*>(bytes.get()), size}, missing);
    } catch (const std::exception&) {
      continue;  // a record that cannot be read: why loading failed has been told
    }
  }
  return missing;
}

}  // namespace tally::inspector
