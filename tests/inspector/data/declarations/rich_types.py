class RichTypes(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  _is_full_backward_hook : NoneType
  colour : __torch__.recipes.basics.Colour
  limits : __torch__.recipes.basics.Limits
  counter : __torch__.recipes.basics.Counter
  layer : __torch__.recipes.basics.Layer
  def forward(self: __torch__.recipes.basics.RichTypes,
    x: Tensor) -> Tensor:
    _0 = __torch__.recipes.basics.Colour.BLUE
    counter = self.counter
    _1 = (counter).add(x, )
    colour = self.colour
    if torch.eq(colour, _0):
      limits = self.limits
      _2 = torch.add(x, (limits)[0])
      counter0 = self.counter
      total = counter0.total
      x0 = torch.add(_2, torch.sum(total))
    else:
      x0 = x
    layer = self.layer
    return (layer).forward(x0, )
class Counter:
  total : Tensor
  calls : int
  def __init__(self: __torch__.recipes.basics.Counter,
    total: Tensor) -> NoneType:
    self.total = total
    self.calls = 0
    return None
  def add(self: __torch__.recipes.basics.Counter,
    x: Tensor) -> NoneType:
    calls = self.calls
    self.calls = torch.add(calls, 1)
    return None
class Doubles(Module):
  __parameters__ = ["gain", ]
  __buffers__ = []
  gain : Tensor
  training : bool
  _is_full_backward_hook : Optional[bool]
  def forward(self: __torch__.recipes.basics.Doubles,
    x: Tensor) -> Tensor:
    gain = self.gain
    return torch.mul(x, gain)
class Colour(Enum):
  RED = 1
  BLUE = 2
class Limits(NamedTuple):
  low : Tensor
  high : Tensor
  steps : int
class Layer(ModuleInterface):
  def forward(self, x: Tensor) -> Tensor:
    pass
