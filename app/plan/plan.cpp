#include <app/plan/plan.h>
#include <report/numbers.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace tally::app {
namespace {

using formulas::InferencePlan;
using formulas::ParallelPlan;
using formulas::StackSpec;
using formulas::TrainingPlan;
using formulas::TransformerSpec;
using report::Count;
using report::grouped;
using report::Integer;
using report::Object;
using report::Value;

constexpr std::int64_t kDefaultLongestSeq = 4096;

template <class T>
using Named = std::pair<T, const char*>;

constexpr Named<formulas::AttentionKernel> kKernels[] = {
    {formulas::AttentionKernel::kFlash, "flash"}, {formulas::AttentionKernel::kEager, "eager"}};
constexpr Named<formulas::Recomputation> kRecomputations[] = {
    {formulas::Recomputation::kNone, "none"},
    {formulas::Recomputation::kSelective, "selective"},
    {formulas::Recomputation::kFull, "full"}};

/// Every enumerator has a row.
template <class T, std::size_t n>
const char* name_of(const Named<T> (&table)[n], T value) {
  return std::find_if(std::begin(table), std::end(table),
                      [&](const Named<T>& row) { return row.first == value; })
      ->second;
}

template <class T, std::size_t n>
std::optional<T> named(const Named<T> (&table)[n], std::string_view name) {
  const auto* found = std::find_if(std::begin(table), std::end(table),
                                   [&](const Named<T>& row) { return row.second == name; });
  return found == std::end(table) ? std::nullopt : std::optional<T>(found->first);
}

bool is_text(const StackSpec& stack) {
  return stack.embedding.num_channels == 0 && stack.embedding.num_mel_bins == 0;
}

std::int64_t default_seq(const TransformerSpec& spec) {
  std::int64_t seq = 0;
  for (const auto& stack : spec.stacks) {
    if (is_text(stack)) seq = stack.max_positions > 0 ? stack.max_positions : kDefaultLongestSeq;
  }
  return std::min(seq, kDefaultLongestSeq);
}

/// Whether PassShape::encoder_seq means anything to the model.
bool has_own_encoder_length(const TransformerSpec& spec) {
  return std::any_of(spec.stacks.begin(), spec.stacks.end(), [&](const StackSpec& stack) {
    const bool beside_a_decoder =
        spec.stacks.size() > 1 && !stack.causal && stack.name == "encoder" && is_text(stack);
    return beside_a_decoder || stack.embedding.num_mel_bins > 0;
  });
}

std::string shape_text(const formulas::PassShape& shape) {
  std::string text = "batch " + grouped(shape.batch);
  if (shape.seq > 0) text += " x " + grouped(shape.seq) + " tokens";
  return text;
}

std::string division_text(const ParallelPlan& p) {
  std::string text;
  if (p.tensor_parallel > 1) text += ", tensor parallel " + std::to_string(p.tensor_parallel);
  if (p.sequence_parallel) text += ", sequence parallel";
  if (p.pipeline_parallel > 1) text += ", pipeline parallel " + std::to_string(p.pipeline_parallel);
  if (p.expert_parallel > 1) text += ", expert parallel " + std::to_string(p.expert_parallel);
  return text;
}

void add_shape(Object& object, const formulas::PassShape& shape) {
  object.emplace_back("batch", Count{shape.batch});
  object.emplace_back("seq", Count{shape.seq});
  object.emplace_back("encoder_seq", Count{shape.encoder_seq});
}

void add_division(Object& object, const ParallelPlan& p) {
  object.emplace_back("devices", Count{p.num_devices()});
  object.emplace_back("data_parallel", Count{p.data_parallel});
  object.emplace_back("tensor_parallel", Count{p.tensor_parallel});
  object.emplace_back("pipeline_parallel", Count{p.pipeline_parallel});
  object.emplace_back("expert_parallel", Count{p.expert_parallel});
  object.emplace_back("sequence_parallel", Value::of(p.sequence_parallel));
  object.emplace_back("chunks", Count{p.chunks});
  object.emplace_back("zero", Integer{static_cast<int>(p.zero)});
}

}  // namespace

Result<formulas::EstimateInputs> plan_for(const PlanRequest& request, const TransformerSpec& spec) {
  formulas::EstimateInputs plan = request.costs;
  if (plan.training.shape.encoder_seq > 0 && !has_own_encoder_length(spec)) {
    return Error{ErrorCode::kUsage,
                 "encoder_seq: the model has no encoder whose length differs from its decoder's",
                 "give seq alone"};
  }
  plan.training.shape.seq = request.seq.value_or(default_seq(spec));
  plan.inference.shape = plan.training.shape;
  return plan;
}

const char* kernel_name(formulas::AttentionKernel kernel) { return name_of(kKernels, kernel); }

const char* recomputation_name(formulas::Recomputation recomputation) {
  return name_of(kRecomputations, recomputation);
}

std::optional<formulas::AttentionKernel> kernel_named(std::string_view name) {
  return named(kKernels, name);
}

std::optional<formulas::Recomputation> recomputation_named(std::string_view name) {
  return named(kRecomputations, name);
}

std::string plan_text(const TrainingPlan& plan) {
  const auto& p = plan.parallel;
  std::string text = std::string(optimizer_info(plan.optimizer).name) + ", " +
                     std::string(precision_info(plan.precision).name) + ", " +
                     kernel_name(plan.kernel) + " attention, recomputation " +
                     recomputation_name(plan.recomputation) + ", " + shape_text(plan.shape);
  if (plan.dropout) text += ", dropout";
  if (p.data_parallel > 1) {
    text += ", ZeRO " + std::to_string(static_cast<int>(p.zero)) + " over " +
            grouped(p.data_parallel) + " replicas";
  }
  return text + division_text(p);
}

std::string plan_text(const InferencePlan& plan) {
  return "weights " + std::string(dtype_info(plan.weights).name) + ", cache " +
         std::string(dtype_info(plan.cache).name) + ", " + shape_text(plan.shape) +
         division_text(plan.parallel);
}

Object plan_value(const TrainingPlan& plan) {
  Object object;
  add_shape(object, plan.shape);
  object.emplace_back("optimizer", optimizer_info(plan.optimizer).name);
  object.emplace_back("precision", precision_info(plan.precision).name);
  object.emplace_back("attention", kernel_name(plan.kernel));
  object.emplace_back("recompute", recomputation_name(plan.recomputation));
  object.emplace_back("dropout", Value::of(plan.dropout));
  add_division(object, plan.parallel);
  return object;
}

Object plan_value(const InferencePlan& plan) {
  Object object;
  add_shape(object, plan.shape);
  object.emplace_back("weights", dtype_info(plan.weights).name);
  object.emplace_back("group_size", Count{plan.group_size});
  object.emplace_back("cache", dtype_info(plan.cache).name);
  add_division(object, plan.parallel);
  return object;
}

}  // namespace tally::app
