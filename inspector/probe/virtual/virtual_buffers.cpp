#include <ATen/core/LegacyTypeDispatch.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/empty_strided.h>
#include <inspector/probe/attribution/operator_flops.h>
#include <inspector/probe/attribution/record_listeners.h>
#include <inspector/probe/backends/cpu_backend.h>
#include <inspector/probe/virtual/meta_backend.h>
#include <inspector/probe/virtual/virtual_buffers.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <string_view>
#include <unordered_map>

namespace tally::inspector {
namespace {

constexpr std::int64_t kMostAskedFlops = std::int64_t{1} << 31;  // tens of milliseconds on one core
constexpr std::int64_t kMostAskedBytes = std::int64_t{1} << 27;

using Arguments = c10::ArrayRef<const c10::IValue>;

enum class Kind { kProduct, kConvolution, kConvolutionBackward, kOther };

const std::unordered_map<std::string_view, Kind>& kinds() {
  static const std::unordered_map<std::string_view, Kind> table = {
      {"aten::mm", Kind::kProduct},
      {"aten::addmm", Kind::kProduct},
      {"aten::bmm", Kind::kProduct},
      {"aten::baddbmm", Kind::kProduct},
      {"aten::convolution", Kind::kConvolution},
      {"aten::_convolution", Kind::kConvolution},  // as traces call it
      {"aten::convolution_backward", Kind::kConvolutionBackward},
      {"aten::native_layer_norm_backward", Kind::kOther},
      {"aten::native_group_norm_backward", Kind::kOther},
      {"aten::_scaled_dot_product_flash_attention_for_cpu", Kind::kOther},
      {"aten::_scaled_dot_product_flash_attention_for_cpu_backward", Kind::kOther},
  };
  return table;
}

bool is_tensor(const c10::IValue& value) { return value.isTensor() && value.toTensor().defined(); }

bool is_half(const at::Tensor& tensor) {
  return tensor.scalar_type() == c10::kHalf || tensor.scalar_type() == c10::kBFloat16;
}

/// float32 products take no buffers from LibTorch's allocator.
bool takes_buffers(Kind kind, Arguments arguments) {
  if (kind != Kind::kProduct) return true;
  for (const c10::IValue& argument : arguments) {
    if (is_tensor(argument)) return is_half(argument.toTensor());
  }
  return false;
}

std::int64_t bytes_of(Arguments arguments) {
  std::int64_t bytes = 0;
  for (const c10::IValue& argument : arguments) {
    if (is_tensor(argument)) bytes += static_cast<std::int64_t>(argument.toTensor().nbytes());
  }
  return bytes;
}

std::string signature(const c10::OperatorName& name, Arguments arguments) {
  std::ostringstream text;
  text << name;
  for (const c10::IValue& argument : arguments) {
    text << ';';
    if (is_tensor(argument)) {
      const at::Tensor& tensor = argument.toTensor();
      text << tensor.scalar_type() << tensor.sizes() << tensor.strides();
    } else {
      text << argument;
    }
  }
  return text.str();
}

at::Tensor zeros_for(const at::Tensor& tensor) {
  return at::empty_strided(tensor.sizes(), tensor.strides(), tensor.options().device(c10::kCPU))
      .zero_();
}

/// The most in use while the CPU's kernel runs on zeros, its results included.
std::int64_t ask_cpu(const c10::OperatorName& name, Arguments arguments) {
  const auto op = c10::Dispatcher::singleton().findSchema(name);
  if (!op) return 0;
  const at::AutoDispatchBelowADInplaceOrView without_gradients;
  const at::DisableRecordFunctionGuard unobserved;
  c10::Stack stack;
  for (const c10::IValue& argument : arguments) {
    stack.push_back(is_tensor(argument) ? c10::IValue(zeros_for(argument.toTensor())) : argument);
  }
  const std::unique_ptr<MemoryBackend> cpu = make_cpu_backend();
  cpu->reset_peak();
  const std::int64_t before = cpu->read().current_bytes;
  op->callBoxed(stack);
  return cpu->read().peak_bytes - before;
}

/// What oneDNN takes for a convolution whose operands it brings into its own layout: the input, the
/// weights and the result, then the result again in the layout that was asked for; in backward, the
/// input's gradient as well.
std::int64_t reordered(Kind kind, Arguments arguments, std::int64_t flops) {
  const auto bytes = [&](std::size_t i) { return bytes_of(arguments.slice(i, 1)); };
  if (kind == Kind::kConvolution) {
    const at::Tensor weight = arguments[1].toTensor();
    const std::int64_t products = weight.numel() / weight.size(0);  // for each result
    const std::int64_t result =
        flops / 2 / std::max<std::int64_t>(products, 1) * weight.element_size();
    return std::max(bytes(0) + bytes(1) + result, 2 * result);
  }
  if (kind == Kind::kConvolutionBackward) return bytes(0) + 2 * bytes(1) + bytes(2);
  return 0;
}

}  // namespace

class CpuBuffers::Listener final : public RecordListener {
 public:
  explicit Listener(RecordListeners& listeners) : listeners_(listeners) { listeners_.add(*this); }
  ~Listener() override { listeners_.remove(*this); }

  /// Where the CPU's kernel refuses the arguments, too, it throws, and no buffers are taken.
  std::unique_ptr<at::ObserverContext> on_start(const at::RecordFunction& call) override {
    if (call.scope() != at::RecordScope::FUNCTION) return nullptr;
    const auto kind = kinds().find(call.name());
    const std::optional<c10::OperatorName> name = call.operator_name();
    if (kind == kinds().end() || !name || call.inputs().size() < call.num_inputs()) return nullptr;
    const Arguments arguments = call.inputs().slice(call.inputs().size() - call.num_inputs());
    if (takes_buffers(kind->second, arguments))
      take_for_a_moment(buffers(kind->second, *name, arguments, operator_flops(call).value_or(0)));
    return nullptr;
  }

 private:
  std::int64_t buffers(Kind kind, const c10::OperatorName& name, Arguments arguments,
                       std::int64_t flops) {
    if (flops > kMostAskedFlops || bytes_of(arguments) > kMostAskedBytes)
      return reordered(kind, arguments, flops);
    const auto [found, is_new] = known_.try_emplace(signature(name, arguments), 0);
    if (is_new) found->second = ask_cpu(name, arguments);
    return found->second;
  }

  RecordListeners& listeners_;
  std::unordered_map<std::string, std::int64_t> known_;
};

CpuBuffers::CpuBuffers(RecordListeners& listeners)
    : listener_(std::make_unique<Listener>(listeners)) {}

CpuBuffers::~CpuBuffers() = default;

}  // namespace tally::inspector
