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
    _0 = (norm).forward((fc1).forward(x, ), )
    return (fc2).forward(torch.relu(_0), )
