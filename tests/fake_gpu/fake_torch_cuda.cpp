// libtorch_cuda.so: what registers itself with LibTorch when it is loaded. Operators run on the
// CPU.

#include <ATen/EmptyTensor.h>
#include <ATen/native/CPUFallback.h>
#include <ATen/ops/_fused_sdp_choice_native.h>
#include <ATen/ops/_local_scalar_dense_native.h>
#include <ATen/ops/_reshape_alias_native.h>
#include <ATen/ops/as_strided_native.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/set_native.h>
#include <ATen/ops/unfold_native.h>
#include <ATen/ops/view_native.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <tests/fake_gpu/fake_allocator.h>
#include <torch/library.h>

#include <string_view>

namespace fake_gpu {
namespace {

thread_local int this_device = 0;

class FakeGuard final : public c10::impl::DeviceGuardImplInterface {
 public:
  FakeGuard() = default;
  explicit FakeGuard(c10::DeviceType) {}
  c10::DeviceType type() const override { return c10::kCUDA; }
  c10::Device getDevice() const override { return device(this_device); }
  c10::Device exchangeDevice(c10::Device next) const override {
    const c10::Device before = getDevice();
    this_device = next.index();
    return before;
  }
  void setDevice(c10::Device next) const override { this_device = next.index(); }
  void uncheckedSetDevice(c10::Device next) const noexcept override { this_device = next.index(); }
  c10::Stream getStream(c10::Device on) const override {
    return c10::Stream(c10::Stream::DEFAULT, on);
  }
  c10::Stream exchangeStream(c10::Stream stream) const override {
    return c10::Stream(c10::Stream::DEFAULT, stream.device());
  }
  c10::DeviceIndex deviceCount() const noexcept override { return kDevices; }
  void synchronizeDevice(c10::DeviceIndex) const override {}
  void record(void**, const c10::Stream&, c10::DeviceIndex, c10::EventFlag) const override {}
  void block(void*, const c10::Stream&) const override {}
  bool queryEvent(void*) const override { return true; }
  void destroyEvent(void*, c10::DeviceIndex) const noexcept override {}

 private:
  static c10::Device device(int index) {
    return {c10::kCUDA, static_cast<c10::DeviceIndex>(index)};
  }
};
C10_REGISTER_GUARD_IMPL(CUDA, FakeGuard)

const bool allocator_is_set = [] {
  constexpr std::uint8_t kHighestPriority = 255;
  c10::SetAllocator(c10::kCUDA, &allocator(), kHighestPriority);
  return true;
}();

/// The same memory as a tensor of the CPU.
at::Tensor on_cpu(const at::Tensor& tensor) {
  if (tensor.is_cpu()) return tensor;
  return at::from_blob(tensor.data_ptr(), tensor.sizes(), tensor.strides(),
                       tensor.options().device(c10::kCPU));
}

constexpr c10::DispatchKeySet kKeys(c10::DispatchKey::CUDA);

at::Tensor empty(at::IntArrayRef size, std::optional<at::ScalarType> type,
                 std::optional<at::Layout>, std::optional<at::Device> device, std::optional<bool>,
                 std::optional<at::MemoryFormat> format) {
  const c10::DeviceGuard guard(c10::device_or_default(device));
  return at::detail::empty_generic(size, &allocator(), kKeys, c10::dtype_or_default(type), format);
}

at::Tensor empty_strided(at::IntArrayRef size, at::IntArrayRef stride,
                         std::optional<at::ScalarType> type, std::optional<at::Layout>,
                         std::optional<at::Device> device, std::optional<bool>) {
  const c10::DeviceGuard guard(c10::device_or_default(device));
  return at::detail::empty_strided_generic(size, stride, &allocator(), kKeys,
                                           c10::dtype_or_default(type));
}

const at::Tensor& resize_(const at::Tensor& self, at::IntArrayRef size,
                          std::optional<at::MemoryFormat>) {
  auto* const impl = self.unsafeGetTensorImpl();
  const auto bytes =
      static_cast<std::size_t>(c10::multiply_integers(size)) * impl->dtype().itemsize();
  if (bytes > impl->storage().nbytes()) {
    const c10::DeviceGuard guard(self.device());
    impl->set_storage_keep_dtype(c10::Storage(
        c10::make_intrusive<c10::StorageImpl>(c10::StorageImpl::use_byte_size_t(), bytes,
                                              allocator().allocate(bytes), &allocator(), true)));
  }
  impl->set_sizes_contiguous(size);
  return self;
}

at::Tensor& copy_(at::Tensor& self, const at::Tensor& from, bool) {
  on_cpu(self).copy_(on_cpu(from));
  return self;
}

at::Tensor copy_from_and_resize(const at::Tensor& from, const at::Tensor& to) {
  if (to.sizes() != from.sizes()) resize_(to, from.sizes(), std::nullopt);
  on_cpu(to).copy_(on_cpu(from));
  return to;
}

at::Scalar local_scalar(const at::Tensor& self) {
  return at::native::_local_scalar_dense_cpu(on_cpu(self));
}

std::int64_t attention_choice(const at::Tensor&, const at::Tensor&, const at::Tensor&,
                              const std::optional<at::Tensor>&, double, bool, std::optional<double>,
                              bool) {
  return 0;  // the math path
}

/// What cuBLAS keeps on each device between calls.
c10::DataPtr& workspace(int device) {
  static auto* const workspaces = new c10::DataPtr[kDevices];
  return workspaces[device];
}

void run_on_cpu(const c10::OperatorHandle& op, torch::jit::Stack* stack) {
  const std::string_view name = op.schema().name();
  for (const char* product : {"aten::mm", "aten::addmm", "aten::bmm", "aten::baddbmm"}) {
    if (name == product && !workspace(this_device))
      workspace(this_device) = allocator().allocate(kWorkspace);
  }
  at::native::cpu_fallback(op, stack);
}

TORCH_LIBRARY_IMPL(_, CUDA, m) {
  m.fallback(torch::CppFunction::makeFromBoxedFunction<&run_on_cpu>());
}

TORCH_LIBRARY_IMPL(aten, CUDA, m) {
  m.impl("empty.memory_format", &empty);
  m.impl("empty_strided", &empty_strided);
  m.impl("as_strided", &at::native::as_strided_tensorimpl);
  m.impl("view", &at::native::view);
  m.impl("_reshape_alias", &at::native::_reshape_alias);
  m.impl("unfold", &at::native::unfold);
  m.impl("resize_", &resize_);
  m.impl("set_.source_Storage_storage_offset", &at::native::set_storage_cpu_);
  m.impl("copy_", &copy_);
  m.impl("_copy_from_and_resize", &copy_from_and_resize);
  m.impl("_local_scalar_dense", &local_scalar);
  m.impl("_fused_sdp_choice", &attention_choice);
}

}  // namespace

int current_device() { return this_device; }
void set_current_device(int device) { this_device = device; }

}  // namespace fake_gpu

// The version of CUDA that the library is built for.
extern "C" int cudaRuntimeGetVersion(int* version) {
  *version = 13000;
  return 0;
}

namespace at::cuda {

void clearCublasWorkspaces() {
  for (int device = 0; device < fake_gpu::kDevices; ++device) fake_gpu::workspace(device).clear();
}

}  // namespace at::cuda
