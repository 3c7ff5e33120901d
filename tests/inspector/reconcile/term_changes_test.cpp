// What a change does to each term, on lines written by hand.

#include <gtest/gtest.h>
#include <inspector/reconcile/explain/term_changes.h>

namespace tally::inspector {
namespace {

namespace slot = formulas::slot;

TermLine line(formulas::TermName name, std::vector<Addend> addends, std::int64_t params) {
  TermLine made;
  made.key.name = std::move(name);
  made.addends = std::move(addends);
  made.predicted_params = params;
  return made;
}

const formulas::TermName kQkvBias{slot::kQkv, formulas::Part::kBias};
const TermLine kBias =
    line(kQkvBias, {{"L·n_q·d", "12·12·64"}, {"L·n_kv·d", "12·12·64"}, {"L·n_kv·d_v", "12·12·64"}},
         27'648);
const TermLine kTokens = line({slot::kTokens}, {{"V·H", "50257·768"}}, 38'597'376);

TEST(TermChanges, TellATermThatCameOrWent) {
  const auto gone = term_changes({kTokens, kBias}, {kTokens});
  ASSERT_EQ(gone.size(), 1u);
  EXPECT_EQ(gone[0].term.text(), "attention.qkv.bias");
  EXPECT_EQ(gone[0].params, -27'648);
  EXPECT_EQ(gone[0].formula,
            "no L·n_q·d = 12·12·64, no L·n_kv·d = 12·12·64, no L·n_kv·d_v = 12·12·64");
  const auto came = term_changes({kTokens}, {kBias, kTokens});
  ASSERT_EQ(came.size(), 1u);
  EXPECT_EQ(came[0].params, 27'648);
  EXPECT_EQ(came[0].formula, "L·n_q·d = 12·12·64, L·n_kv·d = 12·12·64, L·n_kv·d_v = 12·12·64");
}

TEST(TermChanges, TellAnAddendAlone) {
  const auto changes = term_changes({line(kQkvBias, {{"L·n_kv·d_v", "12·12·64"}}, 9'216)}, {kBias});
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].params, 18'432);
  EXPECT_EQ(changes[0].formula, "L·n_q·d = 12·12·64, L·n_kv·d = 12·12·64");
}

TEST(TermChanges, TellOtherNumbersOfTheSameSymbols) {
  const auto changes =
      term_changes({kTokens}, {line({slot::kTokens}, {{"V·H", "50304·768"}}, 38'633'472)});
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].params, 36'096);
  EXPECT_EQ(changes[0].formula, "V·H = 50304·768 instead of 50257·768");
}

// Two groups of layers, 4 of one width and 2 of another, under one key.
TEST(TermChanges, AddUpTheLinesOfATerm) {
  const TermLine wide = line(kQkvBias, {{"L·n_q·d", "4·2·8"}}, 64);
  const TermLine narrow = line(kQkvBias, {{"L·n_q·d", "2·2·4"}}, 16);
  const TermLine wider = line(kQkvBias, {{"L·n_q·d", "4·2·16"}}, 128);
  const auto changes = term_changes({wide, narrow}, {wider, narrow});
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].params, 4 * 2 * 16 - 4 * 2 * 8);
  EXPECT_EQ(changes[0].formula, "L·n_q·d = 4·2·16 instead of 4·2·8");
}

TEST(TermChanges, LeaveOutWhatStays) { EXPECT_TRUE(term_changes({kBias}, {kBias}).empty()); }

}  // namespace
}  // namespace tally::inspector
