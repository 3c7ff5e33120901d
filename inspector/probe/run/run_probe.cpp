#include <ATen/core/grad_mode.h>
#include <inspector/load/load_libraries.h>
#include <inspector/load/torch_error.h>
#include <inspector/probe/attribution/attribution.h>
#include <inspector/probe/attribution/record_listeners.h>
#include <inspector/probe/backends/cpu_backend.h>
#include <inspector/probe/backends/cuda_backend.h>
#include <inspector/probe/backends/cuda_snapshot.h>
#include <inspector/probe/backends/resident_memory.h>
#include <inspector/probe/inputs/probe_inputs.h>
#include <inspector/probe/run/model_error.h>
#include <inspector/probe/run/optimizer.h>
#include <inspector/probe/run/phase_meter.h>
#include <inspector/probe/run/predicted_parts.h>
#include <inspector/probe/run/run_probe.h>
#include <inspector/probe/virtual/meta_backend.h>
#include <inspector/probe/virtual/virtual_buffers.h>
#include <inspector/probe/virtual/virtual_model.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/csrc/jit/runtime/interpreter.h>

namespace tally::inspector {
namespace {

c10::Device torch_device(const Device& device) {
  if (device.is_meta()) return c10::kMeta;
  if (!device.is_cuda()) return c10::kCPU;
  return {c10::kCUDA, static_cast<c10::DeviceIndex>(device.index)};
}

/// The sum of the means of every floating-point output: a loss for any model.
at::Tensor loss_of(const c10::IValue& output) {
  at::Tensor loss;
  for (const at::Tensor& tensor : tensors_in(output)) {
    if (!tensor.is_floating_point() || !tensor.requires_grad()) continue;
    const at::Tensor mean = tensor.to(c10::kFloat).mean();
    loss = loss.defined() ? loss.add(mean) : mean;
  }
  return loss;
}

/// For a ledger that books no bytes: the phases' peaks stay their own.
class Unmetered final : public MemoryBackend {
 public:
  Device device() const override { return kMetaDevice; }
  MemoryReading read() override { return {}; }
  void reset_peak() override {}
  void set_limit(std::int64_t) override {}
  std::optional<Refusal> refusal() const override { return std::nullopt; }
  void forget_refusal() override {}
};

class Run {
 public:
  Run(const ProbeRequest& request, const PredictedParts& predicted, MemoryBackend& backend,
      RecordListeners& listeners, const PhaseCallback& on_phase)
      : request_(request),
        predicted_(predicted),
        backend_(backend),
        listeners_(listeners),
        device_(torch_device(backend.device())),
        on_phase_(on_phase),
        meter_(backend) {}

  Result<ProbeResult> run() {
    result_.used_device = backend_.device();
    const bool for_cuda = request_.virtual_target == VirtualTarget::kCuda;
    const char* const unmeasured = for_cuda ? "virtual (for cuda)" : "virtual";
    result_.kind = device_.is_meta() ? unmeasured : "measured on " + name(result_.used_device);
    backend_.set_limit(request_.limit_bytes);
    begin_resident();
    try {
      if (auto done = measure(); !done) return done.error();
    } catch (const std::exception& e) {
      if (announced_ == "weights" && !backend_.refusal()) return load_error(e);
      fail(e);
    }
    if (request_.attribute && ledger_) book();
    result_.phases = meter_.phases();
    result_.parts = parts();
    end_resident();
    return std::move(result_);
  }

 private:
  void announce(const char* name) {
    announced_ = name;
    result_.phases = meter_.phases();
    on_phase_(name, result_);
  }

  template <class Work>
  void phase(const char* name, const Work& work) {
    announce(name);
    meter_.begin(name);
    if (attribution_) ledger_->note_phase(name);
    work();
    meter_.end();
  }

  /// The process's memory, beside that of tensors.
  void begin_resident() {
    if (device_.is_meta()) return;
    result_.resident.emplace();
    const bool reset = reset_resident_peak();
    const auto now = read_resident();
    if (!now) return;
    result_.resident->baseline_bytes = now->now_bytes;
    if (!reset)
      result_.notes.emplace_back(
          "Resident memory at its peak is that of the process's "
          "life: the system lets it not be reset.");
  }

  void note_loaded() {
    const auto now = result_.resident ? read_resident() : std::nullopt;
    if (!now) return;
    result_.resident->loaded_bytes = now->now_bytes;
    result_.resident->load_peak_bytes = now->peak_bytes;
  }

  void end_resident() {
    const auto now = result_.resident ? read_resident() : std::nullopt;
    if (!now) return;
    result_.resident->end_bytes = now->now_bytes;
    result_.resident->peak_bytes = now->peak_bytes;
  }

