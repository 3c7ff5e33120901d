class ConvNet(Module):
  __parameters__ = []
  __buffers__ = []
  def forward(self: __torch__.recipes.vision.___torch_mangle_222.ConvNet,
    x: Tensor) -> Tensor:
    _0 = torch.conv2d(x, CONSTANTS.c0, None, [2, 2])
    _1 = torch.batch_norm(_0, CONSTANTS.c1, CONSTANTS.c2, CONSTANTS.c2, CONSTANTS.c1, False, 0.10000000000000001, 1.0000000000000001e-05, True)
    x0 = torch.relu(_1)
    _2 = torch.conv2d(x0, CONSTANTS.c3, CONSTANTS.c4, [1, 1], [0, 0], [1, 1], 4)
    _3 = torch.batch_norm(_2, CONSTANTS.c5, CONSTANTS.c6, CONSTANTS.c6, CONSTANTS.c5, False, 0.10000000000000001, 1.0000000000000001e-05, True)
    x1 = torch.relu(_3)
    _4 = torch.batch_norm(torch.conv2d(x1, CONSTANTS.c7), CONSTANTS.c5, CONSTANTS.c6, CONSTANTS.c6, CONSTANTS.c5, False, 0.10000000000000001, 1.0000000000000001e-05, True)
    x2 = torch.relu(_4)
    _5 = torch.linear(torch.mean(x2, [2, 3]), CONSTANTS.c8, CONSTANTS.c9)
    return _5
