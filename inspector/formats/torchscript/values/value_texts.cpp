#include <inspector/archive/literal.h>
#include <inspector/formats/torchscript/values/value_texts.h>

#include <algorithm>
#include <charconv>

namespace tally::inspector {
namespace {

using pickle::Kind;
using pickle::Node;
using pickle::Pickle;

constexpr std::size_t kLongestStringAttribute = 200;
constexpr std::size_t kLongestListAttribute = 16;
constexpr std::size_t kNamedBytes = 24;  // of JSON around a name and a value

}  // namespace

std::string plain_type(const std::string& qualified) {
  constexpr std::string_view kRoot = "__torch__.", kMangle = "___torch_mangle_";
  std::string_view rest = qualified;
  if (rest.substr(0, kRoot.size()) == kRoot) rest.remove_prefix(kRoot.size());
  std::string type;
  while (!rest.empty()) {
    const std::size_t dot = std::min(rest.find('.'), rest.size());
    const std::string_view part = rest.substr(0, dot);
    rest.remove_prefix(std::min(dot + 1, rest.size()));
    if (part.substr(0, kMangle.size()) == kMangle) continue;
    if (!type.empty()) type += '.';
    type += part;
  }
  return valid_utf8(type);
}

std::optional<std::string> scalar_json(const Pickle& p, const Node& node) {
  switch (node.kind) {
    case Kind::kBool:
      return node.integer != 0 ? "true" : "false";
    case Kind::kInteger:
      return std::to_string(node.integer);
    case Kind::kReal: {
      char text[40];
      const auto end = std::to_chars(text, text + sizeof text,
                                     node.real);  // the shortest that reads back the same
      return literal_to_json({text, static_cast<std::size_t>(end.ptr - text)});
    }
    case Kind::kString:
      if (node.text.size() > kLongestStringAttribute) return std::nullopt;
      return json_string(node.text);
    case Kind::kList:
    case Kind::kTuple: {
      if (node.count == 0 || node.count > kLongestListAttribute) return std::nullopt;
      std::string list = "[";
      for (std::size_t i = 0; i < node.count; ++i) {
        if (p.at(node, i).kind != Kind::kInteger) return std::nullopt;
        list += (i > 0 ? "," : "") + std::to_string(p.at(node, i).integer);
      }
      return list + "]";
    }
    default:
      return std::nullopt;
  }
}

std::string key_name(const Node& key) {
  if (key.kind == Kind::kString) return "[" + json_string(key.text) + "]";
  if (key.kind == Kind::kInteger || key.kind == Kind::kBool)
    return "[" + std::to_string(key.integer) + "]";
  return "[?]";
}

std::string join(const std::string& path, const std::string& name) {
  if (path.empty() || name.empty()) return path + name;
  return path + "." + name;
}

std::size_t shown_bytes(std::string_view text) {
  constexpr std::size_t kEscaped = 6;  // \u0001
  const auto plain = static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return c >= ' ' && c != '\x7f'; }));
  return plain + kEscaped * (text.size() - plain);
}

std::size_t named_bytes(std::string_view name, std::string_view value) {
  return kNamedBytes + shown_bytes(name) + shown_bytes(value);
}

}  // namespace tally::inspector
