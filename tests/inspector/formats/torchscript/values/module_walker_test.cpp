#include <gtest/gtest.h>
#include <tests/inspector/formats/torchscript/values/module_walker_fixture.h>

namespace tally::inspector {
namespace {

using namespace tally::inspector::test;

// ------------------------------------------------------------------------------------------------------
// kinds and paths

TEST_F(ModuleWalkerTest, TellsKindsByTheDeclaration) {
  ClassDeclaration& cls = declare("M", "Module");
  cls.parameters = {"weight"};
  cls.buffers = {"mean"};
  cls.attributes = {
      {"weight", type("Tensor")}, {"mean", type("Tensor")}, {"other", type("Tensor")}};
  expect_walked(module("M", {text("weight"), floats("0", 3), text("mean"), floats("1", 3),
                             text("other"), floats("2", 3)}));
  EXPECT_EQ(tensors(), (Texts{"weight parameter", "mean buffer", "other attribute"}));
}

// named_buffers() of torch.jit.load(…) of PyTorch 2.11 leaves such a buffer out; a parameter it
// does not.
TEST_F(ModuleWalkerTest, CountsOptionalBuffersAsLibTorchDoes) {
  ClassDeclaration& cls =
      declare("M", "Module", {{"weight", "Optional[Tensor]"}, {"mean", "Optional[Tensor]"}});
  cls.parameters = {"weight"};
  cls.buffers = {"mean"};
  expect_walked(module("M", {text("weight"), floats("0", 3), text("mean"), floats("1", 3)}));
  EXPECT_EQ(tensors(), (Texts{"weight parameter", "mean attribute"}));
}

TEST_F(ModuleWalkerTest, NamesModulesByTheirPath) {
  declare("Inner", "Module").parameters = {"weight"};
  expect_walked(
      module("M", {text("h"),
                   module("List", {text("0"), module("Inner", {text("weight"), floats("0", 3)}),
                                   text("1"), module("Inner", {text("weight"), floats("1", 3)})}),
                   text("head"), module("Inner", {text("weight"), floats("2", 3)})}));
  EXPECT_EQ(modules(), (Texts{"", "h", "h.0", "h.1", "head"}));
  EXPECT_EQ(tensors(),
            (Texts{"h.0.weight parameter", "h.1.weight parameter", "head.weight parameter"}));
  EXPECT_FALSE(snapshot_.modules[0].parent.valid());
  EXPECT_EQ(snapshot_.modules[2].parent, ModuleId(1));
  EXPECT_EQ(snapshot_.modules[4].parent, ModuleId(0));
}

TEST_F(ModuleWalkerTest, KeepsWhatANameDeclaresToItsModule) {
  declare("Inner", "Module").parameters = {"weight"};
  expect_walked(module("M", {text("inner"), module("Inner", {text("weight"), floats("0", 3)}),
                             text("weight"), floats("1", 3)}));
  EXPECT_EQ(tensors(), (Texts{"inner.weight parameter", "weight attribute"}));
}

TEST_F(ModuleWalkerTest, FindsTensorsInListsTuplesAndDicts) {
  expect_walked(module(
      "M",
      {text("cache"), list({floats("0", 1), tuple({floats("1", 1), integer(3)})}), text("stats"),
       dict({text("mean"), floats("2", 1), integer(4), floats("3", 1), text("a\"b"),
             floats("5", 1)})}));
  EXPECT_EQ(tensors(),
            (Texts{"cache[0] attribute", "cache[1][0] attribute", "stats[\"mean\"] attribute",
                   "stats[4] attribute", "stats[\"a\\\"b\"] attribute"}));
}

TEST_F(ModuleWalkerTest, LooksThroughTypeTags) {
  const auto tagged = [](const std::string& value) {
    return call(global("torch.jit._pickle", "restore_type_tag"), {value, text("List[Tensor]")});
  };
  expect_walked(module(
      "M",
      {text("a"), tagged(list({floats("0", 1)})), text("b"), tagged(list({integer(5)})), text("c"),
       call(global("torch.jit._pickle", "build_tensorlist"), {list({floats("1", 1)})})}));
  EXPECT_EQ(tensors(), (Texts{"a[0] attribute", "c[0] attribute"}));
  EXPECT_EQ(snapshot_.modules[0].attributes, (std::vector<NamedLiteral>{{"b", "[5]"}}));
}

TEST_F(ModuleWalkerTest, WalksPlainClassesAsPartOfTheirModule) {
  declare("Counter", "");
  declare("Limits", "NamedTuple", {{"low", "Tensor"}});
  declare("M", "Module", {{"counter", "__torch__.Counter"}, {"limits", "__torch__.Limits"}});
  expect_walked(module(
      "M", {text("counter"), object("__torch__", "Counter", dict({text("total"), floats("0", 1)})),
            text("limits"), tuple({floats("1", 1)})}));
  EXPECT_EQ(modules(), (Texts{""}));
  EXPECT_EQ(tensors(), (Texts{"counter.total attribute", "limits[0] attribute"}));
}

TEST_F(ModuleWalkerTest, LeavesEnumsAlone) {
  declare("Colour", "Enum").members = {"2", "\"red\""};
  const auto colour = [](const std::string& value) {
    return module("M", {text("colour"), global("__torch__", "Colour") + value + "R", text("w"),
                        floats("1", 1)});
  };
  expect_walked(colour(integer(2)));
  EXPECT_EQ(tensors(), (Texts{"w attribute"}));
  for (const std::string& none : {integer(3), text("green"), text("2"), std::string("N")})
    EXPECT_NE(refusal(colour(none)).message.find("a member that __torch__.Colour has not"),
              std::string::npos);
  EXPECT_NE(refusal(colour(tuple({floats("0", 1)}))).message.find("does not write"),
            std::string::npos);
  declare("Colour", "");
  EXPECT_NE(refusal(colour(integer(2))).message.find("which is no Enum"), std::string::npos);
}

TEST_F(ModuleWalkerTest, WalksTheStateOfSetstateWithoutRunningIt) {
  declare_setstate("Table");
  expect_walked(
      module("M", {text("t"), object("__torch__", "Table",
                                     tuple({floats("0", 1), dict({text("w"), floats("1", 1)})}))}));
  EXPECT_EQ(modules(), (Texts{"", "t"}));
  EXPECT_EQ(tensors(), (Texts{"t.<state>[0] state", "t.<state>[1][\"w\"] state"}));
  // A dict that __setstate__ takes is no dict of attributes.
  expect_walked(
      module("M", {text("t"), object("__torch__", "Table", dict({text("w"), floats("0", 1)}))}));
  EXPECT_EQ(tensors(), (Texts{"t.<state>[\"w\"] state"}));
}

TEST_F(ModuleWalkerTest, NamesNumbersOfAStateAsSetstateStoresThem) {
  ClassDeclaration& cls = declare_setstate("Conv");
  cls.state_names = {{0, "groups"}, {1, "kernel_size"}, {2, "weight"}, {9, "beyond"}};
  expect_walked(module(
      "M", {text("conv"), object("__torch__", "Conv",
                                 tuple({"K\x02", tuple({"K\x03", "K\x05"}), floats("0", 1)}))}));
  EXPECT_EQ(snapshot_.modules.at(1).attributes,
            (std::vector<NamedLiteral>{{"groups", "2"}, {"kernel_size", "[3,5]"}}));
  EXPECT_EQ(tensors(), (Texts{"conv.<state>[2] state"}));
}

TEST_F(ModuleWalkerTest, TakesCustomClassesForPacked) {
  const std::string packed = object("__torch__.torch.classes.quantized", "LinearPackedParamsBase",
                                    tuple({floats("0", 1), floats("1", 1)}));
  declare_setstate("Linear").base = "";
  expect_walked(module("M", {text("fc"), module("Plain", {text("_packed_params"), packed})}));
  EXPECT_EQ(tensors(), (Texts{"fc._packed_params[0] packed", "fc._packed_params[1] packed"}));
  // Within a packed object, states stay packed; within a state, packed objects are packed.
  const std::string cell = object("__torch__.torch.classes.rnn", "CellParamsBase",
                                  tuple({object("__torch__", "Linear", tuple({floats("0", 1)}))}));
  declare("M", "Module");
  expect_walked(module("M", {text("cell"), cell}));
  EXPECT_EQ(tensors(), (Texts{"cell[0].<state>[0] packed"}));
  declare("M", "Module");
  expect_walked(
      module("M", {text("fc"), object("__torch__", "Linear", tuple({packed, floats("2", 1)}))}));
  EXPECT_EQ(tensors(),
            (Texts{"fc.<state>[0][0] packed", "fc.<state>[0][1] packed", "fc.<state>[1] state"}));
}

TEST_F(ModuleWalkerTest, WalksASharedModuleUnderEachOfItsPaths) {
  const std::string shared = module("Inner", {text("w"), floats("0", 3)});
  expect_walked(module("M", {text("a"), shared + "q\x01", text("b"), "h\x01", text("c"),
                             module("Inner", {text("w"), floats("0", 3)})}));
  EXPECT_EQ(modules(), (Texts{"", "a", "b", "c"}));
  EXPECT_EQ(tensors(), (Texts{"a.w attribute", "b.w attribute", "c.w attribute"}));
  EXPECT_FALSE(snapshot_.modules[1].same_as.valid());
  EXPECT_EQ(snapshot_.modules[2].same_as, ModuleId(1));
  EXPECT_FALSE(snapshot_.modules[3].same_as.valid());  // equal, but another object
}

TEST_F(ModuleWalkerTest, ShortensTypes) {
  expect_walked(object("__torch__.torch.nn.modules.linear.___torch_mangle_12", "Linear",
                       dict({text("k"), integer(1)})));
  EXPECT_EQ(snapshot_.modules[0].type, "torch.nn.modules.linear.Linear");
  expect_walked(object("other.___torch_mangle_0.x", "M\xff", dict({text("k"), integer(1)})));
  EXPECT_EQ(snapshot_.modules[0].type, "other.x.M\xef\xbf\xbd");
}

TEST_F(ModuleWalkerTest, KeepsNumbersAndTextsAsAttributes) {
  declare("M", "Module").constants = {{"in_features", "768"}};
  expect_walked(module("M", {text("training"), boolean(true),
                             text("eps"),      real(1e-05),
                             text("whole"),    real(2),
                             text("mode"),     text("zeros\n"),
                             text("kernel"),   integers({3, 5}),
                             text("big"),      integer(INT64_MAX),
                             text("none"),     "N",
                             text("mixed"),    tuple({integer(1), text("x")}),
                             text("long"),     text(std::string(201, 'x')),
                             text("nan"),      real(std::stod("nan"))}));
  EXPECT_EQ(snapshot_.modules[0].constants, (std::vector<NamedLiteral>{{"in_features", "768"}}));
  EXPECT_EQ(snapshot_.modules[0].attributes,
            (std::vector<NamedLiteral>{{"training", "true"},
                                       {"eps", "1e-05"},
                                       {"whole", "2"},
                                       {"mode", "\"zeros\\u000a\""},
                                       {"kernel", "[3,5]"},
                                       {"big", "9223372036854775807"},
                                       {"nan", "\"nan\""}}));
}

TEST_F(ModuleWalkerTest, MakesNamesValidText) {
  declare("M", "Module").parameters = {"w\xff"};
  expect_walked(module("M", {text("w\xff"), floats("0", 1)}));
  EXPECT_EQ(tensors(), (Texts{"w\xef\xbf\xbd parameter"}));
}

// -------------------------------------------------------------------------------------------------------------
// constants

TEST_F(ModuleWalkerTest, NumbersConstants) {
  expect_walked(module("M", {text("k"), integer(1)}));
  const std::string constants =
      whole(tuple({floats("0", 1), integer(3), text("x"), list({floats("1", 1)}), floats("2", 1)}));
  const Result<pickle::Pickle> p = pickle::read(constants);
  ASSERT_TRUE(p);
  ASSERT_TRUE(walker().walk_constants({*p, "constants.pkl", "constants/", ""}, kRoot));
  EXPECT_EQ(tensors(),
            (Texts{"CONSTANTS.c0 constant", "CONSTANTS.c3[0] constant", "CONSTANTS.c4 constant"}));
  EXPECT_EQ(snapshot_.storages[0].record, "constants/0");
}

TEST_F(ModuleWalkerTest, RefusesConstantsThatAreNoTuple) {
  expect_walked(module("M", {text("k"), integer(1)}));
  const std::string constants = whole("N");
  const Result<pickle::Pickle> p = pickle::read(constants);
  ASSERT_TRUE(p);
  const Result<Unit> done = walker().walk_constants({*p, "constants.pkl", "constants/", ""}, kRoot);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().message, "constants.pkl holds no tuple of constants");
}

// --------------------------------------------------------------------------------------------------------------
// refusals

TEST_F(ModuleWalkerTest, RefusesARootThatIsNoModule) {
  declare("Colour", "Enum");
  declare("Plain", "");
  const std::pair<std::string, std::string> roots[] = {
      {"N", "is no module"},
      {list({floats("0", 1)}), "is no module"},
      {floats("0", 1), "is no module"},
      {global("__torch__", "M"), "is no module"},
      {global("__torch__", "M") + ")\x81", "is an object without state"},
      {object("__torch__", "Colour", tuple({})), "which is a class of the kind Enum"},
      {object("__torch__", "Plain", dict({text("k"), integer(1)})), "which is no Module"}};
  for (const auto& [root, said] : roots) {
    const Error error = refusal(root);
    EXPECT_EQ(error.code, ErrorCode::kMalformed);
    EXPECT_EQ(error.message.rfind("data.pkl, byte ", 0), 0u) << error.message;
    EXPECT_NE(error.message.find(said), std::string::npos) << error.message;
  }
}

TEST_F(ModuleWalkerTest, PassesOnThatAClassIsUndeclared) {
  EXPECT_EQ(
      refusal(module("M", {text("x"), module("Undeclared", {text("w"), floats("0", 1)})})).message,
      "Undeclared is not declared");
}

TEST_F(ModuleWalkerTest, NamesTheTensorThatItRefuses) {
  const std::string bad = tensor(storage("FloatStorage", "0", 1), -1, {1}, {1});
  EXPECT_EQ(refusal(module("M", {text("h"),
                                 module("L", {text("0"), module("I", {text("w"), list({bad})})})}))
                .message,
            "data.pkl, byte 230: h.0.w[0] starts at the negative offset -1");
}

TEST_F(ModuleWalkerTest, PutsModelsOfAPackageBelowItsRoot) {
  ModuleNode root;
  root.type = "torch.package";
  snapshot_.modules.push_back(root);
  ModuleWalker w = walker();
  const std::string bytes = whole(module(
      "M", {text("w"), floats("0", 1), text("inner"), module("I", {text("w"), floats("1", 1)})}));
  const Result<pickle::Pickle> p = pickle::read(bytes);
  ASSERT_TRUE(p);
  declare_what_is_held(*p);
  for (const char* path : {"ts_code/0", "ts_code/1"}) {
    ASSERT_TRUE(w.walk_model({*p, "data.pkl", "data/", path}, kRoot));
  }
  EXPECT_EQ(modules(), (Texts{"", "ts_code/0", "ts_code/0.inner", "ts_code/1", "ts_code/1.inner"}));
  EXPECT_EQ(snapshot_.modules[3].parent, ModuleId(0));
  EXPECT_FALSE(snapshot_.modules[3].same_as.valid());
  EXPECT_EQ(tensors()[3], "ts_code/1.inner.w attribute");
}

}  // namespace
}  // namespace tally::inspector
