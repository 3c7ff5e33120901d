// A document with one block of every kind, for the tests of the renderers.
#pragma once

#include <report/document.h>

namespace tally::report::layout {

inline Table sample_tree() {
  Table table;
  table.title = "Modules";
  table.columns = {{"module", Align::kLeft, true}, {"params", Align::kRight}};
  table.rows = {{{"(root)", "1,000"}, 0, Tone::kNormal, 1.0},
                {{"encoder", "750"}, 1, Tone::kNormal, 0.75},
                {{"linear_with_a_long_name", "700"}, 2, Tone::kNormal, 0.7},
                {{"norm", "50"}, 2, Tone::kNormal, 0.05},
                {{"head", "250"}, 1, Tone::kBad, 0.25}};
  table.footer = {{{"TOTAL", "1,000"}, 0, Tone::kStrong}};
  return table;
}

inline Document sample_document() {
  Document document;
  document.title = "model.pt";
  document.add(Heading{"model.pt", 1});
  document.add(Paragraph{"One archive.", Tone::kMuted});
  document.add(Paragraph{"Nothing was run."});
  document.add(Heading{"Totals"});
  document.add(Facts{{{"Parameters", "1,000", Tone::kStrong}, {"Bytes", "4,000 B"}}});
  document.add(sample_tree());
  document.add(Verbatim{"a  b\n  c\n"});
  return document;
}

/// What a hostile model file may call its modules.
inline constexpr const char* kHostileName =
    "<script>alert(\"1\")</script>'|`*_x_\x1b[2J\n\xff\u202e";

/// The name at every place of a document that shows text.
inline Document hostile_document() {
  const std::string name = kHostileName;
  Document document;
  document.title = name;
  document.add(Heading{name, 1});
  document.add(Paragraph{name});
  document.add(Facts{{{name, name}}});
  document.add(Verbatim{name});
  document.add(Table{name, {{name}}, {{{name}}}, {{{name}}}});
  document.add(Table{name, {{name}}, {{{name}}, {{name}, 1}}, {{{name}}}});
  return document;
}

}  // namespace tally::report::layout
