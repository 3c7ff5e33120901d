#include <inspector/archive/pickle.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <string>
#include <unordered_map>

namespace tally::inspector::pickle {
namespace {

// Opcodes: the names are those of Python's pickletools.
enum Op : std::uint8_t {
  kProto = 0x80,
  kStop = '.',
  kMark = '(',
  kPop = '0',
  kNoneOp = 'N',
  kNewTrue = 0x88,
  kNewFalse = 0x89,
  kBinInt = 'J',
  kBinInt1 = 'K',
  kBinInt2 = 'M',
  kLong1 = 0x8a,
  kBinFloat = 'G',
  kBinUnicode = 'X',
  kShortBinString = 'U',
  kBinString = 'T',
  kGlobalOp = 'c',
  kBinPut = 'q',
  kLongBinPut = 'r',
  kBinGet = 'h',
  kLongBinGet = 'j',
  kEmptyTuple = ')',
  kTupleOp = 't',
  kTuple1 = 0x85,
  kTuple2 = 0x86,
  kTuple3 = 0x87,
  kEmptyList = ']',
  kListOp = 'l',
  kAppend = 'a',
  kAppends = 'e',
  kEmptyDict = '}',
  kDictOp = 'd',
  kSetItem = 's',
  kSetItems = 'u',
  kNewObj = 0x81,
  kBuild = 'b',
  kReduce = 'R',
  kBinPersId = 'Q',
};

/// Thrown and caught within this file only: a pickle is read in one function's time.
struct Failure {
  Error error;
};

class Reader {
 public:
  Reader(std::string_view bytes, const Limits& limits) : bytes_(bytes), limits_(limits) {}

  Pickle read() {
    if (take_u8() != kProto || take_u8() != 2) fail("does not start as a pickle of protocol 2");
    while (step()) {
    }
    return std::move(out_);
  }

 private:
  /// One opcode; false at the end.
  bool step() {
    op_at_ = static_cast<std::uint32_t>(at_);
    const std::uint8_t op = take_u8();
    switch (op) {
      case kStop:
        if (stack_.size() != 1 || !marks_.empty()) fail("ends with more or less than one value");
        out_.root = stack_.back();
        return false;
      case kMark:
        if (marks_.size() >= limits_.max_nodes)
          fail("opens too many collections", ErrorCode::kLimitExceeded);
        marks_.push_back(stack_.size());
        break;
      case kPop:
        pop();
        break;
      case kNoneOp:
        push(Kind::kNone);
        break;
      case kNewTrue:
        push(Kind::kBool).integer = 1;
        break;
      case kNewFalse:
        push(Kind::kBool);
        break;
      case kBinInt1:
        push(Kind::kInteger).integer = take_u8();
        break;
      case kBinInt2:
        push(Kind::kInteger).integer = take_number<std::uint16_t>();
        break;
      case kBinInt:
        push(Kind::kInteger).integer = take_number<std::int32_t>();
        break;
      case kLong1:
        push(Kind::kInteger).integer = take_long();
        break;
      case kBinFloat:
        push(Kind::kReal).real = take_big_endian_double();
        break;
      case kBinUnicode:
      case kBinString:
        push(Kind::kString).text = take(take_number<std::uint32_t>());
        break;
      case kShortBinString:
        push(Kind::kString).text = take(take_u8());
        break;
      case kGlobalOp: {
        const std::string_view module = take_line(), name = take_line();
        Node& node = push(Kind::kGlobal);
        node.text = module;
        node.name = name;
        break;
      }
      case kBinPut:
        keep(take_u8());
        break;
      case kLongBinPut:
        keep(take_number<std::uint32_t>());
        break;
      case kBinGet:
        recall(take_u8());
        break;
      case kLongBinGet:
        recall(take_number<std::uint32_t>());
        break;
      case kEmptyTuple:
        push(Kind::kTuple);
        break;
      case kEmptyList:
        push(Kind::kList);
        break;
      case kEmptyDict:
        push(Kind::kDict);
        break;
      case kTupleOp:
        collect(Kind::kTuple, from_mark());
        break;
      case kListOp:
        collect(Kind::kList, from_mark());
        break;
      case kDictOp:
        collect(Kind::kDict, pairs(from_mark()));
        break;
      case kTuple1:
      case kTuple2:
      case kTuple3:
        collect(Kind::kTuple, last(op - kTuple1 + 1u));
        break;
      case kAppend:
        extend(Kind::kList, last(1));
        break;
      case kAppends:
        extend(Kind::kList, from_mark());
        break;
      case kSetItem:
        extend(Kind::kDict, last(2));
        break;
      case kSetItems:
        extend(Kind::kDict, pairs(from_mark()));
        break;
      case kNewObj: {
        const std::vector<NodeId> v = last(2);  // the class and the arguments of __new__
        if (out_.nodes[v[0]].kind != Kind::kGlobal)
          fail("makes an object of something that is no class");
        if (out_.nodes[v[1]].kind != Kind::kTuple || out_.nodes[v[1]].count != 0)
          fail("makes an object with arguments");
        collect(Kind::kObject, {v[0]});
        break;
      }
      case kBuild: {
        const std::vector<NodeId> state = last(1);
        const Node& object = out_.nodes[top()];
        if (object.kind == Kind::kObject && object.count != 1)
          fail("sets the state of an object twice");
        extend(Kind::kObject, state);
        break;
      }
      case kReduce: {
        std::vector<NodeId> v = last(2);
        if (out_.nodes[v[0]].kind != Kind::kGlobal) fail("calls something that is no name");
        collect(Kind::kCall, std::move(v));
        break;
      }
      case kBinPersId:
        collect(Kind::kPersistent, last(1));
        break;
      default: {
        char text[32];
        std::snprintf(text, sizeof text, "unknown opcode 0x%02x", op);
        fail(text);
      }
    }
    return true;
  }

