"""Archives whose ZIP structure is cut, damaged or untrue."""

import struct
import zlib

from . import case, cases
from .assemble import CODE, WEIGHTS, Record, archive, changed, records, sample, storage, tensor, whole, write_archive

CUT = [["truncated", "incomplete", "cut", "ends too early", "damaged"]]


def cut(count_or_share) -> bytes:
    data = sample("scripted_mlp.pt")
    return data[: count_or_share if isinstance(count_or_share, int) else int(len(data) * count_or_share)]


cases({
    "cut_at_4.pt": ("an archive cut after the signature of its first record", [], 4),
    "cut_at_100.pt": ("an archive cut inside its first record", CUT, 100),
    "cut_in_half.pt": ("an archive cut in the middle", CUT, 0.5),
    "cut_directory.pt": ("an archive cut inside the directory", CUT, 0.97),
    "cut_last_30.pt": ("an archive without its end record", CUT, -30),
    "cut_last_byte.pt": ("an archive without its last byte", CUT, -1),
}, cut)


@case("head_missing.pt", "an archive without its first 500 bytes, so that no offset is right")
def head_missing():
    return sample("scripted_mlp.pt")[500:]


def wrong_crc(record: str) -> bytes:
    rows = records()
    data = next(r.data for r in rows if r.name == f"m/{record}")
    return write_archive(changed(rows, record, lies={"crc": zlib.crc32(data) ^ 1}))


cases({
    "crc_of_data.pt": ("the CRC-32 of data.pkl does not match", ["data.pkl", "CRC"], "data.pkl"),
    "crc_of_constants.pt": ("the CRC-32 of constants.pkl does not match", ["constants.pkl", "CRC"], "constants.pkl"),
    "crc_of_code.pt": ("the CRC-32 of the code does not match", ["code/__torch__.py", "CRC"], "code/__torch__.py"),
}, wrong_crc)


@case("flipped_code_byte.pt", "one flipped bit in the code of a real archive", ["code/__torch__", ["CRC", "damaged"]])
def flipped_code_byte():
    data = bytearray(sample("no_debug_files.pt"))
    name = data.find(b".py")  # the first local header of a source; its name and extra field come before the data
    lengths = struct.unpack_from("<HH", data, data.rfind(b"PK\3\4", 0, name) + 26)
    start = data.rfind(b"PK\3\4", 0, name) + 30 + sum(lengths)
    data[start + 20] ^= 4
    return bytes(data)


@case("crc_of_weights.pt", "the CRC-32 of a weight record does not match: an audit reads no weights", exit=0)
def crc_of_weights():
    return wrong_crc("data/0")


def lying(record: str, **lies) -> bytes:
    return write_archive(changed(records(), record, lies=lies))


BEYOND = [["beyond", "past", "outside", "size", "offset", "damaged", "corrupt", "truncated"]]
cases({
    "offset_beyond_file.pt": ("a record's offset lies beyond the file", BEYOND, "data.pkl", {"offset": 10**9}),
    "weights_offset_beyond_file.pt": ("a weight record's offset lies beyond the file", BEYOND, "data/0", {"offset": 10**9}),
    "weights_size_beyond_file.pt": ("a stored weight record claims a gigabyte", BEYOND, "data/0", {"size": 2**30, "compressed": 2**30}),
    "size_beyond_file.pt": ("data.pkl claims 2 GB, stored", BEYOND, "data.pkl", {"size": 2**31 - 1, "compressed": 2**31 - 1}),
    "stored_sizes_differ.pt": ("a stored record whose two sizes differ", BEYOND, "data/0", {"size": 4096}),
    "unknown_method.pt": ("data.pkl is compressed by a method that does not exist",
                          [["method", "compress", "damaged", "corrupt"]], "data.pkl", {"method": 99}),
    "encrypted.pt": ("data.pkl is marked as encrypted", [["encrypt", "damaged", "corrupt", "unsupported"]], "data.pkl", {"flags": 0x0801}),
    "broken_deflate.pt": ("data.pkl is marked as deflated and is not", ["data.pkl"], "data.pkl", {"method": 8}),
}, lambda record, lies: lying(record, **lies))


@case("overlapping_records.pt", "two weight records lie over each other", [["overlap", "same bytes"]])
def overlapping_records():
    rows = records(whole(more={"x": tensor(of=storage(key="1"))}), weights={"0": WEIGHTS, "1": WEIGHTS})
    data = write_archive(rows)
    offset = data.rfind(b"PK\3\4", 0, data.find(b"m/data/0"))
    return write_archive(changed(rows, "data/1", lies={"offset": offset}))


