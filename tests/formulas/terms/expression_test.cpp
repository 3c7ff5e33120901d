#include <formulas/terms/expression.h>
#include <gtest/gtest.h>

namespace tally::formulas {
namespace {

const SymbolValues kValues = {{"L", 3}, {"H", 10},  {"n_q", 4},
                              {"d", 5}, {"d_n", 7}, {"big", INT64_MAX}};

TEST(Expression, EvaluatesSumsProductsAndParentheses) {
  EXPECT_EQ(evaluate("L", kValues), 3);
  EXPECT_EQ(evaluate("L·H", kValues), 30);
  EXPECT_EQ(evaluate("L·H+d", kValues), 35);
  EXPECT_EQ(evaluate("L·(H+d)", kValues), 45);
  EXPECT_EQ(evaluate("n_q·(d+d_n)", kValues), 48);
  EXPECT_EQ(evaluate("2·H", kValues), 20);
}

TEST(Expression, RefusesWhatDoesNotFitOrParse) {
  EXPECT_EQ(evaluate("big", kValues), INT64_MAX);
  EXPECT_EQ(evaluate("big+1", kValues), std::nullopt);
  EXPECT_EQ(evaluate("2·big", kValues), std::nullopt);
  for (const auto* text : {"", "Q", "L·", "(L", "L)", "L H", "+L", "2x"})
    EXPECT_EQ(evaluate(text, kValues), std::nullopt) << text;
}

TEST(Expression, ShowsNumbersAndNames) {
  EXPECT_EQ(with_numbers("L·n_q·(d+d_n)·Q", kValues), "3·4·(5+7)·Q");
  EXPECT_EQ(with_names("V·E", {{"E", "H"}}), "V·H");
  EXPECT_EQ(with_names("d_n·d", {{"d", "x"}}), "d_n·x");
}

TEST(Expression, ListsItsSymbolsOnce) {
  EXPECT_EQ(symbols_in("L·n_q·(d_n+d_v)·2·L"),
            (std::vector<std::string>{"L", "n_q", "d_n", "d_v"}));
}

}  // namespace
}  // namespace tally::formulas
