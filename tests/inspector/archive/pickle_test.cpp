#include <gtest/gtest.h>
#include <inspector/archive/pickle.h>
#include <tests/inspector/archive/pickle_builder.h>

#include <fstream>
#include <iterator>

namespace tally::inspector::pickle {
namespace {

using namespace std::string_literals;
using namespace tally::inspector::test;

/// Reads a value between PROTO 2 and STOP; what it holds points into `kept`.
class PickleTest : public testing::Test {
 protected:
  Pickle read_value(const std::string& value) {
    kept_ = whole(value);
    Result<Pickle> pickle = read(kept_);
    EXPECT_TRUE(pickle) << pickle.error().message;
    return pickle ? *pickle : Pickle{{Node{}}, {}, 0};
  }
  Node root_of(const std::string& value) {
    const Pickle pickle = read_value(value);
    return pickle[pickle.root];
  }
  static Error refusal(const std::string& bytes, const Limits& limits = {}) {
    const Result<Pickle> pickle = read(bytes, limits);
    EXPECT_FALSE(pickle);
    return pickle ? Error{} : pickle.error();
  }
  std::string kept_;
};

// ----------------------------------------------------------------------------------------------------------------
// values

TEST_F(PickleTest, ReadsNone) { EXPECT_EQ(root_of("N").kind, Kind::kNone); }

TEST_F(PickleTest, ReadsBooleans) {
  EXPECT_EQ(root_of("\x88").kind, Kind::kBool);
  EXPECT_EQ(root_of("\x88").integer, 1);
  EXPECT_EQ(root_of("\x89").kind, Kind::kBool);
  EXPECT_EQ(root_of("\x89").integer, 0);
}

// Each as Python's pickle.dumps(value, 2) writes it.
TEST_F(PickleTest, ReadsIntegersOfEveryWidth) {
  EXPECT_EQ(root_of("K\xff").integer, 255);
  EXPECT_EQ(root_of("M\xff\xff").integer, 65535);
  EXPECT_EQ(root_of("M\x00\x01"s).integer, 256);
  EXPECT_EQ(root_of("J\xff\xff\xff\xff").integer, -1);
  EXPECT_EQ(root_of("J\x00\x00\x00\x80"s).integer, -2147483648LL);
  EXPECT_EQ(root_of("\x8a\x05\x00\x00\x00\x80\x00"s).integer, 2147483648LL);
  EXPECT_EQ(root_of("\x8a\x05\xff\xff\xff\x7f\xff").integer, -2147483649LL);
  EXPECT_EQ(root_of("\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f").integer, INT64_MAX);
  EXPECT_EQ(root_of("\x8a\x08\x00\x00\x00\x00\x00\x00\x00\x80"s).integer, INT64_MIN);
  EXPECT_EQ(root_of("\x8a\x00"s).integer, 0);
  EXPECT_EQ(root_of("\x8a\x01\xff").integer, -1);
}

TEST_F(PickleTest, RefusesIntegersOfMoreThan64Bits) {
  EXPECT_EQ(refusal(whole("\x8a\x09\0\0\0\0\0\0\0\0\x01"s)).message,
            "holds an integer of more than 64 bits at byte 13");
}

// struct.pack(">d", 1.5) and struct.pack(">d", -1e-05).
TEST_F(PickleTest, ReadsReals) {
  EXPECT_EQ(root_of("G\x3f\xf8\0\0\0\0\0\0"s).kind, Kind::kReal);
  EXPECT_EQ(root_of("G\x3f\xf8\0\0\0\0\0\0"s).real, 1.5);
  EXPECT_EQ(root_of("G\xbe\xe4\xf8\xb5\x88\xe3\x68\xf1").real, -1e-05);
}

TEST_F(PickleTest, ReadsStringsOfEveryOpcode) {
  for (const std::string& value : {"X\x03\0\0\0a\nb"s, "U\x03"s + "a\nb", "T\x03\0\0\0a\nb"s}) {
    EXPECT_EQ(root_of(value).kind, Kind::kString);
    EXPECT_EQ(root_of(value).text, "a\nb");
  }
  EXPECT_EQ(root_of("X\0\0\0\0"s).text, "");
}

TEST_F(PickleTest, ReadsGlobalsByName) {
  const Node node = root_of("c__torch__.a\nB\n");
  EXPECT_EQ(node.kind, Kind::kGlobal);
  EXPECT_EQ(node.text, "__torch__.a");
  EXPECT_EQ(node.name, "B");
}

TEST_F(PickleTest, ReadsTuplesOfEveryOpcode) {
  EXPECT_EQ(root_of(")").kind, Kind::kTuple);
  EXPECT_EQ(root_of(")").count, 0u);
  const std::vector<std::pair<std::string, std::vector<std::int64_t>>> cases = {
      {"K\x07\x85", {7}},
      {"K\x07K\x08\x86", {7, 8}},
      {"K\x07K\x08K\x09\x87", {7, 8, 9}},
      {"(K\x01K\x02K\x03K\x04t", {1, 2, 3, 4}},
      {"(t", {}}};
  for (const auto& [value, expected] : cases) {
    const Pickle p = read_value(value);
    const Node& node = p[p.root];
    EXPECT_EQ(node.kind, Kind::kTuple);
    ASSERT_EQ(node.count, expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_EQ(p.at(node, i).integer, expected[i]);
  }
}

TEST_F(PickleTest, ReadsListsOfEveryOpcode) {
  for (const std::string& value :
       {"]K\x01"s + "aK\x02"s + "aK\x03"s + "a", "](K\x01K\x02K\x03"s + "e", "(K\x01K\x02K\x03l"s,
        "](K\x01"s + "e(K\x02K\x03"s + "e"}) {
    const Pickle p = read_value(value);
    const Node& node = p[p.root];
    EXPECT_EQ(node.kind, Kind::kList);
    ASSERT_EQ(node.count, 3u);
    for (std::size_t i = 0; i < 3; ++i)
      EXPECT_EQ(p.at(node, i).integer, static_cast<std::int64_t>(i) + 1);
  }
  EXPECT_EQ(root_of("](e").count, 0u);
}

TEST_F(PickleTest, ReadsDictsOfEveryOpcode) {
  for (const std::string& value :
       {"}K\x01K\x02sK\x03K\x04s"s, "}(K\x01K\x02K\x03K\x04u"s, "(K\x01K\x02K\x03K\x04"s + "d"}) {
    const Pickle p = read_value(value);
    const Node& node = p[p.root];
    EXPECT_EQ(node.kind, Kind::kDict);
    ASSERT_EQ(node.count, 4u);
    for (std::size_t i = 0; i < 4; ++i)
      EXPECT_EQ(p.at(node, i).integer, static_cast<std::int64_t>(i) + 1);
  }
}

TEST_F(PickleTest, ReadsObjectsAndTheirState) {
  const Pickle p = read_value("c__torch__\nM\n)\x81K\x05"s + "b");
  const Node& node = p[p.root];
  EXPECT_EQ(node.kind, Kind::kObject);
  ASSERT_EQ(node.count, 2u);
  EXPECT_EQ(p.at(node, 0).name, "M");
  EXPECT_EQ(p.at(node, 1).integer, 5);
  EXPECT_EQ(root_of("c__torch__\nM\n)\x81").count, 1u);
}

TEST_F(PickleTest, ReadsCallsWithoutMakingThem) {
  const Pickle p = read_value("cos\nsystem\nX\x02\0\0\0id\x85R"s);
  const Node& node = p[p.root];
  EXPECT_EQ(node.kind, Kind::kCall);
  EXPECT_EQ(p.at(node, 0).text, "os");
  EXPECT_EQ(p.at(p.at(node, 1), 0).text, "id");
}

TEST_F(PickleTest, ReadsPersistentIds) {
  const Pickle p = read_value("K\x05\x85Q");
  EXPECT_EQ(p[p.root].kind, Kind::kPersistent);
  EXPECT_EQ(p.at(p.at(p[p.root], 0), 0).integer, 5);
}

TEST_F(PickleTest, RecallsWhatItKept) {
  const Pickle p = read_value("]q\x00"s + "r\x00\x01\x00\x00"s + "0h\x00j\x00\x01\x00\x00\x86"s);
  EXPECT_EQ(p.item(p[p.root], 0), p.item(p[p.root], 1));
  EXPECT_EQ(p.at(p[p.root], 0).kind, Kind::kList);
}

TEST_F(PickleTest, KeepsTheLatestOfOneKey) {
  EXPECT_EQ(root_of("K\x01q\x00K\x02q\x00"s + "00h\x00"s).integer, 2);
}

TEST_F(PickleTest, DropsWhatIsPopped) { EXPECT_EQ(root_of("K\x01K\x02"s + "0").integer, 1); }

TEST_F(PickleTest, IgnoresWhatFollowsTheEnd) {
  const Result<Pickle> p = read("\x80\x02N.garbage");
  EXPECT_TRUE(p);
}

// ------------------------------------------------------------------------------------------------------------
// containers

TEST_F(PickleTest, LetsAListHoldItself) {
  const Pickle p = read_value("]q\x00h\x00"s + "a");
  EXPECT_EQ(p.item(p[p.root], 0), p.root);
}

// Items lie in one array: a list that grows while another does must not overwrite it.
TEST_F(PickleTest, LetsTwoListsGrowInTurns) {
  constexpr int kRounds = 50'000;
  std::string value = "]q\x00]q\x01"s;
  for (int i = 0; i < kRounds; ++i) value += "0h\x00M"s + u16(i) + "a0h\x01K\x01"s + "a"s;
  // The stack holds the first list below whatever was last recalled: one of each is left.
  const Pickle p = read_value(value + "\x86");
  const Node& first = p.at(p[p.root], 0);
  const Node& second = p.at(p[p.root], 1);
  ASSERT_EQ(first.count, static_cast<std::uint32_t>(kRounds));
  ASSERT_EQ(second.count, static_cast<std::uint32_t>(kRounds));
  for (int i = 0; i < kRounds; ++i) {
    ASSERT_EQ(p.at(first, i).integer, i);
    ASSERT_EQ(p.at(second, i).integer, 1);
  }
}

TEST_F(PickleTest, ReadsAMillionNestedTuples) {
  const Pickle p = read_value(")" + std::string(1'000'000, '\x85'));
  EXPECT_EQ(p.nodes.size(), 1'000'001u);
  EXPECT_EQ(p[p.root].count, 1u);
}

// ----------------------------------------------------------------------------------------------------------------
// damage

TEST_F(PickleTest, RefusesOtherProtocols) {
  for (const std::string& bytes : {"\x80\x04N."s, "N."s, "(lp0\n."s}) {
    EXPECT_EQ(refusal(bytes).message.rfind("does not start as a pickle of protocol 2", 0), 0u)
        << bytes;
  }
}

// Every opcode of pickletools.opcodes that torch.jit.save does not write, and every byte that is
// none.
TEST_F(PickleTest, RefusesEveryOpcodeButThoseOfTorch) {
  const std::string known = "\x80.(0N\x88\x89JKM\x8aGXUTcqrhj)t\x85\x86\x87]lae}dsu\x81"s + "bRQ";
  for (int op = 0; op < 256; ++op) {
    if (known.find(static_cast<char>(op)) != std::string::npos) continue;
    char expected[64];
    std::snprintf(expected, sizeof expected, "unknown opcode 0x%02x at byte 3", op);
    const Error error = refusal("\x80\x02"s + static_cast<char>(op));
    EXPECT_EQ(error.message, expected);
    EXPECT_EQ(error.code, ErrorCode::kMalformed);
  }
}

TEST_F(PickleTest, RefusesValuesThatAreNotThere) {
  for (const std::string& value :
       {"0"s, "\x85"s, "N\x86"s, "NN\x87"s, "a"s, "Na"s, "NNs"s, "\x81"s, "b"s, "R"s, "Q"s,
        "q\x00"s, "(0"s, "N(\x85"s, "N(q\x00"s, "](a"s, "N(b"s, "N(R"s, "N(Q"s}) {
    EXPECT_EQ(refusal(whole(value)).message.rfind("takes values that are not there", 0), 0u)
        << value;
  }
}

TEST_F(PickleTest, RefusesCollectionsWithoutAMark) {
  for (const std::string& value : {"t"s, "l"s, "d"s, "]e"s, "}u"s}) {
    EXPECT_EQ(refusal(whole(value)).message.rfind("collects values without a mark", 0), 0u)
        << value;
  }
}

TEST_F(PickleTest, RefusesToAddToOtherKinds) {
  for (const std::string& value : {"NNa"s, ")Na"s, "}Na"s, "]NNs"s, "N(Ne"s, "](NNu"s, "]Nb"s}) {
    EXPECT_EQ(refusal(whole(value)).message.rfind("adds to a value of another kind", 0), 0u)
        << value;
  }
}

TEST_F(PickleTest, RefusesAKeyWithoutAValue) {
  EXPECT_EQ(refusal(whole("(Nd")).message.rfind("holds a dictionary with a key without a value", 0),
            0u);
  EXPECT_EQ(
      refusal(whole("}(NNNu")).message.rfind("holds a dictionary with a key without a value", 0),
      0u);
}

TEST_F(PickleTest, RefusesObjectsOfNoClass) {
  EXPECT_EQ(
      refusal(whole("N)\x81")).message.rfind("makes an object of something that is no class", 0),
      0u);
}

TEST_F(PickleTest, RefusesCallsOfNoName) {
  EXPECT_EQ(refusal(whole("N)R")).message.rfind("calls something that is no name", 0), 0u);
}

TEST_F(PickleTest, RefusesASecondState) {
  EXPECT_EQ(
      refusal(whole("ca\nB\n)\x81NbNb")).message.rfind("sets the state of an object twice", 0), 0u);
}

TEST_F(PickleTest, RefusesWhatWasNeverKept) {
  EXPECT_EQ(refusal(whole("h\x05")).message, "recalls a value that was never kept at byte 4");
  EXPECT_EQ(refusal(whole("Nq\x00j\x01\0\0\0"s)).message,
            "recalls a value that was never kept at byte 10");
}

TEST_F(PickleTest, RefusesToEndWithOtherThanOneValue) {
  for (const std::string& value : {""s, "NN"s, "N("s, "("s}) {
    EXPECT_EQ(refusal(whole(value)).message.rfind("ends with more or less than one value", 0), 0u)
        << value;
  }
}

TEST_F(PickleTest, RefusesLengthsPastTheEndWithoutAllocatingThem) {
  for (const std::string& value : {"X\xff\xff\xff\xff"s, "T\xff\xff\xff\xff"s, "U\xff"s,
                                   "\x8a\xff"s, "cmodule"s, "cmodule\nname"s}) {
    EXPECT_EQ(refusal("\x80\x02"s + value).message.rfind("ends too early", 0), 0u) << value;
  }
}

TEST_F(PickleTest, TakesNoMemoryForALargeMemoKey) {
  EXPECT_EQ(root_of("Nr\xff\xff\xff\xff").kind, Kind::kNone);
}

TEST_F(PickleTest, RefusesEveryTruncation) {
  for (const char* name : {"mlp", "quantized_static", "sparse_csr", "rich_types"}) {
    std::ifstream in(
        std::string(TORCHTALLY_SOURCE_DIR) + "/tests/inspector/data/pickles/" + name + ".pkl",
        std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(in), {}};
    ASSERT_GT(bytes.size(), 100u);
    ASSERT_TRUE(read(bytes)) << name;
    for (std::size_t n = 0; n < bytes.size(); ++n) {
      ASSERT_FALSE(read(std::string_view(bytes).substr(0, n)))
          << name << " cut to " << n << " bytes";
    }
  }
}

TEST_F(PickleTest, HoldsWhateverAByteIsChangedTo) {
  std::ifstream in(
      std::string(TORCHTALLY_SOURCE_DIR) + "/tests/inspector/data/pickles/rich_types.pkl",
      std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(in), {}};
  std::size_t refused = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    for (const char value : {'\0', '.', '(', '\xff', 'j', 'b'}) {
      std::string changed = bytes;
      changed[i] = value;
      const Result<Pickle> p = read(changed);
      if (!p) {
        ++refused;
        continue;
      }
      for (const Node& node : p->nodes)
        ASSERT_LE(std::size_t{node.first} + node.count, p->items.size());
      for (const NodeId id : p->items) ASSERT_LT(id, p->nodes.size());
    }
  }
  EXPECT_GT(refused, bytes.size());
}

// ----------------------------------------------------------------------------------------------------------------
// limits

Limits limits(std::size_t nodes, std::size_t items) {
  Limits l;
  l.max_nodes = nodes;
  l.max_items = items;
  return l;
}

TEST_F(PickleTest, RefusesMoreValuesThanTheLimit) {
  EXPECT_TRUE(read(whole("NN\x86"), limits(3, 100)));
  const Error error = refusal(whole("NN\x86"), limits(2, 100));
  EXPECT_EQ(error.code, ErrorCode::kLimitExceeded);
  EXPECT_EQ(error.message, "holds more than 2 values at byte 5");
}

TEST_F(PickleTest, RefusesMoreItemsThanTheLimit) {
  EXPECT_TRUE(read(whole("NN\x86"), limits(100, 2)));
  const Error error = refusal(whole("NNN\x87"), limits(100, 2));
  EXPECT_EQ(error.code, ErrorCode::kLimitExceeded);
  EXPECT_EQ(error.message, "holds more than 2 items at byte 6");
}

// h recalls one value for two bytes: without a limit the stack would take four times the file.
TEST_F(PickleTest, RefusesMoreWaitingValuesThanTheLimit) {
  EXPECT_EQ(refusal(whole("Nq\x00"s + "h\x00h\x00h\x00"s), limits(100, 3)).code,
            ErrorCode::kLimitExceeded);
}

TEST_F(PickleTest, RefusesMoreMarksThanTheLimit) {
  EXPECT_EQ(refusal(whole(std::string(101, '(')), limits(100, 100)).code,
            ErrorCode::kLimitExceeded);
}

TEST_F(PickleTest, RefusesMoreKeptValuesThanTheLimit) {
  EXPECT_EQ(refusal(whole("Nq\x00q\x01q\x02"s), limits(2, 100)).code, ErrorCode::kLimitExceeded);
}

// A list in a list, each twice in the next: 2^40 paths from 40 lists, and still 40 nodes.
TEST_F(PickleTest, KeepsSharedValuesShared) {
  std::string value = "]q\x00"s;
  for (int i = 0; i < 40; ++i)
    value += "0h"s + static_cast<char>(i) + "h"s + static_cast<char>(i) + "\x86q"s +
             static_cast<char>(i + 1);
  EXPECT_EQ(read_value(value).nodes.size(), 41u);
}

}  // namespace
}  // namespace tally::inspector::pickle
