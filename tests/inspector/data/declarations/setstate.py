class WithStateParent(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  _is_full_backward_hook : Optional[bool]
  body : __torch__.recipes.basics.Mlp
  packed : __torch__.recipes.basics.StatefulTable
  def forward(self: __torch__.recipes.basics.WithStateParent,
    x: Tensor) -> Tensor:
    body = self.body
    _0 = (body).forward(x, )
    packed = self.packed
    return torch.add(_0, (packed).forward())
class Mlp(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  _is_full_backward_hook : Optional[bool]
  fc1 : __torch__.torch.nn.modules.linear.Linear
  norm : __torch__.torch.nn.modules.normalization.LayerNorm
  fc2 : __torch__.torch.nn.modules.linear.___torch_mangle_0.Linear
  def forward(self: __torch__.recipes.basics.Mlp,
    x: Tensor) -> Tensor:
    fc2 = self.fc2
    norm = self.norm
    fc1 = self.fc1
    _1 = (norm).forward((fc1).forward(x, ), )
    return (fc2).forward(torch.relu(_1), )
class StatefulTable(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  _is_full_backward_hook : Optional[bool]
  table : Tensor
  def forward(self: __torch__.recipes.basics.StatefulTable) -> Tensor:
    return self.table
  def __getstate__(self: __torch__.recipes.basics.StatefulTable) -> Tuple[Tensor, bool]:
    table = self.table
    _2 = torch.div(table, 2.)
    training = self.training
    return (_2, training)
  def __setstate__(self: __torch__.recipes.basics.StatefulTable,
    state: Tuple[Tensor, bool]) -> NoneType:
    self.table = torch.mul((state)[0], 2.)
    self.training = (state)[1]
    return None
