#include <gtest/gtest.h>
#include <inspector/archive/tokenizer.h>

#include <string>
#include <vector>

namespace tally::inspector {
namespace {

/// The tokens of `source`, a line end as "\n".
std::vector<std::string> tokens(std::string_view source) {
  std::vector<std::string> texts;
  Tokenizer tokenizer(source);
  for (Token t = tokenizer.next(); t.kind != Token::Kind::kEnd; t = tokenizer.next())
    texts.emplace_back(t.text);
  return texts;
}
using Texts = std::vector<std::string>;

// As PyTorch's printer writes it: python -c 'torch.jit.script(model).code'.
TEST(Tokenizer, ReadsWhatThePrinterWrites) {
  EXPECT_EQ(tokens("  _0 = torch.conv2d(x, self.weight, None, [1, 1], 1)\n"),
            (Texts{"_0", "=", "torch.conv2d", "(", "x", ",", "self.weight", ",", "None", ",", "[",
                   "1", ",", "1", "]", ",", "1", ")", "\n"}));
  EXPECT_EQ(tokens("y = (x).unpack()"), (Texts{"y", "=", "(", "x", ")", ".unpack", "(", ")"}));
}

TEST(Tokenizer, KnowsNumbersFromWords) {
  const std::string source = "1 2. .5 1e-05 1.E+5 x1 -3 a.b2 1-2 inf";
  EXPECT_EQ(tokens(source), (Texts{"1", "2.", ".5", "1e-05", "1.E+5", "x1", "-", "3", "a.b2", "1",
                                   "-", "2", "inf"}));
  Tokenizer tokenizer(source);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(tokenizer.next().kind, Token::Kind::kNumber) << i;
  EXPECT_EQ(tokenizer.next().kind, Token::Kind::kWord);
}

TEST(Tokenizer, FollowsStringsWithTheirQuotesAndEscapes) {
  EXPECT_EQ(tokens(R"("a\"b" 'c"d' "" "\\" x)"),
            (Texts{R"("a\"b")", R"('c"d')", R"("")", R"("\\")", "x"}));
  EXPECT_EQ(tokens("\"\"\"a\n\"b\"\n\"\"\" x"), (Texts{"\"\"\"a\n\"b\"\n\"\"\"", "x"}));
}

TEST(Tokenizer, EndsAStringWithItsLine) {
  EXPECT_EQ(tokens("\"abc\nx"), (Texts{"\"abc", "\n", "x"}));
  EXPECT_EQ(tokens("'abc"), (Texts{"'abc"}));
  EXPECT_EQ(tokens("'abc\\"), (Texts{"'abc\\"}));
}

TEST(Tokenizer, EndsLogicalLinesOutsideOfBracketsOnly) {
  EXPECT_EQ(tokens("f(a,\n  b)\nc \\\n d\n"),
            (Texts{"f", "(", "a", ",", "b", ")", "\n", "c", "d", "\n"}));
  EXPECT_EQ(tokens(")\n]\n"), (Texts{")", "\n", "]", "\n"}));  // closed what was never open
}

TEST(Tokenizer, SkipsComments) { EXPECT_EQ(tokens("a # (b\nc"), (Texts{"a", "\n", "c"})); }

TEST(Tokenizer, TellsComparisonFromAssignment) {
  EXPECT_EQ(tokens("a == b = c"), (Texts{"a", "==", "b", "=", "c"}));
}

TEST(Tokenizer, SkipsAPhysicalLineWhateverItHolds) {
  Tokenizer tokenizer("__parameters__ = [\"a\"(b\", ]\nx");
  tokenizer.next();
  tokenizer.next();
  tokenizer.next();  // the bracket
  tokenizer.skip_physical_line();
  EXPECT_EQ(tokenizer.next().text, "x");
  tokenizer.skip_physical_line();
  EXPECT_EQ(tokenizer.next().kind, Token::Kind::kEnd);
}

TEST(Tokenizer, SaysWhereEachTokenStands) {
  Tokenizer tokenizer("ab  (\n");
  EXPECT_EQ(tokenizer.next().at, 0u);
  const Token bracket = tokenizer.peek();
  EXPECT_EQ(bracket.at, 4u);
  EXPECT_EQ(bracket.end(), 5u);
  EXPECT_EQ(tokenizer.at(), 2u);
}

}  // namespace
}  // namespace tally::inspector
