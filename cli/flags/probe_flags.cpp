#include <app/parse_number.h>
#include <cli/flags/idle_flags.h>
#include <cli/flags/probe_flags.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <filesystem>

namespace tally::cli {
using namespace app;
namespace {

using namespace inspector;

Error refused(const std::string& text, const std::string& why) {
  return {ErrorCode::kUsage, "--input '" + text + "': " + why,
          "[NAME=]SIZES[:DTYPE[:LOW..HIGH]], for example 1x128:int64:0..50256 or mask=1x128:bool; "
          "NAME=value:TEXT for what is no tensor"};
}

std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// The parts of `text` between `separator`s.
std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::size_t from = 0;
  for (std::size_t at; (at = text.find(separator, from)) != std::string::npos; from = at + 1) {
    parts.push_back(text.substr(from, at - from));
  }
  parts.push_back(text.substr(from));
  return parts;
}

bool can_be_made(Dtype dtype) {
  switch (dtype) {
    case Dtype::kFloat32:
    case Dtype::kFloat64:
    case Dtype::kFloat16:
    case Dtype::kBFloat16:
    case Dtype::kComplex64:
    case Dtype::kComplex128:
    case Dtype::kInt64:
    case Dtype::kInt32:
    case Dtype::kInt16:
    case Dtype::kInt8:
    case Dtype::kUInt8:
    case Dtype::kBool:
      return true;
    default:
      return false;
  }
}

}  // namespace

Result<InputSpec> parse_input(const std::string& text) {
  constexpr std::string_view kValue = "value:";
  InputSpec spec;
  std::string rest = text;
  const std::size_t equals = rest.find('=');
  if (equals != std::string::npos && rest.compare(0, kValue.size(), kValue) != 0) {
    spec.name = rest.substr(0, equals);
    rest.erase(0, equals + 1);
    const std::size_t bracket = spec.name.find('[');
    if (bracket != std::string::npos) {
      spec.key = spec.name.substr(bracket + 1, spec.name.size() - bracket - 2);
      if (spec.name.back() != ']' || spec.key.empty())
        return refused(text, "an entry is named as NAME[KEY]");
      spec.name.resize(bracket);
    }
    if (spec.name.empty()) return refused(text, "a name is missing before '='");
  }
  if (rest.compare(0, kValue.size(), kValue) == 0) {
    if (!spec.key.empty()) return refused(text, "an entry can only be a tensor");
    spec.value = rest.substr(kValue.size());
    return spec;
  }
  const std::vector<std::string> fields = split(rest, ':');
  if (fields.size() > 3) return refused(text, "too many ':'");
  std::int64_t elements = 1;
  if (!fields[0].empty()) {  // no sizes: a tensor without dimensions
    for (const std::string& field : split(fields[0], 'x')) {
      const std::optional<std::int64_t> size = number(field);
      if (!size || *size < 1)
        return refused(text, "'" + field + "' is no size: one is 1 or more, joined by 'x'");
      if (*size > kMostElements / elements)
        return refused(text, "more than 2^40 elements: no machine holds them");
      elements *= *size;
      spec.sizes.push_back(*size);
    }
  }
  if (fields.size() > 1) {
    const std::optional<Dtype> dtype = dtype_from_name(fields[1]);
    if (!dtype || !can_be_made(*dtype))
      return refused(text, "'" + fields[1] + "' is no dtype that inputs are made of");
    spec.dtype = *dtype;
  }
  if (fields.size() > 2) {
    const std::size_t dots = fields[2].find("..");
    if (dots == std::string::npos)
      return refused(text, "'" + fields[2] + "' is no range LOW..HIGH");
    spec.low = number(std::string_view(fields[2]).substr(0, dots));
    spec.high = number(std::string_view(fields[2]).substr(dots + 2));
    if (!spec.low || !spec.high || *spec.low > *spec.high || *spec.high == INT64_MAX)
      return refused(text, "'" + fields[2] + "' is no range LOW..HIGH");
    if (info(spec.dtype).floating) return refused(text, "a range is for integers");
  }
  return spec;
}

std::optional<VirtualTarget> virtual_target(const ProbeFlags& flags) {
  const Device target = *device_from_name(flags.virtual_for);
  if (target.is_auto()) return std::nullopt;
  return target.is_cuda() ? VirtualTarget::kCuda : VirtualTarget::kCpu;
}

