#include <inspector/reconcile/around/passes.h>
#include <inspector/reconcile/around/surroundings.h>

namespace tally::inspector {

void read_surroundings(const ModelSnapshot& snapshot, const Weights& weights,
                       Inference& inference) {
  Outside outside(snapshot, weights, inference);
  read_stems(outside);
  find_token_tables(outside);
  find_positions(outside);
  find_types(outside);
  find_relative_biases(outside);
  find_output(outside);
  read_linears(outside);
  read_vectors(outside);
}

}  // namespace tally::inspector
