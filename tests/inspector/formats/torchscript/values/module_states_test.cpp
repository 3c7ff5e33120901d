// States and declarations that differ.
#include <gtest/gtest.h>
#include <tests/inspector/formats/torchscript/values/module_walker_fixture.h>

namespace tally::inspector {
namespace {

using namespace tally::inspector::test;

// What LibTorch does with each was tried with torch.jit.load of 2.11: it takes attributes by their
// names and ignores others, keeps the last of two, and counts modules where one is declared.
TEST_F(ModuleWalkerTest, RefusesStatesThatAreNotWhatIsDeclared) {
  const std::string w = floats("0", 1), n = object("__torch__", "N", dict({text("v"), w}));
  const struct {
    std::vector<std::pair<std::string, std::string>> declared;
    Values state;
    const char* said;
  } cases[] = {
      {{{"w", "Tensor"}}, {text("w"), w, text("x"), w}, "holds \"x\" as attribute 2"},
      {{{"w", "Tensor"}}, {text("w"), w, text("w"), w}, "holds \"w\" as attribute 2"},
      {{{"w", "Tensor"}, {"x", "Tensor"}}, {text("w"), w}, "holds none as attribute 2"},
      {{{"w", "Tensor"}, {"x", "Tensor"}},
       {text("x"), w, text("w"), w},
       "holds \"x\" as attribute 1, where its class declares \"w\""},
      {{{"w", "Tensor"}}, {integer(1), w}, "holds an int as attribute 1"},
      {{{"w", "Tensor"}}, {text("w"), "N"}, "w is None, yet its class declares Tensor"},
      {{{"w", "List[Tensor]"}},
       {text("w"), w},
       "w is a Tensor, yet its class declares List[Tensor]"},
      {{{"w", "List[Tensor]"}}, {text("w"), list({integer(1)})}, "w[0] is an int"},
      {{{"w", "Dict[str, int]"}},
       {text("w"), dict({integer(1), integer(1)})},
       "has an int as a key"},
      {{{"w", "Dict[str, int]"}},
       {text("w"), dict({text("a"), integer(1), text("a"), integer(2)})},
       "w has a key twice"},
      {{{"w", "__torch__.N"}}, {text("w"), w}, "w is a Tensor, yet its class declares __torch__.N"},
      {{{"w", "__torch__.N"}},
       {text("w"), call(global("torch", "device"), {text("cpu")})},
       "w is a call, yet its class declares __torch__.N"},
      {{{"w", "Tuple[int, int]"}}, {text("w"), tuple({integer(1)})}, "w is a tuple"},
      {{{"n", "Tensor"}}, {text("n"), n}, "n is an object, yet its class declares Tensor"},
      {{{"n", "Any"}}, {text("n"), n}, "n is a module where PyTorch counts none"},
      {{{"n", "Optional[__torch__.N]"}}, {text("n"), n}, "n is a module where PyTorch counts none"},
      {{{"n", "List[__torch__.N]"}}, {text("n"), list({n})}, "n[0] is a module where PyTorch"},
      {{{"n", "__torch__.Other"}},
       {text("n"), n},
       "n is of class __torch__.N, yet its class declares"},
  };
  for (const auto& row : cases) {
    declare("M", "Module", row.declared);
    const Error error = refusal(module("M", row.state));
    EXPECT_EQ(error.code, ErrorCode::kMalformed);
    EXPECT_NE(error.message.find(row.said), std::string::npos) << error.message;
  }
}

TEST_F(ModuleWalkerTest, TakesAnyModuleWhereAnInterfaceIsDeclared) {
  declare("Shape", "ModuleInterface");
  declare("M", "Module", {{"n", "__torch__.Shape"}});
  declare("N", "Module").parameters = {"v"};
  expect_walked(module("M", {text("n"), module("N", {text("v"), floats("0", 1)})}));
  EXPECT_EQ(tensors(), (Texts{"n.v parameter"}));
}

TEST_F(ModuleWalkerTest, RefusesSetstateThatWouldMakeParameters) {
  const std::string value =
      module("M", {text("t"), object("__torch__", "Table", tuple({floats("0", 1)}))});
  declare_setstate("Table").parameters = {"w"};
  EXPECT_NE(refusal(value).message.find("known only when it is run"), std::string::npos);
  declare_setstate("Table").parameters = {};
  expect_walked(value);
  declare("Child", "Module");
  declare_setstate("Table").attributes.push_back({"child", type("__torch__.Child")});
  EXPECT_NE(refusal(value).message.find("known only when it is run"), std::string::npos);
}

TEST_F(ModuleWalkerTest, RefusesCallsThatPyTorchDoesNotWrite) {
  for (const std::string& value :
       {call(global("collections", "OrderedDict"), {list({floats("0", 1)})}),
        call(global("collections", "OrderedDict"), {}),
        call(global("torch", "device"), {floats("0", 1)}),
        call(global("posix", "system"), {text("id")}),
        call(global("torch.jit._pickle", "restore_type_tag"), {list({})})}) {
    const Error error = refusal(module("M", {text("x"), value}));
    EXPECT_NE(error.message.find("which torch.jit.save does not write"), std::string::npos)
        << error.message;
  }
  expect_walked(module("M", {text("x"), call(global("torch", "device"), {text("cpu")})}));
}

}  // namespace
}  // namespace tally::inspector
