// `audit --load`: LibTorch's own loading against what the audit read, and that a difference cannot
// pass.

#include <gtest/gtest.h>
#include <inspector/formats/registry.h>
#include <inspector/load/missing_symbols.h>
#include <inspector/load/verify_model.h>
#include <tests/run_torchtally.h>
#include <torch/headeronly/version.h>

#include <algorithm>
#include <functional>
#include <ostream>

namespace tally::tests {
namespace {

using namespace inspector;

std::string sample(const std::string& name) {
  return std::string(TORCHTALLY_SOURCE_DIR) + "/sample_models/" + name + ".pt";
}

// LibTorch refuses these two, as PyTorch says in the manifest and the recipes: an operator of
// torchvision's is not linked, and a ModuleDict key is a keyword of TorchScript's.
const std::map<std::string, std::string>& refused_by_libtorch() {
  static const std::map<std::string, std::string> refused {
    {"sample_models/detection_nms.pt", "torchvision::nms"},
        {"sample_models/keyword_keys.pt", "class"},
#if TORCH_VERSION_MAJOR > 2 || TORCH_VERSION_MINOR >= 15
        // LibTorch 2.15 takes a quint4x2 element for a byte and finds its storage too small; 2.11
        // loads it.
        {"sample_models/quantized_4bit.pt", "itemsize 1"},
#endif
  };
  return refused;
}

TEST(AuditLoad, LibTorchAgreesOnEverySampleThatItCanLoad) {
  std::vector<std::string> arguments{"audit", "--load", "-f", "json"};
  for (const std::string& path : sample_paths()) arguments.push_back(path);
  const Ran ran = run_torchtally(arguments);
  EXPECT_EQ(ran.exit_code, 4);  // some could not be checked
  const auto report = nlohmann::json::parse(ran.out);
  std::size_t agreed = 0;
  for (const auto& model : report.at("models")) {
    const std::string path = model.at("path");
    const auto& verification = model.at("verification");
    if (const auto refused = refused_by_libtorch().find(path);
        refused != refused_by_libtorch().end()) {
      EXPECT_EQ(verification.at("ran"), false) << path;
      EXPECT_NE(verification.at("error").at("message").get<std::string>().find(refused->second),
                std::string::npos)
          << verification;
      continue;
    }
    ASSERT_EQ(verification.at("ran"), true) << path << verification;
    EXPECT_EQ(verification.at("differences"), nlohmann::json::array()) << path;
    EXPECT_EQ(verification.at("tensors"), model.at("tensors").size()) << path;
    EXPECT_EQ(verification.at("modules"), model.at("modules").size()) << path;
    ++agreed;
  }
  EXPECT_EQ(agreed, sample_paths().size() - refused_by_libtorch().size());
}

/// Something that is not as in the file, and what has to be said of it.
struct Alteration {
  std::string name;
  std::string model;
  std::string tensor;  ///< "" for one that alters something else
  std::function<void(ModelSnapshot&, TensorRecord&)> alter;
  std::string expected;
};

void PrintTo(const Alteration& a, std::ostream* out) { *out << a.name; }

TensorRecord& tensor_called(ModelSnapshot& s, const std::string& name) {
  const auto found = std::find_if(s.tensors.begin(), s.tensors.end(),
                                  [&](const TensorRecord& t) { return full_name(s, t) == name; });
  if (found == s.tensors.end()) throw std::runtime_error("the sample has no tensor " + name);
  return *found;
}

class VerifyModel : public testing::TestWithParam<Alteration> {};

TEST_P(VerifyModel, ReportsTheAlterationAndNothingElse) {
  const Alteration& a = GetParam();
  Result<ModelSnapshot> snapshot = read_model(sample(a.model));
  ASSERT_TRUE(snapshot) << snapshot.error().message;
  const Result<Verification> before = verify_model(sample(a.model), *snapshot);
  ASSERT_TRUE(before) << before.error().message;
  EXPECT_TRUE(before->differences.empty()) << before->differences.front();
  TensorRecord none;
  a.alter(*snapshot, a.tensor.empty() ? none : tensor_called(*snapshot, a.tensor));
  const Result<Verification> after = verify_model(sample(a.model), *snapshot);
  ASSERT_TRUE(after) << after.error().message;
  EXPECT_EQ(after->differences, std::vector<std::string>{a.expected});
}

const std::string kOther = " differs from LibTorch's";

std::vector<Alteration> alterations() {
  return {
      Alteration{"Kind", "scripted_mlp", "fc1.weight",
                 [](auto&, auto& t) { t.kind = TensorKind::kBuffer; }, "fc1.weight: kind" + kOther},
      Alteration{"Dtype", "scripted_mlp", "fc1.weight",
                 [](auto&, auto& t) { t.view.dtype = Dtype::kInt32; },
                 "fc1.weight: dtype" + kOther},
      Alteration{"Size", "scripted_mlp", "fc1.weight",
                 [](auto&, auto& t) { std::swap(t.view.sizes[0], t.view.sizes[1]); },
                 "fc1.weight: size" + kOther},
      Alteration{"Elements", "scripted_mlp", "fc1.weight",
                 [](auto&, auto& t) { t.view.elements += 1; },
                 "fc1.weight: number of elements" + kOther},
      Alteration{"Stride", "scripted_mlp", "fc1.weight",
                 [](auto&, auto& t) { std::swap(t.view.strides[0], t.view.strides[1]); },
                 "fc1.weight: stride" + kOther},
      Alteration{"Offset", "views", "a", [](auto&, auto& t) { t.view.offset += 1; },
                 "a: storage offset" + kOther},
      Alteration{"RequiresGrad", "part_frozen_mlp", "fc1.weight",
                 [](auto&, auto& t) { t.requires_grad = !t.requires_grad; },
                 "fc1.weight: requires_grad" + kOther},
      Alteration{"Layout", "sparse_coo", "mask",
                 [](auto&, auto& t) { t.layout = Layout::kStrided; }, "mask: layout" + kOther},
      Alteration{
          "SharingTold", "scripted_mlp", "fc1.weight",
          [](auto& s, auto& t) { t.view.storage = tensor_called(s, "fc2.weight").view.storage; },
          "fc2.weight: sharing of storage" + kOther},
      Alteration{"SharingMissed", "views", "b",
                 [](auto& s, auto& t) { t.view.storage = StorageId(s.storages.size()); },
                 "b: sharing of storage" + kOther},
      Alteration{"ConstantSize", "frozen_cnn", "CONSTANTS.c0",
                 [](auto&, auto& t) { t.view.sizes.push_back(1); }, "CONSTANTS.c0: size" + kOther},
      Alteration{"PackedSize", "quantized_dynamic", "fc1._packed_params._packed_params[0]",
                 [](auto&, auto& t) { std::swap(t.view.sizes[0], t.view.sizes[1]); },
                 "fc1._packed_params._packed_params[0]: size" + kOther},
      Alteration{"TensorMissing", "scripted_mlp", "",
                 [](auto& s, auto&) { s.tensors.erase(s.tensors.begin()); },
                 "fc1.weight: only LibTorch has this tensor"},
      Alteration{"TensorExtra", "scripted_mlp", "",
                 [](auto& s, auto&) {
                   s.tensors.push_back(s.tensors.front());
                   s.tensors.back().name = "ghost";
                 },
                 "fc1.ghost: LibTorch has no such tensor"},
      Alteration{"ModuleExtra", "scripted_mlp", "",
                 [](auto& s, auto&) {
                   s.modules.push_back(s.modules.back());
                   s.modules.back().path = "ghost";
                 },
                 "ghost: LibTorch has no such module"},
      Alteration{"ModuleMissing", "quantized_static", "",
                 [](auto& s, auto&) { s.modules.pop_back(); },
                 "dequant: only LibTorch has this module"},
      Alteration{"Scale", "quantized_dynamic", "fc1._packed_params._packed_params[0]",
                 [](auto&, auto& t) { t.quantization->scale *= 2; },
                 "fc1._packed_params._packed_params[0]: scale" + kOther},
      Alteration{"ZeroPoint", "quantized_dynamic", "fc1._packed_params._packed_params[0]",
                 [](auto&, auto& t) { t.quantization->zero_point += 1; },
                 "fc1._packed_params._packed_params[0]: zero point" + kOther},
      Alteration{"Scheme", "quantized_per_channel", "conv.<state>[10]",
                 [](auto&, auto& t) { t.quantization->scheme = "per_tensor_affine"; },
                 "conv.<state>[10]: quantization scheme" + kOther},
      Alteration{"Axis", "quantized_per_channel", "conv.<state>[10]",
                 [](auto&, auto& t) { t.quantization->axis = 1; },
                 "conv.<state>[10]: axis of quantization" + kOther},
      Alteration{"NotQuantized", "quantized_buffers", "per_tensor",
                 [](auto&, auto& t) { t.quantization.reset(); },
                 "per_tensor: quantization scheme" + kOther},
      Alteration{"StoredValues", "sparse_csr", "graph",
                 [](auto&, auto& t) { t.parts.back().view.sizes[0] += 1; },
                 "graph: number of stored values" + kOther}};
}

INSTANTIATE_TEST_SUITE_P(Altered, VerifyModel, testing::ValuesIn(alterations()),
                         [](const auto& parameter) { return parameter.param.name; });

TEST(VerifyModelErrors, NamesTheOperatorThatIsMissing) {
  const Result<ModelSnapshot> snapshot = read_model(sample("detection_nms"));
  ASSERT_TRUE(snapshot);
  const Result<Verification> verification = verify_model(sample("detection_nms"), *snapshot);
  ASSERT_FALSE(verification);
  EXPECT_EQ(verification.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(verification.error().message.find("torchvision::nms"), std::string::npos)
      << verification.error().message;
}

// Packed objects among constants, MKLDNN's modules, names that look like keys: PyTorch loads all of
// these but what optimize_for_inference left without values.
TEST(AuditLoad, LibTorchAgreesOnFilesWhoseWeightsAreNoParameters) {
  const std::string folder =
      std::string(TORCHTALLY_SOURCE_DIR) + "/tests/inspector/hidden/archives/";
  for (const char* name :
       {"devices.pt", "engine.pt", "engine_frozen.pt", "frozen.pt", "frozen_kept.pt",
        "frozen_quantized.pt", "keys.pt", "mkldnn.pt", "mkldnn_traced.pt", "mobile.pt",
        "optimized_linear.pt", "packed_layouts.pt", "quantized.ptl", "traced_function.pt"}) {
    const std::string path = folder + name;
    const Result<ModelSnapshot> snapshot = read_model(path);
    ASSERT_TRUE(snapshot) << name;
    const Result<Verification> verification = verify_model(path, *snapshot);
    ASSERT_TRUE(verification) << name << ": " << verification.error().message;
    EXPECT_EQ(verification->differences, std::vector<std::string>()) << name;
    EXPECT_EQ(static_cast<std::size_t>(verification->tensors), snapshot->tensors.size()) << name;
  }
  const Result<ModelSnapshot> optimized = read_model(folder + "optimized.pt");
  ASSERT_TRUE(optimized);
  EXPECT_FALSE(verify_model(folder + "optimized.pt", *optimized));
}

// torch::jit::load stops at the first; a user wants to know which libraries to bring.
TEST(MissingSymbols, AreAllThatNobodyRegistered) {
  MissingSymbols missing;
  EXPECT_EQ(missing.text(), "");
  find_missing_symbols(
      "class M(Module):\n  engine : __torch__.torch.classes.tensorrt.Engine\n"
      "  packed : __torch__.torch.classes.quantized.LinearPackedParamsBase\n"
      "  def forward(self, x):\n    a = ops.torchvision.nms(x, x, 0.5)\n"
      "    b = ops.torchvision.roi_align(a)\n    c = ops.quantized.linear(b)\n"
      "    d = ops.prim.NumToTensor(3)\n    e = \"ops.my.text\"\n    f = ops.aten.relu(c)\n"
      "    return ops.torchvision.nms(f, f, 0.5)\n",
      missing);
  EXPECT_EQ(missing.text(),
            "; unknown here: the operators torchvision::nms, torchvision::roi_align and the class "
            "tensorrt.Engine");
}

TEST(MissingSymbols, AreCountedWhereTheyAreMany) {
  MissingSymbols missing;
  for (int i = 0; i < 23; ++i)
    find_missing_symbols("ops.my.f" + std::to_string(10 + i) + "()", missing);
  EXPECT_NE(missing.text().find("my::f29 and 3 more"), std::string::npos) << missing.text();
}

}  // namespace
}  // namespace tally::tests
