#!/usr/bin/env python3
"""Writes gpt2_small.pt: GPT-2 small's sizes in the shape of record_eager.py's Gpt, all weights zero, records deflated (498 MB in 0.5 MB).

    python tests/inspector/probe/make_gpt2_small.py        # needs torch 2.11.0
"""
import torch

from record_eager import HERE, Gpt, save

PARAMETERS = 124_439_808  # openai-community/gpt2, the head tied to the embedding


def main():
    model = Gpt(vocab=50257, positions=1024, hidden=768, heads=12, layers=12)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
    assert sum(p.numel() for p in {id(p): p for p in model.parameters()}.values()) == PARAMETERS
    save(model, HERE / "gpt2_small.pt")


if __name__ == "__main__":
    main()
