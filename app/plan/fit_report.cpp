#include <app/plan/cost_tables.h>
#include <app/plan/fit_report.h>

#include <utility>

namespace tally::app {
namespace {

using formulas::FitLimits;
using namespace report;

Object limits_value(const FitLimits& limits) {
  return {{"largest_batch", Count{limits.largest_batch}},
          {"longest_seq", Count{limits.longest_seq}},
          {"longest_seq_is_bounded_by_positions", Value::of(limits.seq_is_bounded_by_positions)}};
}

/// 0 is none, and what reaches the end of the search may be larger.
Fact limit_fact(const char* label, std::int64_t value, std::int64_t most, bool all_positions) {
  if (value == 0) return {label, {{"", "none"}}};
  Fact fact{label, {{"", Count{value}}}};
  if (value >= most) fact.text.push_back({"", " or more"});
  if (all_positions) fact.text.push_back({"", " (all the positions that the model has)"});
  return fact;
}

void add_limits(Facts& facts, const std::string& key, const FitLimits& limits) {
  facts.facts.push_back(limit_fact("Largest batch at this length", limits.largest_batch,
                                   formulas::kMostBatch, false));
  facts.facts.push_back(limit_fact("Longest sequence at this batch", limits.longest_seq,
                                   formulas::kMostSeq, limits.seq_is_bounded_by_positions));
  facts.facts.push_back({"", {{key, limits_value(limits)}}});
}

Table recipe_table(const std::vector<formulas::FitRung>& rungs) {
  Table table;
  table.key = "recipes";
  table.title = "Recipes, cheapest first, each with those before it";
  table.programs = rungs.empty();
  table.columns = {{"recipe", "recipe"},
                   {"total_bytes", "bytes", Align::kRight},
                   {"", "size", Align::kRight},
                   {"fits", "fits"},
                   {"cost", "what it costs", Align::kLeft, true}};
  for (const auto& rung : rungs) {
    Row row{{rung.name, Bytes{rung.total_bytes}, Bytes{rung.total_bytes, true},
             Value::of(rung.fits), rung.cost}};
    if (rung.fits) row.tone = Tone::kGood;
    table.rows.push_back(std::move(row));
  }
  return table;
}

/// One of the two halves of the report; training and inference have the same fields.
template <class Fit, class Plan>
Section half(const char* key, const char* title, const Fit& fit, const Plan& plan,
             std::int64_t device_bytes) {
  Section half;
  half.key = key;
  half.add(Heading{{{"", title}}, 2});
  half.add(Data{"plan", plan_value(plan)});
  const std::int64_t spare = device_bytes - fit.memory.total_bytes;
  Facts facts;
  facts.facts = {{"Plan", {{"", plan_text(plan)}}},
                 {"Fits",
                  {{"fits", Value::of(fit.fits)},
                   {"", ", "},
                   {"", Bytes{spare < 0 ? -spare : spare, true}},
                   {"", fit.fits ? " left" : " too much"}},
                  fit.fits ? Tone::kGood : Tone::kBad}};
  facts.facts.push_back({"", {{"spare_bytes", Bytes{spare}}}});
  add_limits(facts, "limits", fit.limits);
  half.add(std::move(facts));
  add_memory(half, "memory", "", fit.memory);
  half.add(recipe_table(fit.rungs));
  if (fit.recipe) {
    Facts recipe;
    recipe.facts = {{"It fits with", {{"", plan_text(*fit.recipe)}}, Tone::kGood},
                    {"", {{"recipe", plan_value(*fit.recipe)}}}};
    add_limits(recipe, "recipe_limits", fit.recipe_limits);
    half.add(std::move(recipe));
    return half;
  }
  half.add(Data{"recipe", Value()});
  half.add(Data{"recipe_limits", Value()});
  if (!fit.fits) {
    half.add(Note{{{"",
                    "No recipe tried makes it fit: give more --devices, a smaller --batch or "
                    "--seq, or a larger --gpu."}},
                  Tone::kBad});
  }
  return half;
}

}  // namespace

report::Report fit_report(const FitAnswer& answer) {
  report::Report report;
  report.command = "fit";
  report.title = answer.model + " on " + std::string(answer.accelerator.name);
  Section& body = report.body;
  const Bytes memory{answer.accelerator.memory_bytes()};
  body.add(Data{"kind", "predicted"});
  body.add(Heading{{{"model", answer.model},
                    {"", " on "},
                    {"devices", Count{answer.num_devices}},
                    {"", " x "},
                    {"", answer.accelerator.name},
                    {"", ": predicted"}},
                   1});
  body.add(Data{"accelerator", accelerator_value(answer.accelerator)});
  body.add(Facts{
      {{"Memory of a device", {{"", memory}, {"", " ("}, {"", Bytes{memory.n, true}}, {"", ")"}}},
       {"Source", {{"", answer.accelerator.source}}}}});
  const std::int64_t bytes = answer.accelerator.memory_bytes();
  if (answer.training)
    body.add(half("training", "Training", *answer.training, answer.training_plan, bytes));
  if (answer.inference)
    body.add(half("inference", "Inference", *answer.inference, answer.inference_plan, bytes));
  body.add(Note{{{"",
                  "All figures are predicted from the configuration; none is measured. A vendor's "
                  "GB counts as 10^9 bytes."}},
                Tone::kMuted});
  return report;
}

}  // namespace tally::app
