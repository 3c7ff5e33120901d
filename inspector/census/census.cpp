#include <base/wide.h>
#include <inspector/census/census.h>
#include <inspector/census/packed_weights.h>

#include <algorithm>
#include <tuple>
#include <unordered_map>
#include <utility>

namespace tally::inspector {
namespace {

/// What two names of one tensor have in common: the views that it is made of.
using AliasKey = std::vector<std::int64_t>;

void append(AliasKey& key, const StridedView& view) {
  key.push_back(view.storage.value());
  key.push_back(view.offset);
  key.push_back(static_cast<std::int64_t>(view.sizes.size()));
  key.insert(key.end(), view.sizes.begin(), view.sizes.end());
  key.insert(key.end(), view.strides.begin(), view.strides.end());
}

AliasKey alias_key(const TensorRecord& tensor) {
  AliasKey key;
  append(key, tensor.view);
  if (tensor.layout != Layout::kStrided) {
    for (const TensorPart& part : tensor.parts) append(key, part.view);
  }
  return key;
}

/// Sums that say so once they have overflowed.
class Adder {
 public:
  void add(std::int64_t& to, std::int64_t value) { to = kept(Wide(to) + value); }
  void add(Count& to, const Count& value) {
    add(to.tensors, value.tensors);
    add(to.elements, value.elements);
    add(to.bytes, value.bytes);
  }
  void add(Tally& to, const Tally& value) {
    for (std::size_t kind = 0; kind < kTensorKinds; ++kind) {
      add(to.unique[kind], value.unique[kind]);
      add(to.again[kind], value.again[kind]);
    }
    add(to.trainable, value.trainable);
    add(to.fixed, value.fixed);
  }
  void add_times(Count& to, const Count& value, std::int64_t times) {
    add(to, {kept(Wide(value.tensors) * times), kept(Wide(value.elements) * times),
             kept(Wide(value.bytes) * times)});
  }
  bool overflowed() const { return overflowed_; }

 private:
  std::int64_t kept(const Wide& count) {
    const auto fits = count.to_int64();
    overflowed_ = overflowed_ || !fits;
    return fits.value_or(0);
  }

  bool overflowed_ = false;
};

/// Finds the alias groups: sets alias_of and the group's kind for every tensor.
std::vector<TensorCount> group_aliases(const ModelSnapshot& s) {
  std::map<AliasKey, std::size_t> leaders;  // the group's first tensor of its highest kind
  std::vector<const std::size_t*> leader_of(s.tensors.size());
  for (std::size_t i = 0; i < s.tensors.size(); ++i) {
    const auto [it, fresh] = leaders.emplace(alias_key(s.tensors[i]), i);
    if (!fresh && s.tensors[i].kind < s.tensors[it->second].kind) it->second = i;
    leader_of[i] = &it->second;
  }
  std::vector<TensorCount> counts(s.tensors.size());
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const std::size_t leader = *leader_of[i];
    counts[i].kind = s.tensors[leader].kind;
    if (leader != i) counts[i].alias_of = TensorId(leader);
  }
  return counts;
}

/// The bytes of a storage that lie between the first and last element of some tensor.
class Coverage {
 public:
  void add(const StridedView& view) {
    if (view.elements == 0) return;
    std::int64_t last = view.offset;
    for (std::size_t i = 0; i < view.sizes.size(); ++i)
      last += (view.sizes[i] - 1) * view.strides[i];
    const Int128 bits = info(view.dtype).bits;
    // The loader has checked that the extent lies within the storage, so these fit.
    spans_.emplace_back(static_cast<std::int64_t>(view.offset * bits / 8),
                        static_cast<std::int64_t>(((last + 1) * bits + 7) / 8));
  }
  std::int64_t bytes() {
    std::sort(spans_.begin(), spans_.end());
    std::int64_t covered = 0, reached = 0;
    for (const auto& [from, to] : spans_) {
      covered += std::max<std::int64_t>(0, to - std::max(from, reached));
      reached = std::max(reached, to);
    }
    return covered;
  }

