#include <gtest/gtest.h>
#include <inspector/formats/torchscript/findings/code_risks.h>

#include <vector>

namespace tally::inspector {
namespace {

std::vector<CodeRisk> risks_of(std::string_view source) {
  std::vector<CodeRisk> risks;
  read_code_risks(source, [&risks](CodeRisk risk) { risks.push_back(std::move(risk)); });
  return risks;
}

/// "code subject" of the only risk.
std::string only(std::string_view source) {
  const auto risks = risks_of(source);
  return risks.size() == 1 ? risks[0].code + " " + risks[0].subject
                           : std::to_string(risks.size()) + " risks";
}

// As torch.jit.save of PyTorch 2.11 prints a scripted module whose forward saves its input.
constexpr const char* kSaves = R"(class M(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  def forward(self: __torch__.M,
    x: Tensor) -> Tensor:
    torch.save(x, "victim.txt")
    return torch.add(x, 1)
)";

TEST(CodeRisks, TellsAnOperatorThatWritesAFileWithItsPlace) {
  const auto risks = risks_of(kSaves);
  ASSERT_EQ(risks.size(), 1U);
  EXPECT_EQ(risks[0].code, "unsafe-operator");
  EXPECT_EQ(risks[0].subject, "aten::save");
  EXPECT_EQ(risks[0].why, "writes a file");
  EXPECT_EQ(risks[0].method, "forward");
  EXPECT_EQ(risks[0].line, 7U);
}

TEST(CodeRisks, TellsOperatorsThatReachOut) {
  EXPECT_EQ(only("  y = torch.from_file(\"f\", True, 4)\n"), "unsafe-operator aten::from_file");
  EXPECT_EQ(only("  y = ops.aten.save(x, \"f\")\n"), "unsafe-operator aten::save");
  EXPECT_EQ(only("  y = ops.prim.rpc_sync(a, b)\n"), "unsafe-operator prim::rpc_sync");
  EXPECT_EQ(only("  y = ops.c10d.allreduce_(x)\n"), "unsafe-operator c10d::allreduce_");
  EXPECT_EQ(only("  y = ops.image.write_file(\"f\", x)\n"), "unsafe-operator image::write_file");
  EXPECT_EQ(only("  y = ops.torchaudio.sox_io_load_audio_file(\"f\")\n"),
            "unsafe-operator torchaudio::sox_io_load_audio_file");
}

TEST(CodeRisks, TellsWhatIsNotPyTorchs) {
  EXPECT_EQ(only("  y = ops.torchvision.nms(a, b, 0.5)\n"), "unknown-operator torchvision::nms");
  EXPECT_EQ(only("  y = ops.tensorrt.execute_engine([x], e)\n"),
            "unknown-operator tensorrt::execute_engine");
  EXPECT_EQ(only("  engine : __torch__.torch.classes.tensorrt.Engine\n"),
            "unknown-class tensorrt.Engine");
}

TEST(CodeRisks, HaveASubjectInBrokenSourceToo) {
  EXPECT_EQ(only("  x : __torch__.torch.classes.\n"), "unknown-class __torch__.torch.classes.");
  EXPECT_EQ(only("  def __setstate__(self, s):\n"), "state-code def");
}

TEST(CodeRisks, TellsCodeThatRunsOnLoading) {
  EXPECT_EQ(only("class A(Module):\n  def __setstate__(self, state: int) -> NoneType:\n"),
            "state-code A");
}

TEST(CodeRisks, AreNotPyTorchsOwnOperators) {
  for (const char* line :
       {"  y = torch.add(x, 1)\n", "  y = ops.prim.NumToTensor(n)\n",
        "  y = ops.quantized.linear(x, p, 0.1, 0)\n", "  y = ops.aten.add(x, 1)\n",
        "  p : __torch__.torch.classes.quantized.LinearPackedParamsBase\n",
        "  y = torch.save_me(x)\n", "  y = self.ops.image.write_file\n",
        "  class_ = \"def __setstate__\"\n"})
    EXPECT_EQ(only(line), "0 risks") << line;
}

TEST(CodeRisks, AreNotInStringsAndComments) {
  EXPECT_EQ(only("  s = \"ops.image.write_file(torch.save(\"\n  # torch.save(x)\n"), "0 risks");
}

}  // namespace
}  // namespace tally::inspector
