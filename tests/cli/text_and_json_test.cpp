// Text and JSON of one run agree number for number, and what is split adds up. The renderings here
// are written anew: none of the program's own is used.

#include <base/wide.h>
#include <gtest/gtest.h>
#include <tests/run_torchtally.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <set>
#include <utility>

namespace tally::tests {
namespace {

using nlohmann::json;

using Arguments = std::vector<std::string>;

const std::vector<Arguments>& runs() {
  static const std::vector<Arguments> all = {
      {"estimate", "--preset", "llama-3-8b", "--seq", "2048", "--devices", "8", "--zero", "3",
       "--gpu", "H100 80GB", "--price", "2.5", "--tokens", "15T", "--recompute", "full"},
      {"estimate", "--preset", "mixtral-8x7b", "--optimizer", "lion", "--precision", "bf16"},
      {"estimate", "--preset", "t5-small", "--encoder-seq", "64", "--pipeline-parallel", "2"},
      {"estimate", "--preset", "clip-vit-b32"},
      {"estimate", "--profile", "guide", "--vocab-size", "50257", "--hidden-size", "768"},
      {"estimate", "--params", "1B"},
      {"fit", "--gpu", "H100 80GB", "--preset", "llama-3-8b", "--seq", "2048", "--devices", "8"},
      {"fit", "--gpu", "A100 40GB", "--preset", "gpt2", "--for", "training"},
      {"fit", "--gpu", "h200", "--preset", "llama-3.1-405b", "--seq", "2048", "--for", "inference"},
      {"formulas", "llama-3-8b"},
      {"formulas", "gpt2"},
      {"table", "gpt2", "llama-3-8b", "mixtral-8x7b", "t5-small", "--gpu", "A100 80GB"},
      {"table"}};
  return all;
}

std::string named(const Arguments& arguments) {
  std::string text;
  for (const std::string& argument : arguments) text += argument + " ";
  return text;
}

std::string fixed(long double value, int decimals) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*Lf", decimals, value);
  return text;
}

/// "12345" as "12,345".
std::string with_commas(const std::string& digits) {
  std::string text;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text += ',';
    text += digits[i];
  }
  return text;
}

/// "474.7 MiB": powers of 1024, one decimal.
std::string in_binary_units(long double bytes) {
  const char* const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (bytes < 1024) return fixed(bytes, 0) + " B";
  int unit = 0;
  while (std::floor(bytes * 10 + 0.5L) >= 10240 && unit < 6) {
    bytes /= 1024;
    ++unit;
  }
  const std::string text = fixed(std::floor(bytes * 10 + 0.5L) / 10, 1);
  const std::size_t point = text.find('.');
  return with_commas(text.substr(0, point)) + text.substr(point) + " " + units[unit];
}

/// Every way in which a text may show what is in the JSON, numbers in its strings included.
class Known {
 public:
  explicit Known(const std::string& text) {
    for (std::size_t i = 0; i < text.size();) {
      if (text[i] == '"') {
        i = string(text, i);
      } else if (std::isdigit(static_cast<unsigned char>(text[i])) != 0) {
        i = number(text, i);
      } else {
        ++i;
      }
    }
  }

  bool has(const std::string& shown) const { return shown_.count(shown) > 0; }

 private:
  void add_word(std::string word) {
    while (!word.empty() && std::string("),;:").find(word.back()) != std::string::npos)
      word.pop_back();
    shown_.insert(std::move(word));
  }

  std::size_t string(const std::string& text, std::size_t i) {
    std::string word;
    for (++i; i < text.size() && text[i] != '"'; ++i) {
      if (text[i] == '\\') ++i;
      if (text[i] != ' ') {
        word += text[i];
      } else {
        add_word(std::exchange(word, ""));
      }
    }
    add_word(std::move(word));
    return i + 1;
  }

  std::size_t number(const std::string& text, std::size_t i) {
    const std::size_t end = text.find_first_not_of("0123456789.eE+-", i);
    const std::string token = text.substr(i, end - i);
    const long double value = std::strtold(token.c_str(), nullptr);
    if (token.find_first_of(".eE") == std::string::npos) {
      shown_.insert(with_commas(token));
      shown_.insert(with_commas(token) + " B");
      shown_.insert(in_binary_units(value));
      char scientific[32];
      std::snprintf(scientific, sizeof scientific, "%.2Le", value);
      shown_.insert(scientific);
    }
    for (int decimals = 0; decimals <= 2; ++decimals) {
      shown_.insert(fixed(value, decimals));
      shown_.insert(fixed(value / 86400, decimals));  // seconds as days
    }
    return end;
  }

