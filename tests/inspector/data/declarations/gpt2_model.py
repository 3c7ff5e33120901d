class GPT2LMHeadModel(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  _is_full_backward_hook : Optional[bool]
  transformer : __torch__.transformers.models.gpt2.modeling_gpt2.GPT2Model
  lm_head : __torch__.torch.nn.modules.linear.___torch_mangle_85.Linear
  def forward(self: __torch__.transformers.models.gpt2.modeling_gpt2.GPT2LMHeadModel,
    ids: Tensor) -> Tensor:
    transformer = self.transformer
    wte = transformer.wte
    weight = wte.weight
    lm_head = self.lm_head
    transformer0 = self.transformer
    _0 = torch.slice((transformer0).forward(ids, ), 0, 0, 9223372036854775807)
    _1 = torch.slice(_0, 1, 0, 9223372036854775807)
    input = torch.slice(_1, 2, 0, 9223372036854775807)
    return (lm_head).forward(weight, input, )
class GPT2Model(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  _is_full_backward_hook : Optional[bool]
  wte : __torch__.torch.nn.modules.sparse.___torch_mangle_47.Embedding
  wpe : __torch__.torch.nn.modules.sparse.___torch_mangle_48.Embedding
  drop : __torch__.torch.nn.modules.dropout.Dropout
  h : __torch__.torch.nn.modules.container.___torch_mangle_83.ModuleList
  ln_f : __torch__.torch.nn.modules.normalization.___torch_mangle_84.LayerNorm
  def forward(self: __torch__.transformers.models.gpt2.modeling_gpt2.GPT2Model,
    ids: Tensor) -> Tensor:
    ln_f = self.ln_f
    h = self.h
    _2 = getattr(h, "2")
    h0 = self.h
    _1 = getattr(h0, "1")
    h1 = self.h
    _0 = getattr(h1, "0")
    drop = self.drop
    wpe = self.wpe
    wte = self.wte
    _3 = ops.prim.NumToTensor(torch.size(ids, 1))
    _4 = int(_3)
    input_ids = torch.view(ids, [-1, int(_3)])
    _5 = (wte).forward(input_ids, )
    _6 = ops.prim.NumToTensor(torch.size(_5, 1))
    _7 = torch.arange(annotate(number, _6), dtype=None, layout=None, device=torch.device("cpu"), pin_memory=False)
    position_ids = torch.add(_7, CONSTANTS.c0)
    input = torch.unsqueeze(position_ids, 0)
    position_embeds = torch.to((wpe).forward(input, ), dtype=6, layout=0, device=torch.device("cpu"))
    input0 = torch.add(_5, position_embeds)
    q_length = ops.prim.NumToTensor(torch.size(_5, 1))
    _8 = int(q_length)
    _9 = int(q_length)
    _10 = annotate(number, q_length)
    _11 = annotate(number, q_length)
    _12 = torch.slice(input, 0, 0, 9223372036854775807)
    first_dummy_value = torch.sub(torch.slice(_12, 1, 0, 1), CONSTANTS.c1)
    position_diff = torch.diff(input, 1, -1, first_dummy_value)
    packed_sequence_mask = torch.cumsum(torch.ne(position_diff, 1), -1)
    batch_size = ops.prim.NumToTensor(torch.size(_5, 0))
    _13 = int(batch_size)
    _14 = annotate(number, batch_size)
    position_ids0 = torch.expand(input, [int(batch_size), -1])
    batch_indices = torch.arange(_14, dtype=None, layout=None, device=torch.device("cpu"), pin_memory=False)
    _15 = torch.arange(_11, dtype=None, layout=None, device=torch.device("cpu"), pin_memory=False)
    q_indices = torch.add(_15, CONSTANTS.c0)
    _16 = torch.arange(_10, dtype=None, layout=None, device=torch.device("cpu"), pin_memory=False)
    kv_indices = torch.add(_16, CONSTANTS.c0)
    _17 = torch.slice(batch_indices, 0, 0, 9223372036854775807)
    _18 = torch.unsqueeze(torch.unsqueeze(_17, 1), 2)
    batch_idx = torch.unsqueeze(_18, 3)
    _19 = torch.unsqueeze(torch.unsqueeze(q_indices, 0), 1)
    _20 = torch.slice(_19, 2, 0, 9223372036854775807)
    q_idx = torch.unsqueeze(_20, 3)
    _21 = torch.unsqueeze(torch.unsqueeze(kv_indices, 0), 1)
    kv_idx = torch.slice(torch.unsqueeze(_21, 2), 3, 0, 9223372036854775807)
    result = torch.new_ones(q_idx, annotate(List[int], []), dtype=11, layout=None, device=None, pin_memory=False)
    _22 = annotate(List[Optional[Tensor]], [batch_idx, q_idx])
    _23 = torch.index(packed_sequence_mask, _22)
    _24 = annotate(List[Optional[Tensor]], [batch_idx, kv_idx])
    _25 = torch.index(packed_sequence_mask, _24)
    _26 = torch.to(torch.eq(_23, _25), dtype=11, layout=0, device=torch.device("cpu"))
    result0 = torch.__and__(result, _26)
    _27 = annotate(List[Optional[Tensor]], [batch_idx, q_idx])
    q_idx0 = torch.index(position_ids0, _27)
    _28 = annotate(List[Optional[Tensor]], [batch_idx, kv_idx])
    kv_idx0 = torch.index(position_ids0, _28)
    _29 = torch.to(torch.le(kv_idx0, q_idx0), dtype=11, layout=0, device=torch.device("cpu"))
    attention_mask = torch.__and__(result0, _29)
    mask = torch.expand(attention_mask, [_13, -1, _9, _8])
    _30 = torch.zeros(annotate(List[int], []), dtype=6, layout=None, device=torch.device("cpu"), pin_memory=False)
    attention_mask0 = torch.where(mask, _30, -3.4028234663852886e+38)
    _31 = (drop).forward(input0, )
    _32 = ops.prim.NumToTensor(torch.size(_31, -1))
    _33 = int(_32)
    _34 = (_0).forward(_31, attention_mask0, )
    _35 = (_1).forward(_34, attention_mask0, )
    _36 = (_2).forward(_35, attention_mask0, )
    hidden_states = torch.view((ln_f).forward(_36, ), [-1, _4, _33])
    return hidden_states
class GPT2Block(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  _is_full_backward_hook : Optional[bool]
  ln_1 : __torch__.torch.nn.modules.normalization.___torch_mangle_49.LayerNorm
  attn : __torch__.transformers.models.gpt2.modeling_gpt2.GPT2Attention
  ln_2 : __torch__.torch.nn.modules.normalization.___torch_mangle_53.LayerNorm
  mlp : __torch__.transformers.models.gpt2.modeling_gpt2.GPT2MLP
  def forward(self: __torch__.transformers.models.gpt2.modeling_gpt2.GPT2Block,
    argument_1: Tensor,
    attention_mask: Tensor) -> Tensor:
    mlp = self.mlp
    ln_2 = self.ln_2
    attn = self.attn
    ln_1 = self.ln_1
    _36 = (attn).forward((ln_1).forward(argument_1, ), attention_mask, )
    input = torch.add(_36, argument_1)
    _37 = (mlp).forward((ln_2).forward(input, ), )
    return torch.add(input, _37)
class GPT2Attention(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  _is_full_backward_hook : Optional[bool]
  c_attn : __torch__.transformers.pytorch_utils.Conv1D
  c_proj : __torch__.transformers.pytorch_utils.___torch_mangle_50.Conv1D
  attn_dropout : __torch__.torch.nn.modules.dropout.___torch_mangle_51.Dropout
  resid_dropout : __torch__.torch.nn.modules.dropout.___torch_mangle_52.Dropout
  def forward(self: __torch__.transformers.models.gpt2.modeling_gpt2.GPT2Attention,
    argument_1: Tensor,
    attention_mask: Tensor) -> Tensor:
    resid_dropout = self.resid_dropout
    c_proj = self.c_proj
    c_attn = self.c_attn
    _38 = torch.split((c_attn).forward(argument_1, ), 20, 2)
    query_states, key_states, value_states, = _38
    _39 = ops.prim.NumToTensor(torch.size(key_states, 0))
    _40 = int(_39)
    _41 = int(_39)
    _42 = ops.prim.NumToTensor(torch.size(key_states, 1))
    _43 = int(_42)
    _44 = torch.view(key_states, [_41, int(_42), -1, 5])
    key = torch.transpose(_44, 1, 2)
    _45 = torch.view(value_states, [_40, _43, -1, 5])
    value = torch.transpose(_45, 1, 2)
    _46 = ops.prim.NumToTensor(torch.size(query_states, 0))
    _47 = int(_46)
    _48 = ops.prim.NumToTensor(torch.size(query_states, 1))
    _49 = torch.view(query_states, [_47, int(_48), -1, 5])
    query = torch.transpose(_49, 1, 2)
    _50 = torch.matmul(query, torch.transpose(key, -1, -2))
    attn_weights = torch.mul(_50, CONSTANTS.c2)
    input = torch.add(attn_weights, attention_mask)
    attn_weights0 = torch.softmax(input, -1)
    input1 = torch.to(attn_weights0, 6)
    attn_weights1 = torch.dropout(input1, 0., False)
    attn_output = torch.matmul(attn_weights1, value)
    attn_output0 = torch.transpose(attn_output, 1, 2)
    _51 = ops.prim.NumToTensor(torch.size(attn_output0, 0))
    _52 = int(_51)
    _53 = ops.prim.NumToTensor(torch.size(attn_output0, 1))
    _54 = torch.reshape(attn_output0, [_52, int(_53), -1])
    x = torch.contiguous(_54)
    _55 = (resid_dropout).forward((c_proj).forward(x, ), )
    return _55
class GPT2MLP(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  _is_full_backward_hook : Optional[bool]
  c_fc : __torch__.transformers.pytorch_utils.___torch_mangle_54.Conv1D
  c_proj : __torch__.transformers.pytorch_utils.___torch_mangle_55.Conv1D
  act : __torch__.transformers.activations.NewGELUActivation
  dropout : __torch__.torch.nn.modules.dropout.___torch_mangle_56.Dropout
  def forward(self: __torch__.transformers.models.gpt2.modeling_gpt2.GPT2MLP,
    argument_1: Tensor) -> Tensor:
    dropout = self.dropout
    c_proj = self.c_proj
    act = self.act
    c_fc = self.c_fc
    _56 = (act).forward((c_fc).forward(argument_1, ), )
    _57 = (dropout).forward((c_proj).forward(_56, ), )
    return _57
