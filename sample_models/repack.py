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
    # What the ZIP says, where that is not the truth: the broken archives of tests/hostile.
    lies: dict = dataclasses.field(default_factory=dict)

    def replace(self, **changes) -> "Record":
        return dataclasses.replace(self, **changes)


def records_of(archive: bytes) -> list:
    with zipfile.ZipFile(io.BytesIO(archive)) as z:
        return [Record(i.filename, z.read(i), i.compress_type == zipfile.ZIP_DEFLATED) for i in z.infolist()]


def deflate(data: bytes) -> bytes:
    compressor = zlib.compressobj(6, zlib.DEFLATED, -15)
    return compressor.compress(data) + compressor.flush()


def write_archive(records: list, entries: int = None) -> bytes:
    """`lies` of a record: body (the stored bytes), crc, compressed, size, offset, method, flags, local_name, local_size.

    `entries` is the number of entries that the end record claims.
    """
    out = bytearray()
    directory = bytearray()
    for record in records:
        lies = record.lies
        name = record.name.encode("utf-8", "surrogateescape")
        local_name = lies.get("local_name", record.name).encode("utf-8", "surrogateescape")
        offset = len(out)
        body = lies.get("body", deflate(record.data) if record.deflated else record.data)
        crc = lies.get("crc", zlib.crc32(record.data))
        compressed, size = lies.get("compressed", len(body)), lies.get("size", len(record.data))
        method = lies.get("method", 8 if record.deflated else 0)
        about = struct.pack("<HHHHHI", 20, lies.get("flags", 0x0800), method, 0, 0x21, crc)
        padding = -(offset + 30 + len(local_name) + 4) % ALIGNMENT  # 4 bytes are the extra field's own header
        extra = b"FB" + struct.pack("<H", padding) + b"Z" * padding
        out += (b"PK\3\4" + about + struct.pack("<IIHH", compressed, lies.get("local_size", size), len(local_name), len(extra))
                + local_name + extra + body)
        directory += (b"PK\1\2" + struct.pack("<H", 20) + about
                      + struct.pack("<IIHHHHHII", compressed, size, len(name), 0, 0, 0, 0, 0, lies.get("offset", offset)) + name)
    start = len(out)
    count = len(records) if entries is None else entries
    if count < 0xFFFF:
        end = struct.pack("<HHHHIIH", 0, 0, count, count, len(directory), start, 0)
    else:  # ZIP64: its own end record, and a locator that points at it
        where = start + len(directory)
        directory += b"PK\6\6" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, count, count, where - start, start)
        directory += b"PK\6\7" + struct.pack("<IQI", 0, where, 1)
        end = struct.pack("<HHHHIIH", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    return bytes(out + directory + b"PK\5\6" + end)