  Result<Unit> measure() {
    phase("weights", [this] {
      model_ =
          device_.is_meta() ? load_virtual(request_.path) : load_for_probe(request_.path, device_);
      if (request_.dtype) convert_floating(model_, *scalar_type_of(*request_.dtype));
    });
    note_loaded();
    if (request_.extent == ProbeExtent::kLoad) return Unit{};
    announce("inputs");  // looking for them may run the model's code
    Result<InputPlan> plan = plan_inputs(request_, model_);
    if (!plan) return plan.error();
    plan_ = std::move(*plan);
    result_.inputs = plan_.specs;
    result_.input_source = plan_.source;
    phase("inputs", [this] { inputs_ = make_inputs(plan_, model_, device_); });
    fresh_inputs_ = state_of(inputs_);
    attempt([this] { evaluate(); });
    if (request_.extent == ProbeExtent::kTrain) attempt([this] { train(); });
    return Unit{};
  }

  /// Evaluation and training fail each alone.
  template <class Work>
  void attempt(const Work& work) {
    try {
      work();
    } catch (const std::exception& e) {
      fail(e);
    }
  }

  /// Ends what was going on.
  void fail(const std::exception& e) {
    ProbeFailure failure = failure_of(e, backend_.refusal(), announced_);
    backend_.forget_refusal();
    if (attribution_ && announced_ != "loss")  // which belongs to no module
      failure.module = attribution_->failed_module();
    attribution_.reset();
    take(std::move(failure));
  }

  /// The first failure is the run's; another one that follows is told where it is of another kind.
  void take(ProbeFailure failure) {
    if (!result_.failure) {
      result_.failure = std::move(failure);
    } else if (result_.failure->message != failure.message) {
      result_.notes.push_back("After that, " + failure.phase + " failed, too: " + failure.message);
    }
  }

  c10::IValue call() { return call_forward(model_, inputs_); }

  /// Outside of what is booked: only for a failure to name the module that ran.
  template <class Work>
  void watch(const Work& work) {
    if (!request_.attribute || attribution_) return work();
    unbooked_.emplace(backend_, meter_.baseline());
    attribution_ = std::make_unique<Attribution>(listeners_, model_, *unbooked_);
    work();
    attribution_.reset();
  }

  /// A phase that calls the model, with inputs as they were: a model may write into them.
  template <class Work>
  void calling_phase(const char* name, const Work& work) {
    if (state_of(inputs_) != fresh_inputs_) {
      inputs_.clear();
      inputs_ = make_inputs(plan_, model_, device_);
      fresh_inputs_ = state_of(inputs_);
      if (!noted_writing_)
        result_.notes.emplace_back("The model writes into its inputs: each call got them afresh.");
      noted_writing_ = true;
    }
    phase(name, work);
  }

  /// A virtual run always follows its modules, to name the one that it cannot run; callbacks cost
  /// it no memory.
  void attribute() {
    if (!request_.attribute && !device_.is_meta()) return;
    if (request_.attribute) {
      ledger_.emplace(backend_, meter_.baseline());
    } else {
      ledger_.emplace(unmetered_, 0);
    }
    attribution_ = std::make_unique<Attribution>(listeners_, model_, *ledger_);
  }

  void book() {
    result_.modules = ledger_->modules();
    result_.timeline = ledger_->timeline();
    result_.peak_module = ledger_->peak_module();
    result_.forward_flops = ledger_->flops(ModuleLedger::Direction::kForward);
    result_.backward_flops = ledger_->flops(ModuleLedger::Direction::kBackward);
  }

  void evaluate() {
    const at::NoGradGuard no_grad;
    set_training(model_, false);
    for (int i = 0; i < request_.warm_ups; ++i) {
      calling_phase("warm-up", [this] { watch([this] { call(); }); });
    }
    if (request_.extent == ProbeExtent::kForward || device_.is_meta()) attribute();
    c10::IValue output;
    calling_phase("evaluation forward", [&] { watch([&] { output = call(); }); });
    attribution_.reset();
  }

  void train() {
    parameters_ = trainable_parameters(model_);
    if (parameters_.empty())
      return untrainable("the model has no trainable parameter; freezing makes constants of them");
    set_training(model_, true);
    optimizer_ = make_optimizer(request_.optimizer, parameters_);
    attribute();
    {
      c10::IValue output;
      at::Tensor loss;
      calling_phase("training forward", [&] { output = call(); });
      phase("loss", [&] {
        loss = loss_of(output);
        output = c10::IValue();
      });
      if (!loss.defined()) return untrainable("no output of the model takes a gradient");
      phase("backward", [&] { loss.backward(); });
      attribution_.reset();
    }
    stepped_ = true;
    phase("optimizer first step", optimizer_.step);
    phase("optimizer steady step", optimizer_.step);
    calling_phase("steady training step", [&] {
      optimizer_.zero_grad();
      // The output is let go before backward, as in `loss(model(x)).backward()`.
      watch([this] {
        const at::Tensor loss = loss_of(call());
        loss.backward();
      });
      optimizer_.step();
    });
  }

  void untrainable(const char* why) {
    attribution_.reset();
    take({ProbeFailure::Kind::kUntrainable, "training forward", why, {}, {}, {}});
  }

  Error load_error(const std::exception& e) const {
    const std::string why = first_line(e);
    if (wants_library(why)) {
      return {ErrorCode::kUnavailable, "LibTorch cannot load it here: " + why,
              "models with custom operators need their library: --load-library FILE.so"};
    }
    if (device_.is_meta()) {
      return {ErrorCode::kUnavailable, "it cannot be loaded without its weights: " + why,
              "--device cpu reads them, and measures"};
    }
    return {ErrorCode::kUnavailable, "LibTorch cannot load it here: " + why,
            "load it where it was exported, with that PyTorch's version, and export it again"};
  }

