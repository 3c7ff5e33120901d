"""Takes a PyTorch archive apart and writes one with PyTorch's layout: standard library only.

torch.jit.save has no flag for the older layouts, so their samples are repacked.  A stored record's data starts at a multiple
of 64 bytes, padded by an extra field `FB` of its local header, as PyTorchStreamWriter does it.
"""

import dataclasses
import io
import struct
import zipfile
import zlib

ALIGNMENT = 64


@dataclasses.dataclass
class Record:
    name: str
    data: bytes
    deflated: bool = False

    def replace(self, **changes) -> "Record":
        return dataclasses.replace(self, **changes)


def records_of(archive: bytes) -> list[Record]:
    with zipfile.ZipFile(io.BytesIO(archive)) as z:
        return [Record(i.filename, z.read(i), i.compress_type == zipfile.ZIP_DEFLATED) for i in z.infolist()]


def write_archive(records: list[Record]) -> bytes:
    out = bytearray()
    directory = bytearray()
    for record in records:
        name = record.name.encode()
        offset = len(out)
        crc = zlib.crc32(record.data)
        body = record.data
        if record.deflated:
            deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
            body = deflate.compress(record.data) + deflate.flush()
        # 4 bytes of the extra field are its own header
        padding = -(offset + 30 + len(name) + 4) % ALIGNMENT
        extra = b"FB" + struct.pack("<H", padding) + b"Z" * padding
        common = struct.pack("<HHHHHIIIHH", 20, 0x0800, 8 if record.deflated else 0, 0, 0x21, crc, len(body),
                             len(record.data), len(name), 0)
        out += b"PK\3\4" + common[:-2] + struct.pack("<H", len(extra)) + name + extra + body
        directory += (b"PK\1\2" + struct.pack("<H", 20) + common + struct.pack("<HHHII", 0, 0, 0, 0, offset) + name)
    start = len(out)
    out += directory
    out += b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, len(records), len(records), len(directory), start, 0)
    return bytes(out)
