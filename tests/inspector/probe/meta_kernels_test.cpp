// Every kernel that torchtally adds to the meta device, against LibTorch's own CPU kernel: the
// results must have the same sizes, types and strides, for several sets of arguments each.

#include <ATen/core/LegacyTypeDispatch.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_strided.h>
#include <ATen/ops/full.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>
#include <inspector/probe/virtual/meta_backend.h>
#include <tests/inspector/probe/meta_kernel_cases.h>
#include <torch/csrc/autograd/function.h>
#include <torch/library.h>

#include <algorithm>
#include <map>
#include <sstream>

namespace tally::inspector {
namespace {

const MetaKernelCases& cases() {
  static const auto* const kAll = [] {
    auto* all = new MetaKernelCases(element_cases());
    all->merge(layer_cases());
    return all;
  }();
  return *kAll;
}

c10::OperatorHandle find(const std::string& op) {
  const std::size_t dot = op.find('.');
  return c10::Dispatcher::singleton().findSchemaOrThrow(
      ("aten::" + op.substr(0, dot)).c_str(),
      dot == std::string::npos ? "" : op.substr(dot + 1).c_str());
}

IValue on(c10::DeviceType device, const IValue& value) {
  if (!value.isTensor() || !value.toTensor().defined()) return value;
  const at::Tensor tensor = value.toTensor();
  at::Tensor copy =
      at::empty_strided(tensor.sizes(), tensor.strides(), tensor.options().device(device));
  if (device == c10::kCPU) copy.copy_(tensor);
  return copy;
}

c10::Stack call(const std::string& op, const Arguments& given, c10::DeviceType device) {
  const c10::OperatorHandle handle = find(op);
  const auto& wanted = handle.schema().arguments();
  c10::Stack stack;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    stack.push_back(i < given.size() ? on(device, given[i])
                                     : wanted[i].default_value().value_or(IValue()));
  }
  const at::AutoDispatchBelowADInplaceOrView without_gradients;
  handle.callBoxed(stack);
  return stack;
}

std::string layout(const IValue& value) {
  std::ostringstream text;
  if (!value.isTensor()) return "not a tensor";
  const at::Tensor& tensor = value.toTensor();
  if (!tensor.defined()) return "undefined";
  text << tensor.scalar_type() << ' ' << tensor.sizes() << " strides";
  for (std::int64_t i = 0; i < tensor.dim(); ++i) {
    if (tensor.size(i) > 1) text << ' ' << tensor.stride(i);
  }
  return text.str();
}

class MetaKernels : public testing::Test {
 protected:
  static void SetUpTestSuite() { make_meta_backend(VirtualTarget::kCpu); }
};

// A later LibTorch may have a kernel where we have one: here, one of this test stands in for it,
// registered before ours.
constexpr const char* kTaken = "_sample_dirichlet";
constexpr std::int64_t kMark = 77;
at::Tensor theirs(const at::Tensor& x, std::optional<at::Generator>) {
  return at::empty({kMark}, x.options());
}
TORCH_LIBRARY_IMPL(aten, Meta, m) { m.impl(kTaken, TORCH_FN(theirs)); }

TEST_F(MetaKernels, LeaveAKernelThatLibTorchHas) {
  const std::vector<std::string>& ours = supplied_meta_kernels();
  EXPECT_EQ(std::count(ours.begin(), ours.end(), kTaken), 0);
  EXPECT_EQ(call(kTaken, {real({2, 3})}, c10::kMeta).at(0).toTensor().size(0), kMark);
  EXPECT_EQ(std::count(ours.begin(), ours.end(), "add.Tensor"), 0);
  EXPECT_EQ(std::count(ours.begin(), ours.end(), "relu"), 1);
}

TEST_F(MetaKernels, GiveTheLayoutsOfTheCpusKernels) {
  for (const auto& [op, sets] : cases()) {
    for (std::size_t i = 0; i < sets.size() && op != kTaken; ++i) {
      SCOPED_TRACE(op + ", arguments " + std::to_string(i));
      try {
        const c10::Stack cpu = call(op, sets[i], c10::kCPU), meta = call(op, sets[i], c10::kMeta);
        ASSERT_EQ(cpu.size(), meta.size());
        for (std::size_t k = 0; k < cpu.size(); ++k)
          EXPECT_EQ(layout(meta[k]), layout(cpu[k])) << "result " << k;
      } catch (const std::exception& e) {
        ADD_FAILURE() << std::string(e.what()).substr(0, 300);
      }
    }
  }
}

TEST_F(MetaKernels, AreEachHeldAgainstTheCpuWithSeveralArguments) {
  for (const std::string& op : supplied_meta_kernels()) {
    if (op.rfind("_overrideable") == std::string::npos &&
        !find(op).hasKernelForDispatchKey(c10::DispatchKey::CPU)) {
      EXPECT_EQ(op.rfind("_scaled_dot_product_", 0), 0u) << op;
      continue;  // only CUDA has it: CudaAttention
    }
    const std::size_t ending =
        op.find("_overrideable");  // the operator of plain backends has no such ending
    const auto found = cases().find(op.substr(0, ending));
    ASSERT_NE(found, cases().end()) << op;
    EXPECT_GE(found->second.size(), 2u) << op;
  }
}

// Which kernel CUDA takes: cases by PyTorch 2.11's transformers/cuda/sdp_utils.cpp, for compute
// capability 8.0.
struct AttentionCase {
  const char* why;
  c10::ScalarType type;
  Sizes query, key;
  bool masked, causal, grouped;
  const char* kernel;  ///< empty: the math path
};

TEST_F(MetaKernels, TakeTheAttentionThatCudaTakes) {
  make_meta_backend(VirtualTarget::kCuda);
  const char *const flash = "_scaled_dot_product_flash_attention",
                    *const efficient = "_scaled_dot_product_efficient_attention", *const math = "";
  const AttentionCase table[] = {
      {"half precision", c10::kHalf, {2, 4, 16, 64}, {2, 4, 16, 64}, false, false, false, flash},
      {"causal", c10::kBFloat16, {2, 4, 16, 64}, {2, 4, 16, 64}, false, true, false, flash},
      {"a mask", c10::kHalf, {2, 4, 16, 64}, {2, 4, 16, 64}, true, false, false, efficient},
      {"float32", c10::kFloat, {2, 4, 16, 64}, {2, 4, 16, 64}, false, false, false, efficient},
      {"float64", c10::kDouble, {2, 4, 16, 64}, {2, 4, 16, 64}, false, false, false, math},
      {"wider than 256",
       c10::kHalf,
       {2, 4, 16, 264},
       {2, 4, 16, 264},
       false,
       false,
       false,
       efficient},
      {"a width of no 16 bytes",
       c10::kFloat,
       {2, 4, 16, 6},
       {2, 4, 16, 6},
       false,
       false,
       false,
       math},
      {"a width that flash pads",
       c10::kHalf,
       {2, 4, 16, 20},
       {2, 4, 16, 20},
       false,
       false,
       false,
       flash},
      {"causal, not square",
       c10::kHalf,
       {2, 4, 8, 64},
       {2, 4, 16, 64},
       false,
       true,
       false,
       efficient},
      {"grouped queries", c10::kHalf, {2, 4, 16, 64}, {2, 2, 16, 64}, false, false, true, flash},
      {"grouped queries in float32",
       c10::kFloat,
       {2, 4, 16, 64},
       {2, 2, 16, 64},
       false,
       false,
       true,
       math},
      {"three dimensions", c10::kHalf, {4, 16, 64}, {4, 16, 64}, false, false, false, math},
  };
  for (const AttentionCase& c : table) {
    const at::TensorOptions options = at::TensorOptions().dtype(c.type).device(c10::kMeta);
    const at::Tensor q = at::empty(c.query, options).requires_grad_(),
                     k = at::empty(c.key, options);
    std::optional<at::Tensor> mask;
    if (c.masked)
      mask = at::empty({c.query[c.query.size() - 2], c.key[c.key.size() - 2]},
                       options.dtype(c10::kBool));
    const at::Tensor out =
        at::scaled_dot_product_attention(q, k, k, mask, 0.0, c.causal, std::nullopt, c.grouped);
    EXPECT_EQ(out.sizes().vec(), c.query) << c.why;
    std::string nodes;  // the gradient's, back to the kernel's
    for (const auto* node = out.grad_fn().get(); node != nullptr;
         node = node->num_outputs() > 0 ? node->next_edge(0).function.get() : nullptr)
      nodes += node->name() + " ";
    EXPECT_EQ(nodes.find("FlashAttention") != std::string::npos, c.kernel == flash)
        << c.why << ": " << nodes;
    EXPECT_EQ(nodes.find("EfficientAttention") != std::string::npos, c.kernel == efficient)
        << c.why << ": " << nodes;
  }
  make_meta_backend(VirtualTarget::kCpu);
}

TEST_F(MetaKernels, KeepWhatCudasAttentionKeeps) {
  const std::unique_ptr<MemoryBackend> meta = make_meta_backend(VirtualTarget::kCuda);
  constexpr std::int64_t kBatch = 2, kHeads = 4, kLength = 48, kWidth = 64,
                         kResult = kBatch * kHeads * kLength * kWidth;
  for (const c10::ScalarType type : {c10::kHalf, c10::kFloat}) {
    const at::Tensor q = at::empty({kBatch, kHeads, kLength, kWidth},
                                   at::TensorOptions().dtype(type).device(c10::kMeta))
                             .requires_grad_();
    const std::int64_t before = meta->read().current_bytes;
    const at::Tensor out = at::scaled_dot_product_attention(q, q, q);
    const std::int64_t kept = meta->read().current_bytes - before;
    if (type == c10::kHalf) {
      EXPECT_EQ(kept, kResult * 2 + kBatch * kHeads * kLength * 4 +
                          3 * 8);  // flash: sums of rows in float, seed and offset, one unused
    } else {
      EXPECT_EQ(kept, kResult * 4 + kBatch * kHeads * 64 * 4 +
                          2 * 8);  // efficient: sums of rows padded to 32, seed and offset
    }
  }
  make_meta_backend(VirtualTarget::kCpu);
}

}  // namespace
}  // namespace tally::inspector
