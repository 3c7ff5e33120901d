class TensorAttributes(Module):
  __parameters__ = []
  __buffers__ = ["saved", "non_persistent", ]
  saved : Tensor
  non_persistent : Tensor
  training : bool
  _is_full_backward_hook : NoneType
  as_list : List[Tensor]
  as_dict : Dict[str, Tensor]
  as_tuple : Tuple[Tensor, Tuple[Tensor, int]]
  present : Optional[Tensor]
  absent : Optional[Tensor]
  nested : Dict[str, List[Tensor]]
  plain : Tensor
  trainable_attribute : Tensor
  linear : __torch__.torch.nn.modules.linear.___torch_mangle_19.Linear
  def forward(self: __torch__.recipes.basics.TensorAttributes,
    x: Tensor) -> Tensor:
    present = self.present
    if torch.__isnot__(present, None):
      present0 = unchecked_cast(Tensor, present)
      x0 = torch.add(x, torch.sum(present0))
    else:
      x0 = x
    as_list = self.as_list
    _0 = torch.add(x0, torch.sum(as_list[0]))
    as_dict = self.as_dict
    _1 = torch.add(_0, torch.sum(as_dict["mean"]))
    as_tuple = self.as_tuple
    x1 = torch.add(_1, torch.sum(((as_tuple)[1])[0]))
    plain = self.plain
    _2 = torch.add(x1, torch.sum(plain))
    trainable_attribute = self.trainable_attribute
    _3 = torch.add(_2, torch.sum(trainable_attribute))
    nested = self.nested
    x2 = torch.add(_3, (nested["a"])[0])
    absent = self.absent
    if torch.__isnot__(absent, None):
      x3 = torch.add(x2, 1)
    else:
      x3 = x2
    linear = self.linear
    non_persistent = self.non_persistent
    _4 = torch.add(x3, torch.sum(non_persistent))
    saved = self.saved
    _5 = (linear).forward(torch.add(_4, torch.sum(saved)), )
    return _5
