#include <app/plan/cost_tables.h>

#include <utility>

namespace tally::app {
namespace {

using report::Align;
using report::Bytes;
using report::Data;
using report::Object;
using report::Real;
using report::Row;
using report::Share;
using report::Table;

}  // namespace

void add_memory(report::Section& section, const std::string& key, const std::string& title,
                const formulas::DeviceMemory& memory) {
  const std::int64_t total = memory.total_bytes;
  Table table;
  table.key = key + ".parts";
  table.title = title;
  table.main = true;
  table.columns = {{"id", "part"},
                   {"bytes", "bytes", Align::kRight},
                   {"", "size", Align::kRight},
                   {"", "share", Align::kRight},
                   {"meaning", "what it is", Align::kLeft, true}};
  for (const auto& part : memory.parts) {
    Row row{{part.id, Bytes{part.bytes}, Bytes{part.bytes, true}, Share{part.bytes, total},
             part.meaning}};
    row.share = bar(static_cast<double>(part.bytes), static_cast<double>(total));
    table.rows.push_back(std::move(row));
  }
  table.footer.push_back({{"total", Bytes{total}, Bytes{total, true}, Share{total, total}}});
  section.add(Data{key + ".total_bytes", Bytes{total}});
  section.add(Data{key + ".stage", memory.stage});
  section.add(std::move(table));
}

Object accelerator_value(const formulas::Accelerator& a) {
  return {{"name", a.name},
          {"memory_bytes", Bytes{a.memory_bytes()}},
          {"bandwidth_gb_per_second", Real{a.bandwidth_gb_per_second}},
          {"bf16_tflops", Real{a.bf16_tflops}},
          {"source", a.source}};
}

double bar(double part, double whole) { return whole > 0 ? part / whole : -1; }

}  // namespace tally::app
