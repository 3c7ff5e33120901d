// ConfigFields: reads the fields of one Hugging Face configuration object, with the family's names
// and defaults.
//
// Readers never throw and never stop: the first complaint is kept, harmless values are returned
// from then on, and the caller asks `error()` when it has read all it wants. Fields that were
// absent are remembered with the default taken.
#pragma once

#include <base/result.h>
#include <formulas/families/config_default.h>
#include <formulas/families/config_value.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tally::formulas {

/// "a=1 b=null c=text": the value of `key`, or nothing.
std::optional<std::string_view> lookup(std::string_view pairs, std::string_view key);

class ConfigFields {
 public:
  /// `defaults` and `names` are pairs as lookup() reads them; `names` maps this program's name of a
  /// field to the family's ("hidden_size=n_embd"). `object` must outlive this.
  ConfigFields(const ConfigValue& object, std::string_view defaults, std::string_view names,
               std::string prefix = "");

  /// A whole number from `least` up. Refuses everything else, null included.
  std::int64_t size(std::string_view name, std::int64_t least = 1);
  /// The same; nothing where the value is null.
  std::optional<std::int64_t> optional_size(std::string_view name, std::int64_t least = 1);
  /// Whole number, -1 and below allowed.
  std::int64_t any_size(std::string_view name);
  double number(std::string_view name);
  bool flag(std::string_view name);  ///< null counts as false
  std::string text(std::string_view name);
  std::vector<std::string> texts(std::string_view name);  ///< an array, or "a|b"; null: empty
  std::vector<std::int64_t> sizes(
      std::string_view name);  ///< an array of whole numbers; null: empty
  /// One number for both, or two: a side of an image or patch.
  std::pair<std::int64_t, std::int64_t> pair(std::string_view name);
  const ConfigValue* object(std::string_view name);
  /// Given in the configuration and not null.
  bool given(std::string_view name) const;

  /// The family's name of `name`, with the object's prefix: what messages call it.
  std::string shown(std::string_view name) const;
  void fail(std::string_view name, const std::string& what);
  void take_complaint(ConfigFields&& other);

  const std::optional<Error>& error() const { return error_; }
  const std::vector<ConfigDefault>& defaults_taken() const { return taken_; }

 private:
  const ConfigValue* find(std::string_view name) const;
  /// The field's value, or its default (made by parsing it); null where there is neither.
  const ConfigValue* value(std::string_view name);
  void note_default(std::string_view name, std::string_view text);

  const ConfigValue& object_;
  std::string_view defaults_;
  std::string_view names_;
  std::string prefix_;
  std::optional<Error> error_;
  std::vector<ConfigDefault> taken_;
  ConfigValue parsed_default_;
};

}  // namespace tally::formulas
