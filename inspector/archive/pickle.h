// A reader of Python pickles into plain nodes. It calls nothing, builds no tensor and follows no
// name.
//
// LibTorch's own Unpickler does not hold against hostile files: calls through pointers that the
// file controls, gigabytes allocated for eight bytes, endless loops. This one reads the opcodes
// that torch.jit.save and torch.save write (pickle protocol 2 and a few of its neighbours) in one
// pass over the bytes: every length is checked against the bytes left, nothing recurses, and the
// numbers of nodes and items are capped.
#pragma once

#include <base/result.h>

#include <cstdint>
#include <string_view>
#include <vector>

namespace tally::inspector::pickle {

using NodeId = std::uint32_t;

enum class Kind : std::uint8_t {
  kNone,
  kBool,  ///< integer: 0 or 1
  kInteger,
  kReal,
  kString,  ///< text: its bytes, not checked to be UTF-8
  kTuple,   ///< items
  kList,    ///< items
  kDict,    ///< items: key, value, key, value …
  kGlobal,  ///< text: module, name: the name in it; never looked up
  kObject,  ///< an instance: items[0] its class (kGlobal), items[1] its state if it has one
  kCall,    ///< callable and arguments: items[0] and items[1] (a tuple, or an enum's bare value);
            ///< never called
  kPersistent,  ///< a persistent id: items[0], a tuple that names a storage
};

/// One value. Its items are ids in `Pickle::items`, [first, first + count).
struct Node {
  Kind kind = Kind::kNone;
  std::uint32_t first = 0;
  std::uint32_t count = 0;
  std::uint32_t capacity = 0;  ///< of the run of items, for the reader's own use
  std::uint32_t at = 0;        ///< the byte of the opcode that made it
  union {
    std::int64_t integer = 0;
    double real;  ///< of kReal
  };
  std::string_view text;  ///< into the bytes that were read
  std::string_view name;
};

/// What a pickle holds. Views point into the bytes that were read, which must outlive it. A list or
/// dict may contain itself, and values may be shared: whoever walks it must bound the walk.
struct Pickle {
  std::vector<Node> nodes;
  std::vector<NodeId> items;
  NodeId root = 0;

  const Node& operator[](NodeId id) const { return nodes[id]; }
  NodeId item(const Node& node, std::size_t i) const { return items[node.first + i]; }
  const Node& at(const Node& node, std::size_t i) const { return nodes[item(node, i)]; }
};

struct Limits {
  std::size_t max_nodes = 8'000'000;
  std::size_t max_items = 16'000'000;
};

/// Reads one pickle. Errors are kMalformed (or kLimitExceeded) and name the byte: "unknown opcode
/// 0xff at byte 17".
Result<Pickle> read(std::string_view bytes, const Limits& limits = {});

}  // namespace tally::inspector::pickle