  /// What was in use at the end of the last phase, part by part; "[other]" makes them add up.
  std::vector<MemoryPart> parts() const {
    if (meter_.phases().empty()) return {};
    std::vector<MemoryPart> parts{{"weights", predicted_.weights_bytes, storage_bytes(model_)}};
    if (!result_.inputs.empty())
      parts.push_back({"inputs", bytes_of(result_.inputs), input_bytes(inputs_)});
    if (stepped_) {
      parts.push_back({"gradients", predicted_.gradient_bytes, gradient_bytes(parameters_)});
      parts.push_back({"optimizer state", predicted_.state_bytes, optimizer_.state_bytes()});
    }
    std::int64_t other = meter_.phases().back().end_bytes;
    for (const MemoryPart& part : parts) other -= part.measured_bytes;
    parts.push_back({"[other]", std::nullopt, other});
    return parts;
  }

  const ProbeRequest& request_;
  const PredictedParts& predicted_;
  MemoryBackend& backend_;
  RecordListeners& listeners_;
  Unmetered unmetered_;
  const c10::Device device_;
  const PhaseCallback& on_phase_;
  PhaseMeter meter_;
  std::string announced_;  ///< the phase that began last
  ProbeResult result_;
  torch::jit::Module model_;
  InputPlan plan_;
  ModelInputs inputs_;
  InputState fresh_inputs_;
  bool noted_writing_ = false;
  std::vector<at::Tensor> parameters_;
  Optimizer optimizer_;
  bool stepped_ = false;  ///< backward came to its end: there are gradients
  std::optional<ModuleLedger> ledger_, unbooked_;
  std::unique_ptr<Attribution> attribution_;
};

Result<std::unique_ptr<MemoryBackend>> make_backend(const ProbeRequest& request) {
  if (request.device.is_meta()) return make_meta_backend(request.virtual_target);
  if (!request.device.is_cuda()) return make_cpu_backend();
  const int index = request.device.index;
  const Result<CudaDriver> driver = load_cuda(index, request.limit_bytes);
  if (!driver) return driver.error();
  return make_cuda_backend(*driver, index);
}

/// What Run finds, and, where asked for, a snapshot of the allocator while everything that the run
/// made is still there.
Result<ProbeResult> run_recorded(Run& run, const ProbeRequest& request) {
  if (!request.cuda_snapshot) return run.run();
  if (auto recording = record_cuda_history(); !recording) return recording.error();
  Result<ProbeResult> result = run.run();
  if (!result) return result;
  Result<std::string> snapshot = take_cuda_snapshot();
  if (!snapshot) return snapshot.error();
  result->cuda_snapshot = std::move(*snapshot);
  return result;
}

void prepare_executor(const ProbeRequest& request) {
  // With its optimisations on, peaks change from run to run while it profiles.
  torch::jit::setGraphExecutorOptimize(request.profiling_executor);
  // Else the interpreter turns out-of-memory errors into runtime errors without a type.
  FLAGS_torch_jit_enable_rethrow_caught_exception = true;
}

}  // namespace

Result<ProbeResult> run_probe(const ProbeRequest& request, const PhaseCallback& on_phase) try {
  if (!request.libraries.empty()) {
    ProbeResult nothing_yet;
    nothing_yet.used_device = request.device;
    on_phase("operator libraries", nothing_yet);
    if (auto loaded = load_libraries(request.libraries); !loaded) return loaded.error();
  }
  const Result<PredictedParts> predicted = predict_parts(request);
  if (!predicted) return predicted.error();
  ProbeRequest settled = request;
  if (request.device.is_auto()) settled.device = cuda_device(0);
  Result<std::unique_ptr<MemoryBackend>> backend = make_backend(settled);
  std::string reason;
  if (!backend && request.device.is_auto()) {
    reason = "skipped: no CUDA device: " + backend.error().message;
    backend = make_cpu_backend();
  }
  if (!backend) return backend.error();
  if (request.cuda_snapshot && !(*backend)->device().is_cuda()) {
    return Error{ErrorCode::kUnavailable,
                 "a snapshot is of CUDA's allocator, and this runs on " +
                     name((*backend)->device()) + (reason.empty() ? "" : " (" + reason + ")"),
                 "leave out --cuda-snapshot"};
  }
  prepare_executor(settled);
  RecordListeners listeners;
  std::optional<CpuBuffers> buffers;
  if (settled.device.is_meta() && settled.virtual_target == VirtualTarget::kCpu)
    buffers.emplace(listeners);
  Run run(settled, *predicted, **backend, listeners, on_phase);
  Result<ProbeResult> result = run_recorded(run, settled);
  if (result) result->reason = reason;
  return result;
} catch (const std::exception& e) {
  return Error{ErrorCode::kInternal, "the probe failed: " + first_line(e), "please report it"};
}

}  // namespace tally::inspector
