"""The sample models, one source a family.  A recipe builds one model and returns it exported."""

import dataclasses
from typing import Callable, Optional


@dataclasses.dataclass
class Recipe:
    name: str
    how: str
    shows: str
    build: Callable
    # Unpacks quantized weights with PyTorch's own operators: {path: [tensor, ...]}.
    unpack: Optional[Callable] = None
    # Stored under tests/hostile instead: loading it has a side effect.
    hostile: bool = False
    # torch.jit.save writes it, torch.jit.load refuses it; the module in memory says what is in it.
    unloadable: bool = False


ALL: list[Recipe] = []


def recipe(name: str, how: str, shows: str, **options):
    """Registers a function that returns a ScriptModule, or the bytes of a whole archive."""

    def register(build):
        ALL.append(Recipe(name, how, shows, build, **options))
        return build

    return register
