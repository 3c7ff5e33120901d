#include <app/parse_number.h>
#include <cli/flags/plan_flags.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <optional>
#include <string_view>

namespace tally::cli {
namespace {

using app::parse_count;
using app::parse_number;
using formulas::InferencePlan;
using formulas::ParallelPlan;
using formulas::TrainingPlan;
using formulas::ZeroStage;

struct PlanFlag {
  const char* field;  ///< "tensor_parallel" of --tensor-parallel
  PlanUse use;
  const char* text;
  const char* help;
};

constexpr PlanFlag kPlanFlags[] = {
    {"batch", PlanUse::kBoth, "N [1]", "Sequences at once on one replica"},
    {"seq", PlanUse::kBoth, "N", "Tokens of a sequence [the model's longest, at most 4096]"},
    {"encoder_seq", PlanUse::kBoth, "N", "Tokens of the encoder [as --seq]"},
    {"optimizer", PlanUse::kTraining, "NAME [adamw]",
     "sgd, momentum, adam, adamw, adafactor, adam8bit, lion or muon"},
    {"precision", PlanUse::kTraining, "NAME [mixed]",
     "fp32, mixed (2+2+12 bytes), mixed-fp32-grads (18) or bf16"},
    {"attention", PlanUse::kTraining, "NAME [flash]", "flash, or eager (scores lie in memory)"},
    {"recompute", PlanUse::kTraining, "NAME [none]", "none, selective or full"},
    {"zero", PlanUse::kTraining, "STAGE [0]", "ZeRO stage, 0 to 3"},
    {"devices", PlanUse::kBoth, "N [1]", "Devices in all"},
    {"tensor_parallel", PlanUse::kBoth, "N [1]", "Devices that share every matrix"},
    {"pipeline_parallel", PlanUse::kBoth, "N [1]", "Stages of layers"},
    {"expert_parallel", PlanUse::kBoth, "N [1]", "Replicas that share the experts"},
    {"chunks", PlanUse::kBoth, "N [1]", "Groups of layers a stage (interleaved schedule)"},
    {"weights", PlanUse::kInference, "DTYPE [bf16]",
     "Of inference: fp32, bf16, fp16, fp8, int8 or int4"},
    {"group_size", PlanUse::kInference, "N [128]", "Inputs that share a scale in int4; 0: a row"},
    {"cache", PlanUse::kInference, "DTYPE [bf16]", "Of keys and values"},
    {"reserve", PlanUse::kBoth, "GB [1]", "Left for context, libraries and fragmentation: [other]"},
    {"gpu", PlanUse::kBoth, "NAME", "Accelerator, for example \"H100 80GB\""},
    {"mfu", PlanUse::kTime, "SHARE [0.4]", "Model FLOPs utilisation"},
    {"tokens", PlanUse::kTime, "N [20 a parameter]", "Tokens to train on"},
    {"price", PlanUse::kPrice, "AMOUNT", "Of one GPU-hour"}};

std::string flag_of(const PlanFlag& flag) {
  std::string name = std::string("--") + flag.field;
  std::replace(name.begin(), name.end(), '_', '-');
  return name;
}

/// Reads fields until the first that is wrong, whose error it keeps.
class Reader {
 public:
  explicit Reader(const PlanFlags& flags) : flags_(flags) {}

  void count(const char* field, std::int64_t& value, std::int64_t low = 1,
             std::int64_t high = INT64_MAX) {
    if (const auto* text = given(field)) keep(parse_count(field, *text, low, high), value);
  }
  void number(const char* field, double& value, double low, double high) {
    if (const auto* text = given(field)) keep(parse_number(field, *text, low, high), value);
  }
  /// A name of a table; `names` for the message.
  template <class T>
  void name(const char* field, T& value, std::optional<T> (*named)(std::string_view),
            const std::string& names) {
    const auto* text = given(field);
    if (text == nullptr) return;
    const auto found = named(*text);
    if (found) {
      value = *found;
    } else {
      error_ =
          Error{ErrorCode::kUsage,
                std::string(field) + " must be one of " + names + ", and is \"" + *text + "\"", ""};
    }
  }
  const std::string* given(const char* field) const {
    const auto found = flags_.values.find(field);
    return error_ || found == flags_.values.end() || found->second.empty() ? nullptr
                                                                           : &found->second;
  }
  void fail(Error error) {
    if (!error_) error_ = std::move(error);
  }
  const std::optional<Error>& error() const { return error_; }

 private:
  template <class T>
  void keep(const Result<T>& result, T& value) {
    if (result) {
      value = *result;
    } else {
      error_ = result.error();
    }
  }