  std::set<std::string> shown_;
};

bool is_unit(const std::string& word) {
  return word == "B" || (word.size() == 3 && word.substr(1) == "iB");
}

/// The quantities of a text: numbers with a comma, a point or a unit. Percentages are not among
/// them: they are of two numbers, and the sums below hold those.
std::vector<std::string> quantities(const std::string& text) {
  std::vector<std::string> words;
  std::string word;
  for (const char c : text + " ") {
    if (std::isspace(static_cast<unsigned char>(c)) == 0) {
      word += c;
    } else if (!word.empty()) {
      words.push_back(std::exchange(word, ""));
    }
  }
  std::vector<std::string> found;
  for (std::size_t i = 0; i < words.size(); ++i) {
    std::string number = words[i];
    while (!number.empty() && number.front() == '(') number.erase(0, 1);
    while (!number.empty() && std::string("),;:").find(number.back()) != std::string::npos)
      number.pop_back();
    if (number.empty() || number.find_first_not_of("0123456789,.e+") != std::string::npos ||
        std::isdigit(static_cast<unsigned char>(number.front())) == 0)
      continue;
    std::string next = i + 1 < words.size() ? words[i + 1] : "";
    while (!next.empty() && std::string("),;:").find(next.back()) != std::string::npos)
      next.pop_back();
    const bool is_version = std::count(number.begin(), number.end(), '.') > 1;
    if (next == "%" || is_version) continue;
    if (is_unit(next)) {
      found.push_back(number + " " + next);
    } else if (number.find_first_of(",.") != std::string::npos) {
      found.push_back(number);
    }
  }
  return found;
}

TEST(TextAndJson, AgreeNumberForNumber) {
  for (const Arguments& arguments : runs()) {
    Arguments for_programs = arguments;
    for_programs.insert(for_programs.end(), {"-f", "json"});
    const Ran text = run_torchtally(arguments), program = run_torchtally(for_programs);
    EXPECT_EQ(text.exit_code, program.exit_code) << named(arguments);
    const Known known(program.out);
    const auto shown = quantities(text.out);
    EXPECT_GE(shown.size(), 5u) << named(arguments) << text.out;
    for (const std::string& quantity : shown)
      EXPECT_TRUE(known.has(quantity)) << quantity << " is not in the JSON of " << named(arguments);
  }
}

/// The sum of `key` over `rows`.
Int128 sum(const json& rows, const char* key) {
  Int128 total = 0;
  for (const json& row : rows) total += row.at(key).get<std::int64_t>();
  return total;
}

void expect_memory_adds_up(const json& memory, const std::string& where) {
  EXPECT_TRUE(sum(memory.at("parts"), "bytes") == memory.at("total_bytes").get<std::int64_t>())
      << where;
}

TEST(TextAndJson, PartsAddUpToTotals) {
  for (Arguments arguments : runs()) {
    const std::string where = named(arguments);
    arguments.insert(arguments.end(), {"-f", "json"});
    const json report = json::parse(run_torchtally(arguments).out);
    if (report.contains("weights")) {
      expect_memory_adds_up(report.at("training_memory"), where);
      expect_memory_adds_up(report.at("inference_memory"), where);
      const json& parameters = report.at("parameters");
      EXPECT_TRUE(sum(parameters.at("components"), "parameters") ==
                  parameters.at("unique").get<std::int64_t>())
          << where;
      const json& flops = report.at("flops");
      for (const char* key : {"forward_flops", "backward_flops"})
        EXPECT_TRUE(sum(flops.at("parts"), key) == flops.at(key).get<std::int64_t>()) << where;
      EXPECT_EQ(flops.at("model_flops").get<std::int64_t>(),
                flops.at("forward_flops").get<std::int64_t>() +
                    flops.at("backward_flops").get<std::int64_t>());
      for (const json& w : report.at("weights")) {
        EXPECT_EQ(w.at("total_bytes").get<std::int64_t>(),
                  w.at("quantized_bytes").get<std::int64_t>() +
                      w.at("scale_bytes").get<std::int64_t>() +
                      w.at("kept_bytes").get<std::int64_t>())
            << where << w;
      }
    }
    for (const char* half : {"training", "inference"}) {
      if (report.contains(half) && report.at(half).contains("memory"))
        expect_memory_adds_up(report.at(half).at("memory"), where);
    }
    if (report.contains("example")) {
      const json& example = report.at("example");
      for (const char* split : {"terms", "components"}) {
        EXPECT_TRUE(sum(example.at(split), "parameters") ==
                    example.at("parameters").get<std::int64_t>())
            << where << split;
      }
    }
  }
}

