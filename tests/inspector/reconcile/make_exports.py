"""Exports of known architectures at odd sizes, and what PyTorch itself says of them.

    python make_exports.py --data data            writes data/first/NAME.json and data/unseen/NAME.json (committed)
    python make_exports.py --archives DIR [NAME]  keeps the TorchScript archives as well, for runs of the whole program
    python make_exports.py --changed archives ""  writes the quantized and the frozen export alone (committed)

Each model is built by `transformers` 5.23.0 (known_models.py) or is own code (own_models.py), exported by torch.jit (scripted where its
class can be, else traced through a wrapper), saved, loaded again with torch.jit.load, and written down as names, types, shapes and
storages (write_export.py). `expected` comes from PyTorch's own tensors and from the configuration, never from torchtally.
"""

import argparse
import json
import pathlib

import torch
import transformers
from torch import nn

from family_models import FAMILIES
from fresh_models import FIELDS, FRESH, OWN_FRESH, UNEXPLAINED, export_own
from known_models import COMMON, FIRST, IDS, UNSEEN, First, Outer
from outside_models import OUTSIDE
from outside_models import UNEXPLAINED as OUTSIDE_UNEXPLAINED
from outside_models import fields as fields_of
from own_models import DECLARED, MODULES, OWN, OWN_FIELDS, OwnGpt
from small_archive import save
from write_export import Writer, configuration, counts

transformers.logging.set_verbosity_error()


def export_transformers(writer: Writer, group: str, name: str, make, number: int):
    torch.manual_seed(0)
    model, inputs = make()
    half = number % 3 == 1
    model = (model.to(torch.bfloat16) if half else model).eval()
    inputs = {k: v.to(torch.bfloat16) if half and v.is_floating_point() else v for k, v in inputs.items()}
    wrapped: nn.Module = First(model, tuple(inputs))
    if hasattr(model.config, "use_cache"):
        model.config.use_cache = False
    if number % 2 == 1:
        wrapped = Outer(wrapped)
    with torch.no_grad():
        exported = torch.jit.trace(wrapped.eval(), tuple(inputs.values()), check_trace=False, strict=False)
    how = "traced" + (", bfloat16" if half else "") + (", wrapped twice" if number % 2 == 1 else "")
    if group == "outside":
        rest = [n for n, p in exported.named_parameters() if any(n.startswith(wrapper + part) for part in OUTSIDE_UNEXPLAINED.get(name, []) for wrapper in ("", "inner."))]
        fields = fields_of(model)
        facts = {**({"fields": fields} if fields else {}), **({"unexplained": rest} if rest else {})}
    else:
        facts = {"config": configuration(model)}
    writer.write(group, name, exported, how, facts)


def write_changed(folder: pathlib.Path):
    """Exports that changed how weights are stored: quantized Linear layers, constants of a frozen graph."""
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    model = OwnGpt(101, 24, 2, 3, 76, 33, True, False).eval()
    quantized = torch.ao.quantization.quantize_dynamic(model, {nn.Linear}, dtype=torch.qint8)
    save(torch.jit.script(quantized), folder / "quantized_gpt.pt")
    torch.manual_seed(0)
    config = transformers.BertConfig(vocab_size=97, hidden_size=20, num_hidden_layers=2, num_attention_heads=4, intermediate_size=44, max_position_embeddings=31, **COMMON)
    bert = transformers.BertModel(config).eval()
    with torch.no_grad():
        for p in bert.parameters():  # freezing merges constants that are equal, such as the ones of every norm
            p.copy_(torch.randn_like(p))
        frozen = torch.jit.freeze(torch.jit.trace(First(bert, ("input_ids",)).eval(), (IDS(),), check_trace=False, strict=False))
    save(frozen, folder / "frozen_bert.pt")
    (folder / "frozen_bert.config.json").write_text(json.dumps(configuration(bert), sort_keys=True, indent=1) + "\n")
    counted = {"quantized_gpt": counts(model), "frozen_bert": counts(bert)}
    (folder / "counts.json").write_text(json.dumps(counted, indent=1) + "\n")
    print(counted)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=pathlib.Path)
    parser.add_argument("--archives", type=pathlib.Path)
    parser.add_argument("--changed", type=pathlib.Path, help="writes quantized and frozen exports there (committed: archives/)")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    writer = Writer(options.data, options.archives)
    failures = []
    for group, models in (("first", FIRST), ("unseen", UNSEEN), ("families", FAMILIES), ("fresh", FRESH), ("outside", OUTSIDE)):
        for number, (name, make) in enumerate(models.items()):
            if options.names and name not in options.names:
                continue
            try:
                export_transformers(writer, group, name, make, number)
            except Exception as error:  # said at the end: one model that cannot be exported must not hide the others
                failures.append(f"{group} {name}: {type(error).__name__}: {error}"[:400])
        for number, (name, make) in enumerate(OWN.get(group, {}).items()):
            if options.names and name not in options.names:
                continue
            torch.manual_seed(0)
            model = make().eval()
            if number % 2 == 1:
                model = model.half()
            exported = torch.jit.script(model) if name != "torch_encoder" else torch.jit.trace(model, IDS(), check_trace=False)
            writer.write(group, name, exported, "scripted" if name != "torch_encoder" else "traced", {"fields": OWN_FIELDS[(group, name)]})
    for name in OWN_FRESH:
        if not options.names or name in options.names:
            writer.write("fresh", name, export_own(name), "traced", {"fields": FIELDS[name], **({"unexplained": UNEXPLAINED[name]} if name in UNEXPLAINED else {})})
    for name, make in MODULES.items():
        if options.names and name not in options.names:
            continue
        model = make().eval()
        own = {path: sum(p.numel() for p in m.parameters(recurse=False)) for path, m in model.named_modules() if isinstance(m, DECLARED)}
        writer.write("modules", name, torch.jit.script(model), "scripted", {"modules_expected": own})
    if options.changed:
        write_changed(options.changed)
    for failure in failures:
        print("FAILED", failure)
    raise SystemExit(1 if failures else 0)


if __name__ == "__main__":
    main()
