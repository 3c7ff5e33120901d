// From a file's bytes to what people and programs read: every view of an audit and of a comparison,
// whatever the file's names are. A view holds nothing that acts on who reads it.

#include <app/audit/audit_report.h>
#include <app/compare/compare_report.h>
#include <inspector/archive/byte_source.h>
#include <inspector/formats/read_model.h>
#include <inspector/formats/registry.h>
#include <report/render.h>
#include <report/views.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

/// No control character but the line feeds of the view itself.
bool is_still(const std::string& text) {
  for (const char c : text) {
    if ((static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\r') || c == '\x7f')
      return false;
  }
  return true;
}

void require_harmless(const tally::report::Report& report) {
  using namespace tally::report;
  require(nlohmann::json::accept(to_json(report)));
  const std::string line = to_json_line(report);
  require(nlohmann::json::accept(line) && line.find('\n') == line.size() - 1);
  const layout::Document document = to_document(report);
  require(is_still(render_text(document, {})));
  const std::string html = render_html(document);
  require(is_still(html) && html.find("<script") == std::string::npos);
  require(is_still(render_markdown(document)));
  to_csv(report);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tally;
  const inspector::MemorySource source({reinterpret_cast<const char*>(data), size});
  inspector::ReadLimits limits;
  limits.max_record_bytes = 1 << 20;
  limits.max_values = 10'000;
  limits.max_tensors = 1'000;
  const auto snapshot = read_model(source, limits);
  if (!snapshot) return 0;
  const auto census = take_census(*snapshot);
  if (!census) return 0;

  app::Audit audit;
  audit.snapshot = *snapshot;
  audit.census = *census;
  audit.recognition = app::recognise(audit.snapshot, audit.census);
  app::AuditView view;
  view.depth = -1;
  view.details = view.tensors = view.safety = true;
  app::AuditReport report(1, "", view);
  report.add(0, {"model.pt", std::move(audit)});
  require_harmless(std::move(report).finish());

  app::Compared compared;
  compared.snapshot = *snapshot;
  compared.weights = find_weights(compared.snapshot, *census);
  compared.declared = check_declared(compared.snapshot, compared.weights);
  auto comparison = compare(compared.snapshot, compared.weights, inspector::GivenSpec());
  if (!comparison) return 0;
  compared.held = app::FormulaComparison{std::move(*comparison), {}};
  require_harmless(compare_report(compared, true));
  return 0;
}