 private:
  std::vector<std::pair<std::int64_t, std::int64_t>> spans_;
};

template <class Visit>
void for_each_view(const TensorRecord& tensor, const Visit& visit) {
  if (tensor.view.storage.valid()) visit(tensor.view);
  for (const TensorPart& part : tensor.parts) visit(part.view);
}

void count_storages(const ModelSnapshot& s, Census& census, Adder& adder) {
  std::vector<Coverage> coverage(s.storages.size());
  census.storages.resize(s.storages.size());
  for (std::size_t i = 0; i < s.tensors.size(); ++i) {
    if (census.tensors[i].alias_of.valid()) continue;
    for_each_view(s.tensors[i], [&](const StridedView& view) {
      const std::size_t storage = view.storage;
      coverage[storage].add(view);
      census.storages[storage].tensors += 1;
    });
  }
  for (std::size_t i = 0; i < s.storages.size(); ++i) {
    census.storages[i].covered_bytes = coverage[i].bytes();
    adder.add(census.storage_bytes, s.storages[i].bytes);
  }
}

std::string bytes_text(std::int64_t bytes) {
  return std::to_string(bytes) + (bytes == 1 ? " byte" : " bytes");
}

/// torch.jit.freeze removes every attribute that no code uses, `training` first; scripting and
/// tracing give one to each module, also to the one that they wrap around a traced function.
bool is_frozen(const ModelSnapshot& s) {
  return std::none_of(s.modules.begin(), s.modules.end(), [](const ModuleNode& module) {
    return std::any_of(module.attributes.begin(), module.attributes.end(),
                       [](const NamedLiteral& a) { return a.first == "training"; });
  });
}

/// Models whose weights are no parameters any more: what other tools count as zero.
void find_hidden_weights(const ModelSnapshot& s, Census& census) {
  const auto elements = [&](TensorKind kind) { return census.all.of(kind).elements; };
  const bool quantized = std::any_of(s.tensors.begin(), s.tensors.end(), [](const TensorRecord& t) {
    return t.quantization.has_value();
  });
  if (quantized) {
    census.findings.push_back(
        {"quantized",
         "quantized: weights are stored as integers in packed objects or states, counted by "
         "element; scales and zero points are counted apart. Layers folded by the export (batch "
         "norms) are no longer in the file"});
  } else if (is_frozen(s) && elements(TensorKind::kConstant) > 0) {
    const std::int64_t kept = elements(TensorKind::kParameter);
    census.findings.push_back(
        {"frozen",
         "frozen: it declares " +
             (kept == 0 ? std::string("no") : "only " + std::to_string(kept) + " elements of") +
             " parameters, its weights are constants of the code, counted after what freezing "
             "folded (batch norms) and merged (equal constants)"});
  }
}

constexpr std::size_t kMostFindings = 20;  // of one sort

void find_kept_storages(const ModelSnapshot& s, Census& census) {
  std::vector<TensorId> first_user(s.storages.size());
  for (std::size_t t = s.tensors.size(); t-- > 0;) {
    for_each_view(s.tensors[t],
                  [&](const StridedView& view) { first_user[view.storage] = TensorId(t); });
  }
  std::size_t found = 0;
  for (std::size_t i = 0; i < s.storages.size(); ++i) {
    const std::int64_t unseen = s.storages[i].bytes - census.storages[i].covered_bytes;
    if (unseen <= 0 || !first_user[i].valid() || ++found > kMostFindings) continue;
    census.findings.push_back({"storage-kept-by-view",
                               "storage " + s.storages[i].record + " of " +
                                   bytes_text(s.storages[i].bytes) + " is kept by views that see " +
                                   bytes_text(census.storages[i].covered_bytes) + " of it (" +
                                   full_name(s, s.tensors[first_user[i]]) +
                                   "): clone() them before saving to drop " + bytes_text(unseen)});
  }
  if (found > kMostFindings) {
    const std::size_t more = found - kMostFindings;
    census.findings.push_back(
        {"storage-kept-by-view",
         "and " + std::to_string(more) +
             (more == 1 ? " more storage that is larger than what views see of it"
                        : " more storages that are larger than what views see of them")});
  }
}

/// Storages of one size and CRC-32: byte for byte the same, short of an accident of one in 2^32. A
/// CRC-32 of 0 means that none was computed (torch.serialization.set_crc32_options). Of weights
/// alone, and from 1 % of the model's bytes on: windows, tables and biases of zeros are equal in
/// most models, and nobody would share them.
void find_equal_storages(const ModelSnapshot& s, Census& census) {
  std::vector<bool> is_weight(s.storages.size()), is_seen(s.storages.size());
  const bool frozen = is_frozen(s);
  for (const TensorRecord& t : s.tensors) {
    const bool weight =
        !t.setting && t.kind != TensorKind::kBuffer && (t.kind != TensorKind::kConstant || frozen);
    for_each_view(t, [&](const StridedView& view) {
      is_seen[view.storage] = true;
      if (weight) is_weight[view.storage] = true;
    });
  }
  std::map<std::pair<std::int64_t, std::uint32_t>, std::int64_t> groups;
  for (std::size_t i = 0; i < s.storages.size(); ++i) {
    const StorageRecord& storage = s.storages[i];
    if (storage.bytes > 0 && storage.crc32 != 0 && (is_weight[i] || !is_seen[i]))
      ++groups[{storage.bytes, storage.crc32}];
  }
  std::int64_t sets = 0, copies = 0, bytes = 0;
  for (const auto& [key, count] : groups) {
    if (count < 2) continue;
    ++sets;
    copies += count;
    bytes += (count - 1) * key.first;  // fits: of all storages' bytes, which have been added up
  }
  constexpr std::int64_t kLeastShare = 100;                                 // one part in
  const std::int64_t least = (census.storage_bytes - 1) / kLeastShare + 1;  // rounded up
  if (sets == 0 || bytes < least) return;
  census.findings.push_back(
      {"equal-storages",
       std::to_string(copies) + " storages in " + std::to_string(sets) +
           (sets == 1 ? " set" : " sets") +
           " are equal by size and CRC-32 but not shared: sharing them would save " +
           bytes_text(bytes)});
}

}  // namespace

