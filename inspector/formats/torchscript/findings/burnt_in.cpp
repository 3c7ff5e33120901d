#include <base/utf8.h>
#include <inspector/archive/line_counter.h>
#include <inspector/archive/tokenizer.h>
#include <inspector/formats/torchscript/findings/burnt_in.h>

#include <map>
#include <utility>

namespace tally::inspector {
namespace {

/// The floating-point types by their number in c10/core/ScalarType.h.
struct NumberedType {
  std::string_view number, name;
};
constexpr NumberedType kFloatingTypes[] = {
    {"5", "float16"}, {"6", "float32"}, {"7", "float64"}, {"15", "bfloat16"}};

}  // namespace

void read_burnt_in(std::string_view source,
                   const std::function<void(std::string_view, std::string_view, std::string_view,
                                            std::size_t, std::size_t)>& on_literal) {
  constexpr std::string_view kDevice = "torch.device", kDtype = "dtype";
  if (source.find("torch.device(") == std::string_view::npos &&
      source.find("dtype=") == std::string_view::npos)
    return;
  Tokenizer tokens(source);
  std::string_view method;
  std::size_t methods = 0;
  LineCounter lines(source);
  const auto tell = [&](std::string_view what, std::string_view value, const Token& token) {
    on_literal(what, value, method, methods, lines.line_at(token.at));
  };
  Token before, last = tokens.next();  // `last` is followed by `token`, and `before` precedes it
  for (Token token = tokens.next(); last.kind != Token::Kind::kEnd;
       before = std::exchange(last, token), token = tokens.next()) {
    if (last.kind == Token::Kind::kWord && last.text == "def") {
      method = token.text;
      ++methods;
    } else if (last.is("(") && before.text == kDevice && token.kind == Token::Kind::kString &&
               token.text.size() > 2) {
      tell("device", token.text.substr(1, token.text.size() - 2), token);
    } else if (last.is("=") && before.text == kDtype && token.kind == Token::Kind::kNumber) {
      for (const NumberedType& type : kFloatingTypes) {
        if (type.number == token.text) tell("dtype", type.name, token);
      }
    }
  }
}

void note_burnt_in(const std::vector<Source>& sources, ModelSnapshot& snapshot) {
  constexpr std::size_t kMostValues = 20, kLongestValue = 40;
  struct Literal {
    BurntIn burnt_in;
    std::pair<std::string, std::size_t> last_method;  // record and number
  };
  std::map<std::pair<std::string, std::string>, Literal> literals;
  for (const auto& [record, source] : sources) {
    if (!source) continue;  // a finding of its own: unscanned-code
    read_burnt_in(*source, [&, record = record](std::string_view what, std::string_view value,
                                                std::string_view method, std::size_t number,
                                                std::size_t line) {
      std::pair key(std::string(what), valid_utf8(value.substr(0, kLongestValue)));
      if (literals.size() >= kMostValues && literals.count(key) == 0) return;
      const auto [found, fresh] = literals.try_emplace(key);
      Literal& literal = found->second;
      if (fresh) {
        literal.burnt_in = {
            key.first, key.second, 0,
            valid_utf8(record) + ":" + std::to_string(line) + " in " + valid_utf8(method)};
      } else if (literal.last_method == std::pair(record, number)) {
        return;
      }
      literal.last_method = {record, number};
      ++literal.burnt_in.methods;
    });
  }
  for (auto& [key, literal] : literals) snapshot.burnt_in.push_back(std::move(literal.burnt_in));
}

}  // namespace tally::inspector
