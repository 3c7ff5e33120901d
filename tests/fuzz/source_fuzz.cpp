// The readers of TorchScript source on arbitrary text: what they call JSON must be JSON.

#include <inspector/archive/literal.h>
#include <inspector/formats/torchscript/code/class_declarations.h>
#include <inspector/formats/torchscript/code/code_sizes.h>
#include <inspector/formats/torchscript/code/operation_reader.h>
#include <inspector/formats/torchscript/findings/code_risks.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tally::inspector;
  const std::string_view source(reinterpret_cast<const char*>(data), size);
  const auto require_json = [](const std::string& text) {
    if (!nlohmann::json::accept(text)) std::abort();
  };
  if (const auto classes = read_class_declarations(source)) {
    for (const auto& [name, declared] : *classes) {
      for (const auto& [key, literal] : declared.constants) require_json(literal);
    }
  }
  std::vector<SizeList> sizes;
  read_code_sizes(source, sizes);
  if (sizes.size() > kMostSizeLists) std::abort();
  for (const SizeList& list : sizes) {
    if (list.sizes.size() > kMostSizes) std::abort();
  }
  std::vector<ConstantUse> uses(16);
  read_constant_uses(source, uses);
  constexpr std::size_t kMostOperations = 1000;
  std::vector<Operation> operations;
  std::int32_t next_value = 0;
  const std::vector<tally::TensorId> tensors{tally::TensorId(0), tally::TensorId::none(),
                                             tally::TensorId(2), tally::TensorId(3)};
  read_operations(source, tensors, kMostOperations, next_value, operations);
  if (operations.size() > kMostOperations) std::abort();
  for (const Operation& o : operations) {
    if (o.outputs.empty()) std::abort();
    for (const Operand& x : o.operands) {
      if (x.value >= next_value || x.tensor > tally::TensorId(3)) std::abort();
    }
  }
  read_code_risks(source, [source](CodeRisk risk) {
    if (risk.line == 0 || risk.line > source.size() + 1 || risk.subject.empty()) std::abort();
  });
  require_json(literal_to_json(source.substr(0, 4096)));
  require_json(json_string(source));
  return 0;
}
