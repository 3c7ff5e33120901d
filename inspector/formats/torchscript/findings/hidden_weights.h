// Weights that a file holds otherwise than as tensors, or does not hold any more.
#pragma once

#include <inspector/archive/archive_reader.h>
#include <inspector/archive/pickle.h>
#include <inspector/formats/torchscript/code/sources.h>
#include <inspector/model/snapshot.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tally::inspector {

/// What is shorter holds no weights worth a word: names, vocabularies word by word, settings.
constexpr std::size_t kLeastHiddenBytes = 4096;
/// The same of lists of real numbers.
constexpr std::size_t kLeastHiddenNumbers = 1024;

/// Adds `hidden` to `snapshot`; of one sort 20 are told apart, further ones add to the last.
void add_hidden(HiddenWeights hidden, ModelSnapshot& snapshot);

/// What bytes are that begin so, as far as is known: "a TensorRT engine", also in base64.
std::string_view blob_kind(std::string_view head);

/// A string or a list of real numbers of a pickle that is large enough to be weights, as hidden
/// weights without a place; nothing for any other value.
std::optional<HiddenWeights> hidden_in(const pickle::Pickle& pickle, const pickle::Node& value);

/// Gives to `on_hidden` what `source` holds or names, without its record: MKLDNN constants, long
/// strings, long lists of real numbers.
void read_hidden_weights(std::string_view source,
                         const std::function<void(HiddenWeights)>& on_hidden);

/// Adds to `snapshot.hidden`, beside what the pickles had, what `sources`, byte tensors and extra
/// files have; and a finding `hidden-weights` for each.
void note_hidden_weights(const ArchiveReader& archive, const std::vector<Source>& sources,
                         ModelSnapshot& snapshot);

}  // namespace tally::inspector
