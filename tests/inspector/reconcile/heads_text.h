// Heads of a specification and what a file leaves open of them, as text to compare.
#pragma once

#include <formulas/spec/spec.h>
#include <inspector/reconcile/infer/infer.h>

#include <string>
#include <vector>

namespace tally::inspector {

/// Heads of every attention: "6 heads, 2 of keys, 10 wide".
inline std::vector<std::string> heads(const formulas::TransformerSpec& spec) {
  std::vector<std::string> all;
  for (const auto& stack : spec.stacks) {
    for (const auto& group : stack.groups) {
      for (const bool cross : {false, true}) {
        if (cross && !group.has_cross_attention) continue;
        const auto& a = cross ? group.cross_attention : group.attention;
        all.push_back(std::to_string(a.num_heads) + " heads, " +
                      std::to_string(a.num_key_value_heads) + " of keys, " +
                      std::to_string(a.head_dim) + " wide");
      }
    }
  }
  return all;
}

/// Fields of heads that the file leaves open.
inline std::string open_heads(const Inference& inference) {
  std::string open;
  for (const SpecField& field : inference.fields) {
    const std::string path = formulas::path(field.key, inference.spec);
    if (field.ambiguous && path.find("head") != std::string::npos)
      open += path + " = " + field.value + " (" + field.reason + ") ";
  }
  return open;
}

}  // namespace tally::inspector
