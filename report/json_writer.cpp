#include <report/json_text.h>
#include <report/json_writer.h>
#include <report/printable.h>
#include <report/quantities.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace tally::report {
namespace {

constexpr std::size_t kIndent = 2;

class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}

  void write(const Value& value, int depth) {
    std::visit([&](const auto& held) { put(held, depth); }, value.held());
  }

 private:
  void put(std::monostate, int) { out_ += "null"; }
  void put(bool flag, int) { out_ += flag ? "true" : "false"; }
  void put(const Count& count, int) { out_ += digits(count.n); }
  void put(const Bytes& bytes, int) { out_ += digits(bytes.n); }
  void put(const Difference& difference, int) { out_ += digits(difference.n); }
  void put(const Written& written, int) { out_ += written.json; }
  void put(const Flops& flops, int) { out_ += digits(flops.n); }
  void put(const Integer& integer, int) { out_ += std::to_string(integer.n); }
  void put(const Shape& shape, int depth) {
    out_ += '[';
    for (const std::int64_t& size : shape.sizes)
      out_ += (&size == &shape.sizes.front() ? "" : depth < 0 ? "," : ", ") + std::to_string(size);
    out_ += ']';
  }
  void put(const Share& share, int) {
    number(share.whole == 0 ? std::nan("")
                            : static_cast<double>(share.part) / static_cast<double>(share.whole));
  }
  void put(const Ratio& ratio, int) { number(ratio.value); }
  void put(const Real& real, int) { number(real.value); }
  void put(const std::string& text, int) { string(text); }
  void put(const Path& path, int) { string(path.text); }
  void put(const Literal& literal, int) {
    const auto parsed = nlohmann::ordered_json::parse(literal.json, nullptr, false);
    if (parsed.is_discarded()) return string(literal.json);
    out_ += printable_json(json_text(parsed, -1));
  }
  void put(const List& list, int depth) {
    sequence('[', ']', list, depth, [&](const Value& item) { write(item, deeper(depth)); });
  }
  void put(const Object& object, int depth) {
    sequence('{', '}', object, depth, [&](const auto& entry) {
      string(entry.first);
      out_ += depth < 0 ? ":" : ": ";
      write(entry.second, deeper(depth));
    });
  }

  static int deeper(int depth) { return depth < 0 ? depth : depth + 1; }

  void number(double value) {
    out_ += std::isfinite(value) ? nlohmann::json(value).dump() : std::string("null");
  }

  void string(const std::string& text) {
    if (std::all_of(text.begin(), text.end(), needs_no_escape)) {
      out_ += '"' + text + '"';
    } else {
      out_ += printable_json(json_text(nlohmann::ordered_json(text), -1));
    }
  }

  static bool needs_no_escape(char c) { return ' ' <= c && c <= '~' && c != '"' && c != '\\'; }

  void line(int depth) {
    if (depth < 0) return;
    out_ += '\n';
    out_.append(static_cast<std::size_t>(depth) * kIndent, ' ');
  }

  template <class Items, class Each>
  void sequence(char open, char close, const Items& items, int depth, const Each& each) {
    out_ += open;
    bool first = true;
    for (const auto& item : items) {
      if (!first) out_ += ',';
      first = false;
      line(deeper(depth));
      each(item);
    }
    if (!first) line(depth);
    out_ += close;
  }

  std::string& out_;
};

}  // namespace

void write_json(const Value& value, int indent, std::string& out) {
  Writer(out).write(value, indent);
}

}  // namespace tally::report