  [[noreturn]] void fail(const std::string& what, ErrorCode code = ErrorCode::kMalformed) const {
    throw Failure{{code, what + " at byte " + std::to_string(at_), ""}};
  }

  std::string_view take(std::size_t n) {
    if (n > bytes_.size() - at_) fail("ends too early");
    const std::string_view taken = bytes_.substr(at_, n);
    at_ += n;
    return taken;
  }
  std::uint8_t take_u8() { return static_cast<std::uint8_t>(take(1)[0]); }
  template <class T>
  T take_number() {
    T value{};
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }
  std::int64_t take_long() {
    const std::size_t n = take_u8();
    const std::string_view digits = take(n);
    if (n > 8) fail("holds an integer of more than 64 bits");
    std::uint64_t value =
        n > 0 && (digits[n - 1] & 0x80) != 0 ? ~std::uint64_t{0} : 0;  // two's complement
    for (std::size_t i = n; i-- > 0;) value = value << 8 | static_cast<unsigned char>(digits[i]);
    return static_cast<std::int64_t>(value);
  }
  double take_big_endian_double() {
    std::string text(take(8));
    std::reverse(text.begin(), text.end());
    double value = 0;
    std::memcpy(&value, text.data(), sizeof value);
    return value;
  }
  std::string_view take_line() {
    const std::size_t end = bytes_.find('\n', at_);
    if (end == std::string_view::npos) fail("ends too early");
    const std::string_view line = bytes_.substr(at_, end - at_);
    at_ = end + 1;
    return line;
  }