Count sum(const std::array<Count, kTensorKinds>& counts) {
  Count total;
  for (const Count& c : counts) {
    total.tensors += c.tensors;
    total.elements += c.elements;
    total.bytes += c.bytes;
  }
  return total;
}

Result<Census> take_census(const ModelSnapshot& s, const std::vector<bool>* only) {
  Adder adder;
  Census census;
  census.tensors = group_aliases(s);
  census.own.resize(s.modules.size());
  for (std::size_t i = 0; i < s.tensors.size(); ++i) {
    if (only != nullptr && !(*only)[i]) continue;
    const TensorRecord& tensor = s.tensors[i];
    const TensorCount& counts_as = census.tensors[i];
    const Count count{1, tensor.view.elements, tensor.view.bytes};
    if (tensor.setting) {
      adder.add(census.settings, count);
      continue;
    }
    Tally& own = census.own[tensor.module];
    const std::int64_t uses = std::max<std::int64_t>(1, tensor.uses);
    adder.add_times(census.naive, count, uses);
    adder.add_times(census.naive_by_kind[static_cast<std::size_t>(tensor.kind)], count, uses);
    if (counts_as.alias_of.valid()) {
      adder.add(own.again[static_cast<std::size_t>(counts_as.kind)], count);
      continue;
    }
    adder.add(own.unique[static_cast<std::size_t>(counts_as.kind)], count);
    if (counts_as.kind == TensorKind::kParameter)
      adder.add(tensor.requires_grad ? own.trainable : own.fixed, count);
    adder.add(census.unique, count);
    adder.add(census.by_dtype[std::string(info(tensor.view.dtype).name)], count);
    adder.add(census.by_module_type[s.modules[tensor.module].type], count);
    if (tensor.quantization) {
      for (const TensorPart& part : tensor.parts)
        adder.add(census.quantization_parts, {1, part.view.elements, part.view.bytes});
    }
  }
  census.total = census.own;
  for (std::size_t i = s.modules.size(); i-- > 1;) {  // children come after their parents
    adder.add(census.total[s.modules[i].parent], Tally(census.total[i]));
  }
  if (!census.total.empty()) census.all = census.total.front();
  count_storages(s, census, adder);
  if (adder.overflowed()) {
    return Error{ErrorCode::kMalformed,
                 "its tensors have more than 2^63 elements or bytes together",
                 "no model does; the file is damaged or hostile"};
  }
  for (PackedWeights& packed : find_packed_weights(s, census.tensors)) {
    if (only == nullptr || (*only)[packed.tensor]) census.packed_weights.push_back(packed);
  }
  find_hidden_weights(s, census);
  find_kept_storages(s, census);
  find_equal_storages(s, census);
  return census;
}

}  // namespace tally::inspector
