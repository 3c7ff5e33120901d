// Writes pickles of protocol 2, value by value: what torch.jit.save would write, and what it would
// not.
#pragma once

#include <tests/inspector/archive/zip_builder.h>

#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <string>
#include <vector>

namespace tally::inspector::test {

using Values = std::vector<std::string>;

inline std::string joined(const Values& values) {
  std::string text;
  for (const std::string& value : values) text += value;
  return text;
}
inline std::string global(const std::string& module, const std::string& name) {
  return "c" + module + "\n" + name + "\n";
}
inline std::string integer(std::int64_t value) {
  return "\x8a\x08" + u64(static_cast<std::uint64_t>(value));
}
inline std::string real(double value) {
  char bytes[8];
  std::memcpy(bytes, &value, 8);
  std::string text = "G";
  for (int i = 8; i-- > 0;) text += bytes[i];
  return text;
}
inline std::string text(const std::string& value) { return "X" + u32(value.size()) + value; }
inline std::string boolean(bool value) { return value ? "\x88" : "\x89"; }
inline std::string tuple(const Values& values) { return "(" + joined(values) + "t"; }
inline std::string list(const Values& values) { return "](" + joined(values) + "e"; }
inline std::string dict(const Values& keys_and_values) {
  return "}(" + joined(keys_and_values) + "u";
}
inline std::string call(const std::string& callee, const Values& arguments) {
  return callee + tuple(arguments) + "R";
}
/// An instance of a class of the archive's code: `c__torch__\nName`.
inline std::string object(const std::string& module, const std::string& name,
                          const std::string& state) {
  return global(module, name) + ")\x81" + state + "b";
}
inline std::string integers(const std::vector<std::int64_t>& values) {
  Values items;
  for (const std::int64_t value : values) items.push_back(integer(value));
  return tuple(items);
}
inline std::string storage(const std::string& type, const std::string& key, std::int64_t elements) {
  return tuple(
             {text("storage"), global("torch", type), text(key), text("cpu"), integer(elements)}) +
         "Q";
}
inline std::string tensor(const std::string& storage, std::int64_t offset,
                          const std::vector<std::int64_t>& sizes,
                          const std::vector<std::int64_t>& strides, bool requires_grad = false) {
  return call(global("torch._utils", "_rebuild_tensor_v2"),
              {storage, integer(offset), integers(sizes), integers(strides), boolean(requires_grad),
               call(global("collections", "OrderedDict"), {})});
}
/// A contiguous float tensor that fills a storage of its own.
inline std::string floats(const std::string& key, std::int64_t elements) {
  return tensor(storage("FloatStorage", key, elements), 0, {elements}, {1});
}
inline std::string whole(const std::string& value) { return "\x80\x02" + value + "."; }

}  // namespace tally::inspector::test