@case("duplicate_data.pt", "two records named data.pkl: readers differ in which one they take", ["data.pkl", ["duplicate", "twice"]])
def duplicate_data():
    return write_archive(records() + [Record("m/data.pkl", whole())])


@case("duplicate_weights.pt", "two records of one weight, of other sizes", ["data/0", ["duplicate", "twice"]])
def duplicate_weights():
    return write_archive(records() + [Record("m/data/0", WEIGHTS * 2)])


@case("two_roots.pt", "a second model under another root folder: only the first record's root counts", exit=[0, 3])
def two_roots():
    return write_archive(records() + records(root="n"))


@case("no_root.pt", "records without a root folder")
def no_root():
    return write_archive([r.replace(name=r.name[2:]) for r in records()])


@case("names_that_climb.pt", "records named ../../escaped.txt and /tmp/escaped.txt: names are never paths", exit=[0, 3],
      writes=["escaped.txt"])
def names_that_climb():
    return write_archive(records() + [Record("m/../../escaped.txt", b"x"), Record("/tmp/escaped.txt", b"x")])


@case("many_empty_records.pt", "100,000 empty records beside a whole model", exit=0)
def many_empty_records():
    return write_archive(records() + [Record(f"m/extra/{i}", b"") for i in range(100_000)])


@case("too_few_entries_claimed.pt", "the end record claims fewer entries than the directory has", exit=[0, 3])
def too_few_entries_claimed():
    return write_archive(records(), entries=2)


@case("too_many_entries_claimed.pt", "the end record claims more entries than the directory has")
def too_many_entries_claimed():
    return write_archive(records(), entries=60_000)


def zeros(megabytes: int):
    """The deflated form, CRC-32 and size of so many megabytes of zeros, without holding them in memory."""
    block = bytes(1 << 20)
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    first = compressor.compress(block) + compressor.flush(zlib.Z_FULL_FLUSH)
    crc = 0
    for _ in range(megabytes):
        crc = zlib.crc32(block, crc)
    return first * megabytes + zlib.compressobj(9, zlib.DEFLATED, -15).flush(), crc, megabytes << 20


def bomb(record: str, megabytes: int) -> bytes:
    body, crc, size = zeros(megabytes)
    return lying(record, body=body, crc=crc, size=size, method=8)


cases({
    "bomb_data.pt": ("data.pkl inflates to 900 MB", ["data.pkl"], "data.pkl", 900),
    "bomb_code.pt": ("a source inflates to 900 MB", ["code/__torch__.py"], "code/__torch__.py", 900),
}, bomb)


@case("claims_4_gb.pt", "data.pkl, 300 bytes deflated, claims to inflate to 4 GB", ["data.pkl"])
def claims_4_gb():
    rows = [r.replace(deflated=r.name == "m/data.pkl") for r in records()]
    return write_archive(changed(rows, "data.pkl", lies={"size": 2**32 - 2}))


@case("inflates_to_less.pt", "data.pkl inflates to fewer bytes than the directory says", ["data.pkl"])
def inflates_to_less():
    rows = [r.replace(deflated=r.name == "m/data.pkl") for r in records()]
    return write_archive(changed(rows, "data.pkl", lies={"size": len(whole()) + 1000}))


@case("no_version.pt", "an archive without a version record", ["version"])
def no_version():
    return archive(version=None)


cases({
    "version_is_text.pt": ("the version is not a number", ["version"], b"latest\n"),
    "version_of_the_future.pt": ("a version that no PyTorch has", ["version"], b"4000000\n"),
    "version_overflows.pt": ("a version of 400 digits", ["version"], b"9" * 400),
}, lambda version: archive(version=version))


@case("trailing_bytes.pt", "100 bytes after the end record", exit=[0, 3])
def trailing_bytes():
    return sample("scripted_mlp.pt") + bytes(100)


@case("long_name.pt", "a record whose name has 60,000 bytes; LibTorch cuts names at 511", exit=3, says=["60008"])
def long_name():
    return write_archive(records() + [Record("m/extra/" + "n" * 60_000, b"x")])


@case("large_code_line.pt", "a source of 30 MB in one line", exit=[0, 3])
def large_code_line():
    rows = records(code=CODE + "# " + "x" * (30 << 20))
    return write_archive([r.replace(deflated=r.name.endswith(".py")) for r in rows])
