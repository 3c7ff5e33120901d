#include <gtest/gtest.h>
#include <inspector/formats/torchscript/findings/burnt_in.h>

#include <string>
#include <vector>

namespace tally::inspector {
namespace {

/// "what value method number line" of each.
std::vector<std::string> literals_of(std::string_view source) {
  std::vector<std::string> literals;
  read_burnt_in(source, [&](std::string_view what, std::string_view value, std::string_view method,
                            std::size_t number, std::size_t line) {
    literals.push_back(std::string(what) + " " + std::string(value) + " " + std::string(method) +
                       " " + std::to_string(number) + " " + std::to_string(line));
  });
  return literals;
}

// As torch.jit.trace of PyTorch 2.11 prints torch.arange and torch.zeros, on a GPU.
TEST(BurntIn, TellsDevicesAndFloatingTypes) {
  EXPECT_EQ(literals_of(R"py(class D(Module):
  __parameters__ = []
  def forward(self: __torch__.D,
    x: Tensor) -> Tensor:
    _1 = torch.arange(3, dtype=5, layout=None, device=torch.device("cuda:0"), pin_memory=False)
    return _1
  def other(self: __torch__.D) -> Tensor:
    return torch.zeros([3], dtype=15, layout=0, device=torch.device("cpu"))
)py"),
            (std::vector<std::string>{"dtype float16 forward 1 5", "device cuda:0 forward 1 5",
                                      "dtype bfloat16 other 2 8", "device cpu other 2 8"}));
}

TEST(BurntIn, AreNotIntegersComputedTypesAndTexts) {
  EXPECT_TRUE(literals_of(R"py(def f(x: Tensor) -> Tensor:
  _0 = torch.to(x, dtype=4, device=ops.prim.device(x))
  _1 = torch.zeros([3], dtype=ops.prim.dtype(x))
  _2 = "dtype=5, torch.device(\"cpu\")"
  return torch.device(_2)
)py")
                  .empty());
}

}  // namespace
}  // namespace tally::inspector