Result<ProbeRequest> probe_request(const ProbeFlags& flags) {
  ProbeRequest request;
  request.path = flags.path;
  request.device = *device_from_name(flags.device);
  request.extent = *probe_extent_from_name(flags.extent);
  request.optimizer = *optimizer_from_name(flags.optimizer);
  for (const std::string& text : flags.inputs) {
    Result<InputSpec> input = parse_input(text);
    if (!input) return input.error();
    request.inputs.push_back(std::move(*input));
  }
  if (flags.max_batch && !flags.cuda_snapshot.empty()) {
    return Error{ErrorCode::kUsage, "--cuda-snapshot: a search has many runs",
                 "record the batch that it finds: --batch N instead of --max-batch"};
  }
  if (flags.max_batch && request.extent == ProbeExtent::kLoad) {
    return Error{ErrorCode::kUsage, "--max-batch: loading takes no batch",
                 "add --phase forward or --phase train"};
  }
  request.bundled_inputs = flags.bundled_inputs;
  request.warm_ups = flags.warm_ups;
  request.limit_bytes = flags.limit_bytes;
  request.profiling_executor = flags.executor == "profiling";
  if (!flags.dtype.empty()) {
    request.dtype = dtype_from_name(flags.dtype);
    if (!request.dtype || !can_be_made(*request.dtype) || !info(*request.dtype).floating) {
      return Error{ErrorCode::kUsage, "--dtype: '" + flags.dtype + "' is no floating-point type",
                   "float32, float16, bfloat16 or float64"};
    }
  }
  for (const std::string& library : flags.libraries)
    request.libraries.push_back(std::filesystem::absolute(library).string());
  return request;
}

Result<Unit> refuse_idle_probe_flags(const CLI::App& command, const ProbeFlags& flags) {
  const bool loads = flags.extent == "load";
  const bool computed = device_from_name(flags.device)->is_meta();
  const struct {
    bool applies;
    std::vector<const char*> flags;
    const char* when;
  } rules[] = {
      {loads,
       {"--input", "--bundled-inputs", "--batch", "--seq", "--warm-up", "--executor", "--rows"},
       "with --phase load, which runs no forward"},
      {loads && !computed, {"--virtual-for"}, "with --phase load, which has no virtual run beside"},
      {flags.extent != "train", {"--optimizer"}, "without --phase train"},
      {!flags.virtual_run && !computed, {"--virtual-for"}, "with --no-virtual"},
      {!flags.modules, {"--rows"}, "with --no-modules"}};
  for (const auto& rule : rules) {
    if (!rule.applies) continue;
    if (auto done = refuse_idle(command, rule.flags, rule.when); !done) return done;
  }
  return Unit{};
}

