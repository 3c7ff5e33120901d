// What the tests of memory share: published models, plans, and parts by name.
#pragma once

#include <formulas/costs/memory.h>
#include <formulas/families/presets.h>
#include <formulas/terms/terms.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tally::formulas {

inline TransformerSpec preset(const std::string& name) {
  const auto spec = preset_spec(name);
  EXPECT_TRUE(spec) << name;
  return spec ? *spec : TransformerSpec{};
}

inline std::vector<TermCount> terms_of(const TransformerSpec& spec) {
  const auto all = terms(spec);
  EXPECT_TRUE(all);
  return all ? *all : std::vector<TermCount>{};
}

inline std::int64_t bytes_of(const DeviceMemory& memory, const std::string& id) {
  for (const auto& part : memory.parts) {
    if (part.id == id) return part.bytes;
  }
  return 0;
}

inline TrainingPlan plan_of(std::int64_t batch, std::int64_t seq) {
  TrainingPlan plan;
  plan.shape.batch = batch;
  plan.shape.seq = seq;
  return plan;
}

inline DeviceMemory trained(const TransformerSpec& spec, const TrainingPlan& plan) {
  const auto memory = training_memory(spec, terms_of(spec), plan);
  EXPECT_TRUE(memory) << memory.error().message;
  return memory ? *memory : DeviceMemory{};
}

inline void expect_adds_up(const DeviceMemory& memory) {
  std::int64_t sum = 0;
  for (const auto& part : memory.parts) sum += part.bytes;
  EXPECT_EQ(sum, memory.total_bytes);
}

}  // namespace tally::formulas
