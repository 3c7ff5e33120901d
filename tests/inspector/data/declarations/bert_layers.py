class BertModel(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  _is_full_backward_hook : Optional[bool]
  embeddings : __torch__.transformers.models.bert.modeling_bert.BertEmbeddings
  encoder : __torch__.transformers.models.bert.modeling_bert.BertEncoder
  pooler : __torch__.transformers.models.bert.modeling_bert.BertPooler
  def forward(self: __torch__.transformers.models.bert.modeling_bert.BertModel,
    ids: Tensor) -> Tensor:
    pooler = self.pooler
    encoder = self.encoder
    embeddings = self.embeddings
    _0 = (encoder).forward((embeddings).forward(ids, ), )
    return (pooler).forward(_0, )
class BertEmbeddings(Module):
  __parameters__ = []
  __buffers__ = ["position_ids", "token_type_ids", ]
  position_ids : Tensor
  token_type_ids : Tensor
  training : bool
  _is_full_backward_hook : Optional[bool]
  word_embeddings : __torch__.torch.nn.modules.sparse.___torch_mangle_86.Embedding
  position_embeddings : __torch__.torch.nn.modules.sparse.___torch_mangle_87.Embedding
  token_type_embeddings : __torch__.torch.nn.modules.sparse.___torch_mangle_88.Embedding
  LayerNorm : __torch__.torch.nn.modules.normalization.___torch_mangle_89.LayerNorm
  dropout : __torch__.torch.nn.modules.dropout.___torch_mangle_90.Dropout
  def forward(self: __torch__.transformers.models.bert.modeling_bert.BertEmbeddings,
    ids: Tensor) -> Tensor:
    dropout = self.dropout
    LayerNorm = self.LayerNorm
    position_embeddings = self.position_embeddings
    token_type_embeddings = self.token_type_embeddings
    word_embeddings = self.word_embeddings
    token_type_ids = self.token_type_ids
    position_ids = self.position_ids
    batch_size = ops.prim.NumToTensor(torch.size(ids, 0))
    _1 = int(batch_size)
    seq_length = ops.prim.NumToTensor(torch.size(ids, 1))
    _2 = int(seq_length)
    _3 = int(torch.add(seq_length, CONSTANTS.c0))
    _4 = torch.slice(position_ids, 0, 0, 9223372036854775807)
    position_ids0 = torch.slice(_4, 1, 0, _3)
    _5 = ops.prim.NumToTensor(torch.size(position_ids0, 0))
    buffered_token_type_ids = torch.expand(token_type_ids, [int(_5), -1])
    buffered_token_type_ids0 = torch.gather(buffered_token_type_ids, 1, position_ids0)
    input = torch.expand(buffered_token_type_ids0, [_1, _2])
    _6 = (word_embeddings).forward(ids, )
    _7 = (token_type_embeddings).forward(input, )
    embeddings = torch.add(_6, _7)
    _8 = (position_embeddings).forward(position_ids0, )
    input0 = torch.add(embeddings, _8)
    _9 = (dropout).forward((LayerNorm).forward(input0, ), )
    return _9
class BertEncoder(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  _is_full_backward_hook : Optional[bool]
  layer : __torch__.torch.nn.modules.container.___torch_mangle_138.ModuleList
  def forward(self: __torch__.transformers.models.bert.modeling_bert.BertEncoder,
    argument_1: Tensor) -> Tensor:
    layer = self.layer
    _2 = getattr(layer, "2")
    layer0 = self.layer
    _1 = getattr(layer0, "1")
    layer1 = self.layer
    _0 = getattr(layer1, "0")
    _10 = (_1).forward((_0).forward(argument_1, ), )
    return (_2).forward(_10, )
class BertLayer(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  _is_full_backward_hook : Optional[bool]
  attention : __torch__.transformers.models.bert.modeling_bert.BertAttention
  intermediate : __torch__.transformers.models.bert.modeling_bert.BertIntermediate
  output : __torch__.transformers.models.bert.modeling_bert.BertOutput
  def forward(self: __torch__.transformers.models.bert.modeling_bert.BertLayer,
    argument_1: Tensor) -> Tensor:
    output = self.output
    intermediate = self.intermediate
    attention = self.attention
    _11 = (attention).forward(argument_1, )
    _12 = (output).forward((intermediate).forward(_11, ), _11, )
    return _12
class BertAttention(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  _is_full_backward_hook : Optional[bool]
  self : __torch__.transformers.models.bert.modeling_bert.BertSelfAttention
  output : __torch__.transformers.models.bert.modeling_bert.BertSelfOutput
  def forward(self: __torch__.transformers.models.bert.modeling_bert.BertAttention,
    argument_1: Tensor) -> Tensor:
    output = self.output
    self0 = self.self
    _13 = (output).forward((self0).forward(argument_1, ), argument_1, )
    return _13
class BertSelfAttention(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  _is_full_backward_hook : Optional[bool]
  query : __torch__.torch.nn.modules.linear.___torch_mangle_91.Linear
  key : __torch__.torch.nn.modules.linear.___torch_mangle_92.Linear
  value : __torch__.torch.nn.modules.linear.___torch_mangle_93.Linear
  dropout : __torch__.torch.nn.modules.dropout.___torch_mangle_94.Dropout
  def forward(self: __torch__.transformers.models.bert.modeling_bert.BertSelfAttention,
    argument_1: Tensor) -> Tensor:
    value = self.value
    key = self.key
    query = self.query
    _14 = ops.prim.NumToTensor(torch.size(argument_1, 0))
    _15 = int(_14)
    _16 = int(_14)
    _17 = int(_14)
    _18 = int(_14)
    _19 = ops.prim.NumToTensor(torch.size(argument_1, 1))
    _20 = int(_19)
    _21 = int(_19)
    _22 = int(_19)
    _23 = int(_19)
    _24 = torch.view((query).forward(argument_1, ), [_18, _23, -1, 6])
    query0 = torch.transpose(_24, 1, 2)
    _25 = torch.view((key).forward(argument_1, ), [_17, _22, -1, 6])
    key0 = torch.transpose(_25, 1, 2)
    _26 = torch.view((value).forward(argument_1, ), [_16, _21, -1, 6])
    value0 = torch.transpose(_26, 1, 2)
    _27 = torch.matmul(query0, torch.transpose(key0, 2, 3))
    input = torch.mul(_27, CONSTANTS.c1)
    input1 = torch.softmax(input, -1)
    attn_weights = torch.dropout(input1, 0., False)
    attn_output = torch.matmul(attn_weights, value0)
    attn_output0 = torch.contiguous(torch.transpose(attn_output, 1, 2))
    _28 = torch.reshape(attn_output0, [_15, _20, -1])
    return torch.contiguous(_28)
class BertSelfOutput(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  _is_full_backward_hook : Optional[bool]
  dense : __torch__.torch.nn.modules.linear.___torch_mangle_95.Linear
  LayerNorm : __torch__.torch.nn.modules.normalization.___torch_mangle_96.LayerNorm
  dropout : __torch__.torch.nn.modules.dropout.___torch_mangle_97.Dropout
  def forward(self: __torch__.transformers.models.bert.modeling_bert.BertSelfOutput,
    argument_1: Tensor,
    argument_2: Tensor) -> Tensor:
    LayerNorm = self.LayerNorm
    dropout = self.dropout
    dense = self.dense
    _29 = (dropout).forward((dense).forward(argument_1, ), )
    input = torch.add(_29, argument_2)
    return (LayerNorm).forward(input, )
class BertIntermediate(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  _is_full_backward_hook : Optional[bool]
  dense : __torch__.torch.nn.modules.linear.___torch_mangle_98.Linear
  intermediate_act_fn : __torch__.transformers.activations.GELUActivation
  def forward(self: __torch__.transformers.models.bert.modeling_bert.BertIntermediate,
    argument_1: Tensor) -> Tensor:
    intermediate_act_fn = self.intermediate_act_fn
    dense = self.dense
    _30 = (intermediate_act_fn).forward((dense).forward(argument_1, ), )
    return _30
class BertOutput(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  _is_full_backward_hook : Optional[bool]
  dense : __torch__.torch.nn.modules.linear.___torch_mangle_99.Linear
  LayerNorm : __torch__.torch.nn.modules.normalization.___torch_mangle_100.LayerNorm
  dropout : __torch__.torch.nn.modules.dropout.___torch_mangle_101.Dropout
  def forward(self: __torch__.transformers.models.bert.modeling_bert.BertOutput,
    argument_1: Tensor,
    argument_2: Tensor) -> Tensor:
    LayerNorm = self.LayerNorm
    dropout = self.dropout
    dense = self.dense
    _31 = (dropout).forward((dense).forward(argument_1, ), )
    input = torch.add(_31, argument_2)
    return (LayerNorm).forward(input, )
class BertPooler(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  _is_full_backward_hook : Optional[bool]
  dense : __torch__.torch.nn.modules.linear.___torch_mangle_139.Linear
  activation : __torch__.torch.nn.modules.activation.Tanh
  def forward(self: __torch__.transformers.models.bert.modeling_bert.BertPooler,
    argument_1: Tensor) -> Tensor:
    activation = self.activation
    dense = self.dense
    _32 = torch.slice(argument_1, 0, 0, 9223372036854775807)
    input = torch.select(_32, 1, 0)
    _33 = (activation).forward((dense).forward(input, ), )
    return _33