/// The exit codes of what gates: a check that was asked for and fails is 1, never 0; what only
/// tells is 0.
TEST(ExitCodes, OfFit) {
  const Arguments too_large = {"fit",   "--gpu", "H100 80GB", "--preset", "llama-3.1-405b",
                               "--seq", "512"};
  const auto with = [](Arguments arguments, const Arguments& more) {
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_torchtally(arguments).exit_code;
  };
  EXPECT_EQ(with(too_large, {}), 0);
  EXPECT_EQ(with(too_large, {"--for", "training"}), 1);
  EXPECT_EQ(with(too_large, {"--for", "inference"}), 1);
  const Arguments small = {"fit", "--gpu", "H100 80GB", "--preset", "gpt2", "--seq", "512"};
  EXPECT_EQ(with(small, {"--for", "training"}), 0);
  EXPECT_EQ(with(small, {"--for", "inference"}), 0);
  // Llama 3 8B in bf16 (16.1 GB) runs in 80 GB; trained with Adam it takes 16 bytes a parameter.
  const Arguments between = {"fit", "--gpu", "H100 80GB", "--preset", "llama-3-8b", "--seq", "512"};
  EXPECT_EQ(with(between, {"--for", "inference"}), 0);
  EXPECT_EQ(with(between, {"--for", "training"}), 1);
}

TEST(ExitCodes, OfWrongRequestsAreUsage) {
  for (const Arguments& arguments : std::vector<Arguments>{
           {"estimate"},
           {"estimate", "--preset", "gpt-2"},
           {"estimate", "--preset", "gpt2", "--config", "x.json"},
           {"estimate", "--preset", "gpt2", "--mfu", "0.5"},
           {"estimate", "--preset", "gpt2", "--price", "2"},
           {"estimate", "--preset", "gpt2", "--encoder-seq", "8"},
           {"estimate", "--params", "1B", "--seq", "8"},
           {"estimate", "--params", "1B", "--tie-embeddings"},
           {"estimate", "--profile", "guide", "--vocab-size", "8", "--hidden-size", "8", "--set",
            "n_layer=3"},
           {"estimate", "--profile", "other"},
           {"fit", "--preset", "gpt2"},
           {"fit", "--preset", "gpt2", "--gpu", "h200", "--tokens", "1B"},
           {"fit", "--preset", "gpt2", "--gpu", "h200", "--for", "inference", "--zero", "1"},
           {"fit", "--preset", "gpt2", "--gpu", "h200", "--for", "training", "--cache", "fp8"},
           {"fit", "--preset", "gpt2", "--gpu", "h200", "--for", "fun"},
           {"formulas", "attention.kv_c.weight"},
           {"table", "gpt-2"},
           {"table", "--seq", "8"},
           {"table", "gpt2", "--price", "2", "--gpu", "h200"}}) {
    Arguments as_json = arguments;
    as_json.insert(as_json.end(), {"-f", "json"});
    const Ran ran = run_torchtally(as_json);
    EXPECT_EQ(ran.exit_code, 2) << named(arguments) << ran.out;
    EXPECT_EQ(json::parse(ran.out).at("error").at("code"), "usage") << named(arguments);
  }
}

TEST(ExitCodes, OfFilesThatCannotBeReadAreThree) {
  const Ran missing = run_torchtally({"estimate", "--config", "no_such.json", "-f", "json"});
  EXPECT_EQ(missing.exit_code, 3);
  EXPECT_EQ(json::parse(missing.out).at("error").at("code"), "not_found");
  const Ran no_config = run_torchtally({"table", "./README.md", "-f", "json"});
  EXPECT_EQ(no_config.exit_code, 3);
  EXPECT_EQ(json::parse(no_config.out).at("error").at("code"), "malformed");
}

}  // namespace
}  // namespace tally::tests
