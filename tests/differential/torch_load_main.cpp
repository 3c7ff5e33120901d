// torch_load: what LibTorch makes of archives, the authority that mutated archives are held
// against. Reads a path a line from stdin and prints a line of JSON for each:
//
//     {"parameters": [["a.weight", [2, 3], "Float"], …], "buffers": […]}   or   {"error": "…"}
//
// Expendable: hostile archives crash it, keep it busy and run their code in it. Who starts it gives
// it limits and starts another.
#include <ATen/Parallel.h>
#include <torch/script.h>

#include <exception>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace {

using nlohmann::json;

template <class Named>
json tensors(const Named& named) {
  json list = json::array();
  for (const auto& item : named) {
    const at::Tensor& tensor = item.value;
    list.push_back({item.name, tensor.sizes().vec(), toString(tensor.scalar_type())});
  }
  return list;
}

json answer(const std::string& path) try {
  const torch::jit::Module model = torch::jit::load(path, at::kCPU);
  return {{"parameters", tensors(model.named_parameters())},
          {"buffers", tensors(model.named_buffers())}};
} catch (const std::exception& e) {
  constexpr std::size_t kMostBytes = 4000;  // stack traces are long
  return {{"error", std::string(std::string_view(e.what()).substr(0, kMostBytes))}};
}

}  // namespace

int main() {
  at::set_num_threads(1);
  for (std::string path; std::getline(std::cin, path);) {
    std::cout << answer(path).dump(-1, ' ', true, json::error_handler_t::replace) << std::endl;
  }
  return 0;
}