  Node& push(Kind kind) {
    if (out_.nodes.size() >= limits_.max_nodes) {
      fail("holds more than " + std::to_string(limits_.max_nodes) + " values",
           ErrorCode::kLimitExceeded);
    }
    stack_.push_back(static_cast<NodeId>(out_.nodes.size()));
    Node& node = out_.nodes.emplace_back();
    node.kind = kind;
    node.at = op_at_;
    return node;
  }
  /// A stack entry may be taken only if it lies above the last mark.
  void need(std::size_t n) const {
    const std::size_t floor = marks_.empty() ? 0 : marks_.back();
    if (stack_.size() < floor + n) fail("takes values that are not there");
  }
  NodeId top() const {
    need(1);
    return stack_.back();
  }
  void pop() {
    need(1);
    stack_.pop_back();
  }
  std::vector<NodeId> last(std::size_t n) {
    need(n);
    const auto from = stack_.end() - static_cast<std::ptrdiff_t>(n);
    std::vector<NodeId> taken(from, stack_.end());
    stack_.erase(from, stack_.end());
    return taken;
  }
  std::vector<NodeId> from_mark() {
    if (marks_.empty()) fail("collects values without a mark");
    const std::size_t n = stack_.size() - marks_.back();
    std::vector<NodeId> taken = last(n);
    marks_.pop_back();
    return taken;
  }
  std::vector<NodeId> pairs(std::vector<NodeId> v) const {
    if (v.size() % 2 != 0) fail("holds a dictionary with a key without a value");
    return v;
  }
  void keep(std::uint32_t key) {
    if (memo_.size() >= limits_.max_nodes) fail("keeps too many values", ErrorCode::kLimitExceeded);
    const Node& node = out_.nodes[top()];
    // PyTorch makes an object of its state: kept before that, it is a number to PyTorch.
    if (node.kind == Kind::kObject && node.count == 1) fail("keeps an object without its state");
    memo_[key] = top();
  }
  void recall(std::uint32_t key) {
    const auto found = memo_.find(key);
    if (found == memo_.end()) fail("recalls a value that was never kept");
    stack_.push_back(found->second);
    if (stack_.size() > limits_.max_items)
      fail("keeps too many values waiting", ErrorCode::kLimitExceeded);
  }

  void reserve_items(std::size_t n) const {
    if (n > limits_.max_items - out_.items.size()) {
      fail("holds more than " + std::to_string(limits_.max_items) + " items",
           ErrorCode::kLimitExceeded);
    }
  }
  void collect(Kind kind, std::vector<NodeId> v) {
    reserve_items(v.size());
    Node& node = push(kind);
    node.first = static_cast<std::uint32_t>(out_.items.size());
    node.count = node.capacity = static_cast<std::uint32_t>(v.size());
    out_.items.insert(out_.items.end(), v.begin(), v.end());
  }
  /// Adds to the container below. Runs of items that cannot grow in place move to the end with
  /// twice the room, so that n appends cost O(n) even when two containers grow in turns.
  void extend(Kind kind, const std::vector<NodeId>& v) {
    Node& node = out_.nodes[top()];
    if (node.kind != kind) fail("adds to a value of another kind");
    if (node.count + v.size() > node.capacity) {
      const std::size_t wanted = node.count == 0 ? v.size() : 2 * (node.count + v.size());
      reserve_items(wanted);
      const std::size_t moved = out_.items.size();
      out_.items.resize(moved + wanted);
      std::copy_n(out_.items.begin() + node.first, node.count,
                  out_.items.begin() + static_cast<std::ptrdiff_t>(moved));
      node.first = static_cast<std::uint32_t>(moved);
      node.capacity = static_cast<std::uint32_t>(wanted);
    }
    std::copy(v.begin(), v.end(), out_.items.begin() + node.first + node.count);
    node.count += static_cast<std::uint32_t>(v.size());
  }

  std::string_view bytes_;
  const Limits& limits_;
  std::size_t at_ = 0;
  std::uint32_t op_at_ = 0;  // of the opcode that is being read
  Pickle out_;
  std::vector<NodeId> stack_;
  std::vector<std::size_t> marks_;
  std::unordered_map<std::uint32_t, NodeId> memo_;
};

}  // namespace

Result<Pickle> read(std::string_view bytes, const Limits& limits) try {
  return Reader(bytes, limits).read();
} catch (const Failure& failure) {
  return failure.error;
}

}  // namespace tally::inspector::pickle
