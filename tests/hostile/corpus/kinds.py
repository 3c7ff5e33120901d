"""Files of other kinds: each must be named for what it is."""

import gzip
import io
import json
import pickle
import struct
import tarfile
import zipfile

from . import case
from .assemble import FILES, Record, archive, write_archive


@case("missing.pt", "a path at which there is nothing", [["no such file", "not found", "does not exist", "missing"]])
def missing():
    return None


@case("folder.pt", "a folder", [["directory", "folder"]], special="folder")
def folder():
    return None


@case("pipe.pt", "a named pipe: opening it would wait for ever", [["pipe", "fifo", "regular file"]], special="pipe")
def pipe():
    return None


@case("device.pt", "a link to /dev/zero, which never ends", [["device", "regular file"]], special="device")
def device():
    return None


@case("loop.pt", "a link to itself", [["link", "no such file", "not found", "cannot open"]], special="loop")
def loop():
    return None


@case("empty.pt", "an empty file", ["empty"])
def empty():
    return b""


@case("one_byte.pt", "a file of one byte")
def one_byte():
    return b"P"


@case("text.pt", "plain text", ["text"])
def plain_text():
    return b"These are not the weights that you are looking for.\n" * 20


@case("noise.pt", "bytes without any structure", [["not a", "unknown", "unrecognized", "no known"]])
def noise():
    state, out = 1, bytearray()
    for _ in range(4096):
        state = (state * 1103515245 + 12345) % 2**31
        out.append(state >> 16 & 0xFF)
    return b"\xf7" + bytes(out)


@case("git_lfs_pointer.pt", "a Git LFS pointer: the clone did not fetch the weights", ["Git LFS"])
def git_lfs_pointer():
    return b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 497933648\n"


@case("web_page.pt", "an HTML page saved in place of the download", ["HTML"])
def web_page():
    return b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>Sign in first</body></html>\n"


@case("model.pt.gz", "a TorchScript archive compressed by gzip", ["gzip"])
def gzipped():
    return gzip.compress(archive(), mtime=0)


@case("state_dict.pt", "torch.save of a state_dict, by PyTorch 2.11", [["state_dict", "torch.save"]])
def state_dict():
    return (FILES / "state_dict.pt").read_bytes()


@case("pickled_module.pt", "torch.save of a whole nn.Module, by PyTorch 2.11", ["torch.save"])
def pickled_module():
    return (FILES / "pickled_module.pt").read_bytes()


@case("legacy_save.pt", "torch.save as it was before PyTorch 1.6, written by PyTorch 2.11", ["torch.save"])
def legacy_save():
    return (FILES / "legacy_save.pt").read_bytes()


@case("exported.pt2", "torch.export.save of a module, by PyTorch 2.11", ["torch.export"])
def exported():
    return (FILES / "exported.pt2").read_bytes()


@case("legacy_tar.pt", "torch.save of PyTorch 0.1: a tar file", ["tar"])
def legacy_tar():
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, data in (("sys_info", pickle.dumps({"protocol_version": 1000}, 2)), ("pickle", pickle.dumps({}, 2)),
                           ("storages", pickle.dumps(0, 2)), ("tensors", pickle.dumps(0, 2))):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


@case("plain_pickle.pkl", "a pickle that no PyTorch wrote", ["pickle"])
def plain_pickle():
    return pickle.dumps({"weights": [1.0, 2.0], "name": "forest"}, 4)


@case("model.safetensors", "safetensors", ["safetensors"])
def safetensors():
    header = json.dumps({"weight": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}}).encode()
    return struct.pack("<Q", len(header)) + header + bytes(24)


@case("model.onnx", "ONNX: a ModelProto with a graph of one node", ["ONNX"])
def onnx():
    def field(number: int, data: bytes) -> bytes:
        return bytes([number << 3 | 2, len(data)]) + data

    node = field(1, b"x") + field(2, b"y") + field(4, b"Relu")
    value = field(1, b"x")
    graph = field(1, node) + field(2, b"main_graph") + field(11, value) + field(12, field(1, b"y"))
    # ir_version 8, producer_name, producer_version, graph, opset_import
    return b"\x08\x08" + field(2, b"pytorch") + field(3, b"2.11.0") + field(7, graph) + field(8, b"\x10\x11")


@case("model.gguf", "GGUF", ["GGUF"])
def gguf():
    return b"GGUF" + struct.pack("<IQQ", 3, 0, 0) + bytes(32)


def zipped(**files) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        for name, data in files.items():
            z.writestr(zipfile.ZipInfo(name), data)
    return out.getvalue()


@case("arrays.npz", "NumPy's npz", [["npz", "NumPy"]])
def npz():
    head = b"{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }"
    head += b" " * (-(10 + len(head) + 1) % 64) + b"\n"
    return zipped(**{"weight.npy": b"\x93NUMPY\1\0" + struct.pack("<H", len(head)) + head + bytes(8)})


@case("array.npy", "NumPy's npy", ["NumPy"])
def npy():
    head = b"{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }"
    head += b" " * (-(10 + len(head) + 1) % 64) + b"\n"
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(head)) + head + bytes(8)


@case("documents.zip", "a ZIP file without a model", ["ZIP"])
def documents():
    return zipped(**{"read me.txt": "hello", "photos/a.jpg": bytes(30)})


@case("model.keras", "Keras 3: a ZIP file with config.json and weights in HDF5", ["Keras"])
def keras():
    return zipped(**{"metadata.json": '{"keras_version": "3.5.0"}', "config.json": "{}", "model.weights.h5": b"\x89HDF\r\n\x1a\n" + bytes(40)})


@case("model.h5", "HDF5, as Keras 2 writes it", ["HDF5"])
def hdf5():
    return b"\x89HDF\r\n\x1a\n" + bytes(120)


@case("model.tflite", "TensorFlow Lite: a FlatBuffer TFL3", [["TensorFlow Lite", "TFLite"]])
def tflite():
    return struct.pack("<I", 28) + b"TFL3" + bytes(64)


@case("model.pte", "ExecuTorch: a FlatBuffer ET12", ["ExecuTorch"])
def executorch():
    return struct.pack("<I", 56) + b"ET12" + bytes(96)


@case("model.ptl", "PyTorch Mobile: a FlatBuffer PTMF", ["Mobile"])
def mobile():
    return struct.pack("<I", 24) + b"PTMF" + bytes(64)


@case("first_torchscript.pt", "TorchScript of PyTorch 1.0 to 1.3: model.json in place of data.pkl", ["model.json"])
def first_torchscript():
    return write_archive([Record("m/model.json", b'{"protoVersion": "6"}'), Record("m/version", b"1\n"),
                          Record("m/code/__torch__.py", b"op_version_set = 1\n"), Record("m/tensors/0", bytes(24))])


@case("python_package.pt", "a torch.package that holds no TorchScript", ["torch.package"])
def python_package():
    return write_archive([Record("p/.data/extern_modules", b"torch\n"), Record("p/.data/python_version", b"3.11.7"),
                          Record("p/models/model.pkl", pickle.dumps({"a": 1}, 2)), Record("p/.data/version", b"6\n")])


@case("interrupted_save.pt", "torch.jit.save stopped after data.pkl: parameters and buffers cannot be told apart",
      ["code", ["interrupted", "incomplete", "unfinished", "truncated"]])
def interrupted_save():
    return archive(code=None)


@case("elf.so", "a shared library", [["ELF", "shared library", "shared object", "program"]])
def elf():
    return b"\x7fELF\2\1\1" + bytes(120)
