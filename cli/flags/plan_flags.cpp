#include <app/parse_number.h>
#include <cli/flags/plan_flags.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <optional>
#include <string_view>

namespace tally::report::layout {}
namespace tally::app {}
namespace tally::cli {
using namespace report;
using namespace report::layout;
using namespace app;
namespace {

using namespace formulas;

struct PlanFlag {
  const char* field;
  const char* flag;
  const char* text;
  const char* help;
};

constexpr PlanFlag kPlanFlags[] = {
    {"batch", "--batch", "N [1]", "Sequences at once on one replica"},
    {"seq", "--seq", "N", "Tokens of a sequence [the model's longest, at most 4096]"},
    {"encoder_seq", "--encoder-seq", "N", "Tokens of the encoder [as --seq]"},
    {"optimizer", "--optimizer", "NAME [adamw]",
     "sgd, momentum, adam, adamw, adafactor, adam8bit, lion or muon"},
    {"precision", "--precision", "NAME [mixed]",
     "fp32, mixed (2+2+12 bytes), mixed-fp32-grads (18) or bf16"},
    {"attention", "--attention", "NAME [flash]", "flash, or eager (scores lie in memory)"},
    {"recompute", "--recompute", "NAME [none]", "none, selective or full"},
    {"zero", "--zero", "STAGE [0]", "ZeRO stage, 0 to 3"},
    {"devices", "--devices", "N [1]", "Devices in all"},
    {"tensor_parallel", "--tensor-parallel", "N [1]", "Devices that share every matrix"},
    {"pipeline_parallel", "--pipeline-parallel", "N [1]", "Stages of layers"},
    {"expert_parallel", "--expert-parallel", "N [1]", "Replicas that share the experts"},
    {"chunks", "--chunks", "N [1]", "Groups of layers a stage (interleaved schedule)"},
    {"weights", "--weights", "DTYPE [bf16]", "Of inference: fp32, bf16, fp16, fp8, int8 or int4"},
    {"group_size", "--group-size", "N [128]", "Inputs that share a scale in int4; 0: a row"},
    {"cache", "--cache", "DTYPE [bf16]", "Of keys and values"},
    {"reserve", "--reserve", "GB [1]", "Left for context, libraries and fragmentation: [other]"},
    {"gpu", "--gpu", "NAME", "Accelerator, for example \"H100 80GB\""},
    {"mfu", "--mfu", "SHARE [0.4]", "Model FLOPs utilisation"},
    {"tokens", "--tokens", "N [20 a parameter]", "Tokens to train on"},
    {"price", "--price", "AMOUNT", "Of one GPU-hour"}};

constexpr std::int64_t kDefaultLongestSeq = 4096;

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

template <class Table>
std::string names_of(const Table& table) {
  std::string names;
  for (const auto& info : table) names += (names.empty() ? "" : ", ") + std::string(info.name);
  return names;
}

std::optional<AttentionKernel> kernel_named(std::string_view name) {
  if (name == "flash") return AttentionKernel::kFlash;
  if (name == "eager") return AttentionKernel::kEager;
  return std::nullopt;
}

std::optional<Recomputation> recomputation_named(std::string_view name) {
  if (name == "none") return Recomputation::kNone;
  if (name == "selective") return Recomputation::kSelective;
  if (name == "full") return Recomputation::kFull;
  return std::nullopt;
}

std::int64_t default_seq(const TransformerSpec& spec) {
  std::int64_t seq = 0;
  for (const auto& stack : spec.stacks) {
    const bool text = stack.embedding.num_channels == 0 && stack.embedding.num_mel_bins == 0;
    if (text) seq = stack.max_positions > 0 ? stack.max_positions : kDefaultLongestSeq;
  }
  return seq > kDefaultLongestSeq ? kDefaultLongestSeq : seq;
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

void add_plan_flags(CLI::App& command, PlanFlags& flags) {
  for (const auto& flag : kPlanFlags) {
    command.add_option(flag.flag, flags.values[flag.field], flag.help)->option_text(flag.text);
  }
  command.add_flag("--sequence-parallel", flags.sequence_parallel,
                   "Divide by positions what tensor parallelism does not divide");
  command.add_flag("--dropout", flags.dropout, "Trained with dropout: masks are kept");
}

Result<EstimateInputs> plan_of(const PlanFlags& flags, const TransformerSpec& spec) {
  constexpr std::int64_t kMostDevices = 1 << 20;
  constexpr double kMostReserveGb = 1e6;
  EstimateInputs inputs;
  Reader reader(flags);
  TrainingPlan& training = inputs.training;
  ParallelPlan& parallel = training.parallel;
  training.shape.seq = default_seq(spec);
  reader.count("batch", training.shape.batch);
  reader.count("seq", training.shape.seq);
  reader.count("encoder_seq", training.shape.encoder_seq);
  reader.name("optimizer", training.optimizer, optimizer_named, names_of(optimizer_table()));
  reader.name("precision", training.precision, precision_named, names_of(precision_table()));
  reader.name("attention", training.kernel, kernel_named, "flash, eager");
  reader.name("recompute", training.recomputation, recomputation_named, "none, selective, full");
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
  double reserve_gb = 1;
  reader.number("reserve", reserve_gb, 0, kMostReserveGb);
  training.other_bytes = static_cast<std::int64_t>(reserve_gb * 1e9);

  InferencePlan& inference = inputs.inference;
  reader.name("weights", inference.weights, dtype_named, names_of(dtype_table()));
  reader.count("group_size", inference.group_size, 0);
  reader.name("cache", inference.cache, dtype_named, names_of(dtype_table()));
  inference.shape = training.shape;
  inference.parallel = parallel;
  inference.parallel.zero = ZeroStage::kNone;
  inference.other_bytes = training.other_bytes;

  reader.number("mfu", inputs.mfu, 1e-6, 1);
  reader.count("tokens", inputs.num_tokens);
  reader.number("price", inputs.price_per_gpu_hour, 0, 1e9);
  if (const auto* gpu = reader.given("gpu")) {
    auto accelerator = accelerator_named(*gpu);
    if (!accelerator) return accelerator.error();
    inputs.accelerator = *accelerator;
  }
  if (reader.error()) return *reader.error();
  return inputs;
}

}  // namespace tally::cli
