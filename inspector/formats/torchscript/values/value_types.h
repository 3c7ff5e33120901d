// Whether a pickled value is of the type that its class declares.
//
// LibTorch stores whatever stands in the pickle and believes the declaration: a module in an
// attribute declared as a Tensor is no module to it. Archives whose values and declarations differ
// are refused, so that there is one way to read them.
#pragma once

#include <inspector/archive/pickle.h>
#include <inspector/formats/torchscript/code/declared_type.h>

#include <string_view>

namespace tally::inspector {

/// Whether `node`, past its type tags, may stand where `type` is declared; what it holds is not
/// looked at. Of a class of the archive only that it is an object, a tuple or a call is told here.
bool may_be(const pickle::Pickle& pickle, const pickle::Node& node, const DeclaredType& type);

/// Whether `node` holds nothing further: a number, a text, None, a device, a complex number.
bool is_scalar(const pickle::Pickle& pickle, const pickle::Node& node);

/// What a value is, for messages: "a Tensor", "a list".
std::string_view describe(const pickle::Pickle& pickle, const pickle::Node& node);

/// Whether a class of this name, or of this module, is one that a library registers in C++.
bool is_custom_class(std::string_view name);

/// The first call of torch.jit's restore_type_tag whose tag is no type of the list or dict that it
/// tags; none where there is none. PyTorch parses each tag.
const pickle::Node* find_wrong_tag(const pickle::Pickle& p);

}  // namespace tally::inspector
