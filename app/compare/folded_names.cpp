#include <app/compare/folded_names.h>
#include <report/numbers.h>

#include <algorithm>
#include <map>

namespace tally::app {
namespace {

bool digits_only(std::string_view text) {
  return !text.empty() && text.size() < 10 &&
         text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// "[0-3]" of 0, 1, 2, 3; "[0,2-3]" with gaps.
std::string ranges(std::vector<long> numbers) {
  std::sort(numbers.begin(), numbers.end());
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  std::string text;
  for (std::size_t i = 0; i < numbers.size();) {
    std::size_t last = i;
    while (last + 1 < numbers.size() && numbers[last + 1] == numbers[last] + 1) ++last;
    text += (text.empty() ? "" : ",") + std::to_string(numbers[i]);
    if (last > i) text += "-" + std::to_string(numbers[last]);
    i = last + 1;
  }
  return "[" + text + "]";
}

std::vector<std::string> parts_of(const std::string& name) {
  std::vector<std::string> parts;
  std::size_t start = 0;
  for (std::size_t dot = name.find('.'); dot != std::string::npos;
       start = dot + 1, dot = name.find('.', start)) {
    parts.push_back(name.substr(start, dot - start));
  }
  parts.push_back(name.substr(start));
  return parts;
}

std::string joined(const std::vector<std::string>& parts) {
  std::string name;
  for (const auto& part : parts) name += (name.empty() ? "" : ".") + part;
  return name;
}

/// Folds the names that differ only in the number at part `at` counted from the first number of
/// each.
std::vector<std::string> fold_once(const std::vector<std::string>& names, std::size_t which) {
  std::map<std::string, std::vector<long>> numbers;
  std::vector<std::string> order;
  std::vector<std::string> keys;
  for (const std::string& name : names) {
    auto parts = parts_of(name);
    std::size_t seen = 0;
    std::string number;
    for (auto& part : parts) {
      if (!digits_only(part) || seen++ != which) continue;
      number = part;
      part = "\n";  // in no printable name
    }
    const std::string key = number.empty() ? name : joined(parts);
    if (numbers.find(key) == numbers.end()) order.push_back(key);
    auto& list = numbers[key];
    if (!number.empty()) list.push_back(std::stol(number));
  }
  std::vector<std::string> folded;
  for (const std::string& key : order) {
    const auto& list = numbers[key];
    const std::size_t at = key.find('\n');
    if (list.empty() || at == std::string::npos) {
      folded.push_back(key);
    } else {
      folded.push_back(key.substr(0, at) +
                       (list.size() == 1 ? std::to_string(list.front()) : ranges(list)) +
                       key.substr(at + 1));
    }
  }
  return folded;
}

}  // namespace

std::vector<std::string> folded_names(const inspector::ModelSnapshot& snapshot,
                                      const std::vector<TensorId>& tensors) {
  std::vector<std::string> names;
  names.reserve(tensors.size());
  for (const TensorId t : tensors) names.push_back(full_name(snapshot, snapshot.tensors[t]));
  // The last number first (experts), then what is left of the first (layers).
  for (const std::size_t which : {2U, 1U, 0U}) names = fold_once(names, which);
  return names;
}

std::string folded_names_text(const inspector::ModelSnapshot& snapshot,
                              const std::vector<TensorId>& tensors, std::size_t most) {
  const auto names = folded_names(snapshot, tensors);
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (most > 0 && i == most)
      return text + ", … " + report::grouped(static_cast<std::int64_t>(names.size() - most)) +
             " more";
    text += (text.empty() ? "" : ", ") + names[i];
  }
  return text;
}

}  // namespace tally::app