void add_probe_flags(CLI::App& command, ProbeFlags& flags) {
  command
      .add_option("MODEL", flags.path,
                  "A TorchScript archive. Its code is RUN: only for files that you trust")
      ->required();
  command.add_option("-p,--phase", flags.extent, "How far to go: load, forward (default) or train")
      ->check(CLI::IsMember({"load", "forward", "train"}).description(""))
      ->type_name("PHASE");
  command
      .add_option("-i,--input", flags.inputs,
                  "An input, by position or name: [NAME=]SIZES[:DTYPE[:LOW..HIGH]], as "
                  "1x128:int64:0..50256; NAME[KEY]=… for an entry of a list or dict, "
                  "NAME=value:TEXT for what is no tensor. Repeatable; without it they are those "
                  "that the archive keeps, else inferred from its first layers")
      ->allow_extra_args(false)
      ->type_name("INPUT");
  command
      .add_flag("--bundled-inputs", flags.bundled_inputs,
                "Use the first input that torch.utils.bundled_inputs put into the archive")
      ->excludes("--input");
  command.add_option("--optimizer", flags.optimizer, "sgd, momentum, adam (default) or adamw")
      ->check(CLI::IsMember({"sgd", "momentum", "adam", "adamw"}).description(""))
      ->type_name("NAME");
  command
      .add_option(
          "--device", flags.device,
          "auto (default: the first CUDA device, else the CPU), cpu, cuda, cuda:N, or meta: "
          "computed, no operator of the model is executed")
      ->check([](const std::string& text) {
        return device_from_name(text) ? std::string()
                                      : "auto, cpu, cuda, cuda:N or meta, not " + text;
      })
      ->type_name("DEVICE");
  auto* batch =
      command.add_option("-b,--batch", flags.batches,
                         "First size of every input; several, as 1,2,4: one report for all");
  batch->delimiter(',')
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 40).description(""))
      ->excludes("--bundled-inputs")
      ->type_name("N[,N…]");
  command
      .add_flag("--max-batch", flags.max_batch,
                "Find the largest batch that fits the device or --limit, and run it and the next")
      ->excludes(batch)
      ->excludes("--bundled-inputs");
  command
      .add_option("-s,--seq", flags.sequences,
                  "Second size of every input that has two or more; several: each with each batch")
      ->delimiter(',')
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 40).description(""))
      ->excludes("--bundled-inputs")
      ->type_name("N[,N…]");
  command
      .add_option("--repeat", flags.repeats,
                  "Runs of each configuration, every one a process of its own; min, median and max "
                  "are shown")
      ->check(CLI::Range(1, 1000).description(""))
      ->capture_default_str();
  command
      .add_option("--warm-up", flags.warm_ups,
                  "Evaluation forwards before those that are measured, in each run")
      ->check(CLI::Range(0, 1000).description(""))
      ->type_name("N");
  command
      .add_option("--dtype", flags.dtype,
                  "Convert floating-point parameters, buffers and inputs to it first: float32, "
                  "float16, bfloat16, float64")
      ->type_name("DTYPE");
  command
      .add_option("--executor", flags.executor,
                  "plain (default), or profiling: LibTorch's optimising one, whose peaks change "
                  "from run to run")
      ->check(CLI::IsMember({"plain", "profiling"}).description(""))
      ->type_name("NAME");
  command
      .add_option("--load-library", flags.libraries,
                  "A shared library with the model's custom operators. Repeatable")
      ->check(CLI::ExistingFile.description(""))
      ->allow_extra_args(false)
      ->type_name("FILE.so");
  command
      .add_option("--virtual-for", flags.virtual_for,
                  "Whose kernels a virtual run stands for: cpu, cuda (by the rules in PyTorch's "
                  "source, not measured on a GPU), or auto, those of the device that is measured")
      ->check(CLI::IsMember({"auto", "cpu", "cuda"}).description(""))
      ->type_name("DEVICE");
  command.add_flag("!--no-virtual", flags.virtual_run,
                   "Leave out the virtual run, the prediction of activations");
  command.add_flag("!--no-formulas", flags.formulas,
                   "Leave out what the formulas predict of a transformer's activations");
  command
      .add_option_function<std::string>(
          "--limit",
          [&flags](const std::string& text) {
            const Result<std::int64_t> bytes = parse_bytes("--limit", text);
            if (!bytes) throw CLI::ValidationError(bytes.error().message);
            flags.limit_bytes = *bytes;
          },
          "Bytes of tensors that the model may take, a hard cap, as 24G or 1.5G. Suffixes: K, M, "
          "G, T; 0: none")
      ->type_name("SIZE");
  command.add_flag("!--no-modules", flags.modules,
                   "Leave out the second run, which books memory and FLOPs to modules");
  command
      .add_option("-n,--rows", flags.rows,
                  "Most modules to list, those with the highest peaks; 0: all")
      ->capture_default_str();
  command
      .add_option("--cuda-snapshot", flags.cuda_snapshot,
                  "Write what CUDA's allocator did in the first run to FILE, for PyTorch's memory "
                  "viewer. Only on a CUDA device")
      ->type_name("FILE");
  command
      .add_option("--timeout", flags.seconds_per_phase,
                  "Seconds that each phase of a run may take; 0: no limit (default: 600)")
      ->check(CLI::Range(0.0, 1e6).description(""));
  command
      .add_option(
          "--memory-limit", flags.memory_limit_bytes,
          "Memory of the host for the process that runs the model, in bytes or with K, M or "
          "G; 0: no limit (default: what the machine has; none on a GPU and for virtual runs)")
      ->transform(CLI::AsSizeValue(false).description(""))
      ->type_name("SIZE");
}

}  // namespace tally::cli
