// The way in which the table of terms is written. For term_rows.cpp only.
#pragma once

#include <formulas/terms/term_rows.h>

#include <string>
#include <utility>
#include <vector>

namespace tally::formulas {

using Present = bool (*)(const TermContext&);

/// Collects rows. What is set for one row holds for the row of its bias as well.
class RowList {
 public:
  /// Where the rows from here on are counted: in which part of a specification, under which
  /// component, and how often.
  RowList& in(TermScope scope, Component component, const char* copies = "1") {
    scope_ = scope;
    component_ = component;
    copies_ = copies;
    return *this;
  }
  RowList& weight(Slot slot, const char* shape, const char* meaning, const char* source,
                  Present present) {
    return add({slot, Part::kWeight}, shape, meaning, source, present);
  }
  /// A slot that is one tensor.
  RowList& whole(Slot slot, const char* shape, const char* meaning, const char* source,
                 Present present) {
    return add({slot}, shape, meaning, source, present);
  }
  RowList& bias(const char* shape, Present present) {
    TermRow row = rows_.back();
    row.name.part = Part::kBias;
    row.info.shape = shape;
    row.info.meaning = "its bias";
    row.present = present;
    row.transposable = false;
    rows_.push_back(std::move(row));
    return *this;
  }
  RowList& norm(Slot slot, const char* shape, const std::string& meaning, const char* source,
                Present has_weight, Present has_bias) {
    add({slot, Part::kWeight}, shape, meaning + ": weight", source, has_weight);
    return add({slot, Part::kBias}, shape, meaning + ": bias", source, has_bias);
  }
  RowList& add(TermName name, const char* shape, std::string meaning, const char* source,
               Present present) {
    TermRow row;
    row.name = std::move(name);
    row.info = {"", component_, shape, copies_, std::move(meaning), source};
    row.scope = scope_;
    row.present = present;
    rows_.push_back(std::move(row));
    return *this;
  }
  /// The last row is a part of what `slot` stores, where `when`.
  RowList& packed(Slot slot, Present when) {
    rows_.back().packing = slot;
    rows_.back().packed = when;
    return *this;
  }
  RowList& transposable() {
    rows_.back().transposable = true;
    return *this;
  }
  RowList& expert() {
    rows_.back().traits.expert = true;
    return *this;
  }

  std::vector<TermRow> take() { return std::move(rows_); }

 private:
  std::vector<TermRow> rows_;
  TermScope scope_ = TermScope::kEmbedding;
  Component component_ = Component::kEmbedding;
  const char* copies_ = "1";
};

}  // namespace tally::formulas