  const PlanFlags& flags_;
  std::optional<Error> error_;
};

/// The switches among the flags, which have no value.
struct PlanSwitch {
  const char* flag;
  PlanUse use;
  bool PlanFlags::*value;
  const char* help;
};

constexpr PlanSwitch kPlanSwitches[] = {
    {"--sequence-parallel", PlanUse::kBoth, &PlanFlags::sequence_parallel,
     "Divide by positions what tensor parallelism does not divide"},
    {"--dropout", PlanUse::kTraining, &PlanFlags::dropout, "Trained with dropout: masks are kept"}};

template <class Table>
std::string names_of(const Table& table) {
  std::string names;
  for (const auto& info : table) names += (names.empty() ? "" : ", ") + std::string(info.name);
  return names;
}

/// Devices that tensor and pipeline parallelism leave over are replicas.
void divide_devices(Reader& reader, std::int64_t devices, ParallelPlan& plan) {
  const std::int64_t model = plan.tensor_parallel * plan.pipeline_parallel;
  if (devices % model != 0) {
    reader.fail({ErrorCode::kUsage,
                 "devices must be a multiple of tensor_parallel x pipeline_parallel = " +
                     std::to_string(model) + ", and is " + std::to_string(devices),
                 ""});
    return;
  }
  plan.data_parallel = devices / model;
}

}  // namespace

bool PlanFlags::any() const {
  return sequence_parallel || dropout ||
         std::any_of(values.begin(), values.end(),
                     [](const auto& value) { return !value.second.empty(); });
}

void add_plan_flags(CLI::App& command, PlanFlags& flags, const std::vector<PlanUse>& uses) {
  const auto used = [&](PlanUse use) {
    return std::find(uses.begin(), uses.end(), use) != uses.end();
  };
  for (const auto& flag : kPlanFlags) {
    if (used(flag.use))
      command.add_option(flag_of(flag), flags.values[flag.field], flag.help)
          ->option_text(flag.text);
  }
  for (const auto& flag : kPlanSwitches) {
    if (used(flag.use)) command.add_flag(flag.flag, flags.*flag.value, flag.help);
  }
}

Result<Unit> refuse_plan_flags(const PlanFlags& flags, PlanUse use, const std::string& why) {
  const auto refused = [&](const std::string& flag) {
    return Error{ErrorCode::kUsage, flag + " does nothing " + why, "leave it out"};
  };
  for (const auto& flag : kPlanFlags) {
    const auto given = flags.values.find(flag.field);
    if (flag.use == use && given != flags.values.end() && !given->second.empty())
      return refused(flag_of(flag));
  }
  for (const auto& flag : kPlanSwitches) {
    if (flag.use == use && flags.*flag.value) return refused(flag.flag);
  }
  return Unit{};
}

Result<app::PlanRequest> plan_request(const PlanFlags& flags) {
  constexpr std::int64_t kMostDevices = 1 << 20;
  constexpr double kMostReserveGb = 1e6;
  app::PlanRequest request;
  formulas::EstimateInputs& costs = request.costs;
  Reader reader(flags);
  TrainingPlan& training = costs.training;
  ParallelPlan& parallel = training.parallel;
  reader.count("batch", training.shape.batch);
  std::int64_t seq = 0;
  reader.count("seq", seq);
  if (seq > 0) request.seq = seq;
  reader.count("encoder_seq", training.shape.encoder_seq);
  reader.name("optimizer", training.optimizer, formulas::optimizer_named,
              names_of(formulas::optimizer_table()));
  reader.name("precision", training.precision, formulas::precision_named,
              names_of(formulas::precision_table()));
  reader.name("attention", training.kernel, app::kernel_named, "flash, eager");
  reader.name("recompute", training.recomputation, app::recomputation_named,
              "none, selective, full");
  training.dropout = flags.dropout;
  std::int64_t zero = 0;
  reader.count("zero", zero, 0, 3);
  parallel.zero = static_cast<ZeroStage>(zero);
  reader.count("tensor_parallel", parallel.tensor_parallel, 1, kMostDevices);
  reader.count("pipeline_parallel", parallel.pipeline_parallel, 1, kMostDevices);
  reader.count("expert_parallel", parallel.expert_parallel, 1, kMostDevices);
  reader.count("chunks", parallel.chunks, 1, kMostDevices);
  parallel.sequence_parallel = flags.sequence_parallel;
  std::int64_t devices = parallel.tensor_parallel * parallel.pipeline_parallel;
  reader.count("devices", devices, 1, kMostDevices);
  if (!reader.error()) divide_devices(reader, devices, parallel);
  if (zero > 0 && parallel.data_parallel == 1) {
    reader.fail({ErrorCode::kUsage, "--zero does nothing with one replica",
                 "give --devices: those that tensor and pipeline parallelism leave are replicas"});
  }
  double reserve_gb = 1;
  reader.number("reserve", reserve_gb, 0, kMostReserveGb);
  training.other_bytes = static_cast<std::int64_t>(reserve_gb * 1e9);

  InferencePlan& inference = costs.inference;
  reader.name("weights", inference.weights, formulas::dtype_named,
              names_of(formulas::dtype_table()));
  reader.count("group_size", inference.group_size, 0);
  reader.name("cache", inference.cache, formulas::dtype_named, names_of(formulas::dtype_table()));
  inference.parallel = parallel;
  inference.parallel.zero = ZeroStage::kNone;
  inference.other_bytes = training.other_bytes;

  reader.number("mfu", costs.mfu, 1e-6, 1);
  reader.count("tokens", costs.num_tokens);
  reader.number("price", costs.price_per_gpu_hour, 0, 1e9);
  if (const auto* gpu = reader.given("gpu")) {
    auto accelerator = formulas::accelerator_named(*gpu);
    if (!accelerator) return accelerator.error();
    costs.accelerator = *accelerator;
  }
  if (reader.error()) return *reader.error();
  for (const char* field : {"mfu", "price"}) {
    if (reader.given(field) != nullptr && !costs.accelerator) {
      return Error{ErrorCode::kUsage, std::string("--") + field + " does nothing without --gpu",
                   "give --gpu, for example --gpu \"H100 80GB\""};
    }
  }
  return request;
}

}  // namespace tally::cli
