// Names of many layers as one: ranges, gaps, and how many more there are. Counted here by hand.
#include <app/compare/folded_names.h>
#include <gtest/gtest.h>

namespace tally::app {
namespace {

/// A model whose tensors have these full names.
struct Named {
  inspector::ModelSnapshot snapshot;
  std::vector<TensorId> tensors;

  explicit Named(const std::vector<std::string>& names) {
    for (const std::string& name : names) {
      const auto dot = name.rfind('.');
      inspector::ModuleNode module;
      module.path = dot == std::string::npos ? "" : name.substr(0, dot);
      inspector::TensorRecord tensor;
      tensor.module = ModuleId(snapshot.modules.size());
      tensor.name = dot == std::string::npos ? name : name.substr(dot + 1);
      snapshot.modules.push_back(std::move(module));
      tensors.emplace_back(snapshot.tensors.size());
      snapshot.tensors.push_back(std::move(tensor));
    }
  }
  std::string text(std::size_t most = 0) const {
    return folded_names_text(snapshot, tensors, most);
  }
};

TEST(FoldedNames, AreARangeOfConsecutiveNumbers) {
  EXPECT_EQ(Named({"h.0.w", "h.1.w", "h.2.w"}).text(), "h.[0-2].w");
  EXPECT_EQ(Named({"h.3.w"}).text(), "h.3.w");
  EXPECT_EQ(Named({"h.0.w", "h.2.w"}).text(), "h.[0,2].w");
  EXPECT_EQ(Named({"h.0.w", "h.2.w", "h.3.w", "h.7.w"}).text(), "h.[0,2-3,7].w");
}

TEST(FoldedNames, AreSortedAsNumbersWhateverTheFilesOrder) {
  EXPECT_EQ(Named({"h.10.w", "h.2.w", "h.3.w"}).text(), "h.[2-3,10].w");
}

TEST(FoldedNames, NameANumberOnce) {
  Named twice({"h.0.e.0.p.0.w", "h.0.e.0.p.1.w"});
  twice.tensors.insert(twice.tensors.begin(), twice.tensors.front());
  EXPECT_EQ(twice.text(), "h.0.e.0.p.[0-1].w");
}

TEST(FoldedNames, FoldExpertsAndThenLayers) {
  EXPECT_EQ(Named({"h.0.e.0.w", "h.0.e.1.w", "h.1.e.0.w", "h.1.e.1.w"}).text(),
            "h.[0-1].e.[0-1].w");
  // Two experts of one layer beside one of another: the layer is named once.
  EXPECT_EQ(Named({"h.0.e.0.w", "h.0.e.1.w", "h.1.e.0.w"}).text(), "h.0.e.[0-1].w, h.1.e.0.w");
}

TEST(FoldedNames, KeepNamesWithoutNumbersAndNumbersThatAreTooLong) {
  EXPECT_EQ(Named({"wte.weight", "ln.weight"}).text(), "wte.weight, ln.weight");
  const std::string digits(40, '9');
  EXPECT_EQ(Named({"h." + digits + ".w"}).text(), "h." + digits + ".w");
  EXPECT_EQ(Named({"h.999999998.w", "h.999999999.w"}).text(), "h.[999999998-999999999].w");
}

TEST(FoldedNames, SayHowManyMoreThereAre) {
  const Named five({"a.w", "b.w", "c.w", "d.w", "e.w"});
  EXPECT_EQ(five.text(3), "a.w, b.w, c.w, … 2 more");
  EXPECT_EQ(five.text(4), "a.w, b.w, c.w, d.w, … 1 more");
  EXPECT_EQ(five.text(5), "a.w, b.w, c.w, d.w, e.w");
  EXPECT_EQ(five.text(0), "a.w, b.w, c.w, d.w, e.w");  // all
}

}  // namespace
}  // namespace tally::app
