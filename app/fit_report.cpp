#include <app/estimate_json.h>
#include <app/fit_report.h>
#include <report/json_text.h>
#include <report/numbers.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

namespace tally::report::layout {}
namespace tally::app {}
namespace tally::app {
using namespace report;
using namespace report::layout;
namespace {

using namespace formulas;
using nlohmann::ordered_json;

std::string limit_text(std::int64_t value, std::int64_t most) {
  if (value == 0) return "none";
  return value >= most ? grouped(value) + " or more" : grouped(value);
}

void add_limits(Facts& facts, const FitLimits& limits) {
  std::string longest = limit_text(limits.longest_seq, kMostSeq);
  if (limits.seq_is_bounded_by_positions) longest += " (all the positions that the model has)";
  facts.facts.push_back({"Largest batch at this length",
                         limit_text(limits.largest_batch, kMostBatch), Tone::kNormal});
  facts.facts.push_back({"Longest sequence at this batch", longest, Tone::kNormal});
}

ordered_json limits_json(const FitLimits& limits) {
  return {{"largest_batch", limits.largest_batch},
          {"longest_seq", limits.longest_seq},
          {"longest_seq_is_bounded_by_positions", limits.seq_is_bounded_by_positions}};
}

/// One of the two halves of the report; training and inference have the same fields.
template <class Fit, class Plan>
void add_half(Document& document, const std::string& name, const Fit& fit, const Plan& plan,
              std::int64_t device_bytes) {
  document.add(Heading{name, 2});
  const std::int64_t over = fit.memory.total_bytes - device_bytes;
  Facts facts;
  facts.facts = {{"Plan", plan_text(plan), Tone::kNormal},
                 {"Fits",
                  fit.fits ? "yes, " + bytes_text(-over, Units::kIec) + " left"
                           : "no, " + bytes_text(over, Units::kIec) + " too much",
                  fit.fits ? Tone::kGood : Tone::kBad}};
  add_limits(facts, fit.limits);
  document.add(std::move(facts));
  document.add(memory_table("", fit.memory));
  if (fit.fits) return;
  Table rungs;
  rungs.title = "Recipes, cheapest first, each with those before it";
  rungs.columns = {{"recipe", Align::kLeft, false},
                   {"bytes", Align::kRight, false},
                   {"size", Align::kRight, false},
                   {"fits", Align::kLeft, false},
                   {"what it costs", Align::kLeft, true}};
  for (const auto& rung : fit.rungs) {
    Row row;
    row.cells = {rung.name, grouped(rung.total_bytes), bytes_text(rung.total_bytes, Units::kIec),
                 rung.fits ? "yes" : "no", rung.cost};
    if (rung.fits) row.tone = Tone::kGood;
    rungs.rows.push_back(std::move(row));
  }
  if (!rungs.rows.empty()) document.add(std::move(rungs));
  if (fit.recipe) {
    Facts recipe;
    recipe.facts = {{"It fits with", plan_text(*fit.recipe), Tone::kGood}};
    add_limits(recipe, fit.recipe_limits);
    document.add(std::move(recipe));
  } else {
    document.add(
        Paragraph{"No recipe tried makes it fit: give more --devices, a smaller --batch or --seq, "
                  "or a larger --gpu.",
                  Tone::kBad});
  }
}

Document fit_document(const FitReport& report) {
  Document document;
  document.title = report.model + " on " + std::string(report.accelerator.name);
  document.add(Heading{report.model + " on " + std::to_string(report.num_devices) + " x " +
                           std::string(report.accelerator.name) + ": predicted",
                       1});
  const std::int64_t device_bytes = report.accelerator.memory_bytes();
  Facts facts;
  facts.facts = {{"Memory of a device",
                  grouped(device_bytes) + " bytes (" + bytes_text(device_bytes, Units::kIec) + ")",
                  Tone::kNormal},
                 {"Source", std::string(report.accelerator.source), Tone::kNormal}};
  document.add(std::move(facts));
  if (report.training)
    add_half(document, "Training", *report.training, report.training_plan, device_bytes);
  if (report.inference)
    add_half(document, "Inference", *report.inference, report.inference_plan, device_bytes);
  document.add(
      Paragraph{"All figures are predicted from the configuration; none is measured. A vendor's GB "
                "counts as 10^9 bytes.",
                Tone::kMuted});
  return document;
}

template <class Fit, class Plan>
ordered_json half_json(const Fit& fit, const Plan& plan) {
  ordered_json rungs = ordered_json::array();
  for (const auto& rung : fit.rungs) {
    rungs.push_back({{"recipe", rung.name},
                     {"cost", rung.cost},
                     {"total_bytes", rung.total_bytes},
                     {"fits", rung.fits}});
  }
  return {{"plan", plan_json(plan)},
          {"fits", fit.fits},
          {"memory", memory_json(fit.memory)},
          {"limits", limits_json(fit.limits)},
          {"recipes", rungs},
          {"recipe", fit.recipe ? plan_json(*fit.recipe) : ordered_json()},
          {"recipe_limits", fit.recipe ? limits_json(fit.recipe_limits) : ordered_json()}};
}

std::string fit_json(const FitReport& report) {
  ordered_json json = {{"schema_version", 1},
                       {"kind", "predicted"},
                       {"model", report.model},
                       {"accelerator", accelerator_json(report.accelerator)},
                       {"devices", report.num_devices}};
  if (report.training) json["training"] = half_json(*report.training, report.training_plan);
  if (report.inference) json["inference"] = half_json(*report.inference, report.inference_plan);
  return json_text(json);
}

}  // namespace

OldReport fit_report(FitReport report) {
  const auto shared = std::make_shared<const FitReport>(std::move(report));
  return {[shared] { return fit_document(*shared); }, [shared] { return fit_json(*shared); }};
}

}  // namespace tally::app
