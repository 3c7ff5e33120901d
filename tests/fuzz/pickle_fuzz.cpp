// pickle::read on arbitrary bytes: every id of an accepted pickle must be one of its nodes.

#include <inspector/archive/pickle.h>

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace pickle = tally::inspector::pickle;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto result = pickle::read(bytes, {100'000, 200'000});
  if (!result) return 0;
  const auto require = [](bool holds) {
    if (!holds) std::abort();
  };
  const auto inside = [&](std::string_view text) {
    return text.empty() || (text.data() >= bytes.data() &&
                            text.data() + text.size() <= bytes.data() + bytes.size());
  };
  require(result->root < result->nodes.size());
  for (const pickle::Node& node : result->nodes) {
    require(inside(node.text) && inside(node.name));
    for (std::size_t i = 0; i < node.count; ++i)
      require(result->items.at(node.first + i) < result->nodes.size());
    if (node.kind == pickle::Kind::kDict) require(node.count % 2 == 0);
    if (node.kind == pickle::Kind::kObject) require(node.count == 1 || node.count == 2);
    if (node.kind == pickle::Kind::kCall) require(node.count == 2);
    if (node.kind == pickle::Kind::kPersistent) require(node.count == 1);
  }
  return 0;
}
