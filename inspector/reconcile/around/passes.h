// The passes over what lies outside the layers, in the order in which surroundings.cpp runs them.
// A pass places weights that none before it has placed, and settles fields of the specification for
// those behind it.
#pragma once

#include <inspector/reconcile/around/outside.h>

namespace tally::inspector {

/// stems.cpp: convolutions by their shapes. Settles patches, mel frames and the convolution beside
/// the layers: what says that a stack reads no tokens.
void read_stems(Outside& outside);

/// token_tables.cpp: of each stack the table of token vectors, its own or another stack's. Reads
/// which stacks have a stem; settles `token_tables`, the vocabulary and the embedding's width.
void find_token_tables(Outside& outside);

/// position_tables.cpp: tables of positions, learned and relative; rotary frequencies where there
/// is none. Reads the embedding's width.
void find_positions(Outside& outside);

/// position_tables.cpp: tables of token types: few rows, or named so. What is left of the tables.
void find_types(Outside& outside);

/// position_tables.cpp: a table with a column for each head, beside the layers instead of in the
/// first (MPNet).
void find_relative_biases(Outside& outside);

/// output_layer.cpp: the layer of logits over the vocabulary: the token table under another name,
/// or a matrix of its own. Reads `token_tables`; settles the output head and `output_home`.
void find_output(Outside& outside);

/// head_layers.cpp: what is left of the matrices: projections between embedding and hidden width,
/// then layers behind the stacks. Reads `output_home`; settles `transform`, and the output's width
/// where it is projected.
void read_linears(Outside& outside);

/// outer_vectors.cpp: vectors: the output's bias, layers with one output, scales, tokens, norms.
/// Reads all of the above.
void read_vectors(Outside& outside);

/// Whether a layer that reads `width` stands behind the stacks: of a stack's width or of what
/// another such layer gives, and not in front of the layers unless `named` as one.
bool stands_behind(Outside& outside, std::int64_t width, ModuleId module, bool named);

}  // namespace tally::inspector
