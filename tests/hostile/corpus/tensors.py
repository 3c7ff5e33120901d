"""Tensors that claim what their storage does not hold."""

from . import case, cases
from .assemble import CODE, TRUE, archive, call, hooks, integer, list_, records, storage, tensor, text, tuple_, whole, write_archive

PAST = ["weight", ["past", "beyond", "exceed", "reach", "larger", "outside"]]
NEGATIVE = ["weight", "negative"]
OVERFLOW = ["weight", ["overflow", "past", "beyond", "exceed", "reach", "larger", "too large"]]
KIND = ["weight", ["storage", "shorter", "dtype", "type", "larger", "holds"]]
SHAPE = [["data.pkl", "weight"]]


def of_weight(piece: bytes) -> bytes:
    return archive(whole(piece))


BIG = 2**62
cases({
    "past_storage.pt": ("a tensor of 9 elements in a storage of 6", PAST, tensor((3, 3), (3, 1))),
    "past_storage_by_one.pt": ("a tensor that ends one element past its storage", PAST, tensor((2, 3), (3, 1), 1)),
    "offset_past_storage.pt": ("a tensor that starts past its storage", PAST, tensor((1,), (1,), 6)),
    "offset_huge.pt": ("an offset of 2^62", OVERFLOW, tensor((2, 3), (3, 1), BIG)),
    "offset_negative.pt": ("an offset of -1", NEGATIVE, tensor((2, 3), (3, 1), -1)),
    "size_negative.pt": ("a size of -2", NEGATIVE, tensor((-2, 3), (3, 1))),
    "sizes_negative_twice.pt": ("two negative sizes, whose product is right", NEGATIVE, tensor((-2, -3), (3, 1))),
    "stride_negative.pt": ("a stride of -1, which LibTorch silently replaces", NEGATIVE, tensor((2, 3), (3, -1))),
    "sizes_overflow.pt": ("sizes whose product passes 2^63", OVERFLOW, tensor((BIG, BIG), (0, 0))),
    "sizes_overflow_to_six.pt": ("sizes whose product is 6 modulo 2^64", OVERFLOW, tensor((2**63 - 1 >> 1, 4, 2), (0, 0, 0))),
    "size_huge_stride_0.pt": ("2^62 elements, all of them one number", [], tensor((BIG,), (0,))),
    "stride_huge.pt": ("a stride of 2^50", PAST, tensor((2, 3), (2**50, 1))),
    "stride_overflows.pt": ("strides whose sum passes 2^63", OVERFLOW, tensor((3, 3), (BIG, BIG))),
    "rank_65.pt": ("a tensor of rank 65", ["weight", ["rank", "dimension"]], tensor((1,) * 65, (1,) * 65)),
    "rank_100000.pt": ("a tensor of rank 100,000", SHAPE, tensor((1,) * 100_000, (1,) * 100_000)),
    "more_sizes_than_strides.pt": ("two sizes and one stride", SHAPE, tensor((2, 3), (1,))),
    "storage_missing.pt": ("no record holds the storage", ["data/7", ["missing", "no record", "not found", "absent"]],
                           tensor(of=storage(key="7"))),
    "storage_shorter.pt": ("a storage that says 100 elements, in a record of 6", KIND, tensor((100,), (1,), of=storage(count=100))),
    "storage_count_negative.pt": ("a storage of -6 elements", SHAPE, tensor(of=storage(count=-6))),
    "storage_count_huge.pt": ("a storage of 2^62 elements", KIND, tensor(of=storage(count=BIG))),
    "dtype_too_wide.pt": ("6 doubles in a storage of 24 bytes", KIND, tensor(of=storage(kind="DoubleStorage"))),
    "storage_type_unknown.pt": ("a storage type that does not exist", ["MadeUpStorage"], tensor(of=storage(kind="MadeUpStorage"))),
    "storage_key_climbs.pt": ("a storage named ../../secret", ["../../secret"], tensor(of=storage(key="../../secret"))),
    "storage_key_number.pt": ("a storage named by a number", SHAPE, tensor(of=tuple_(
        text("storage"), b"ctorch\nFloatStorage\n", integer(0), text("cpu"), integer(6)) + b"Q")),
    "size_is_text.pt": ("a size that is text", SHAPE, tensor(tuple_(text("2"), integer(3)), (3, 1))),
    "size_is_bool.pt": ("a size that is True", SHAPE, tensor(tuple_(TRUE, integer(3)), (3, 1))),
    "sizes_are_a_list.pt": ("sizes in a list", SHAPE, tensor(list_(integer(2), integer(3)), (3, 1))),
    "offset_is_text.pt": ("an offset that is text", SHAPE, tensor(offset=text("0"))),
    "tensor_of_three_arguments.pt": ("a tensor with three arguments", SHAPE,
                                     call("torch._utils", "_rebuild_tensor_v2", storage(), integer(0), tuple_(integer(6)))),
    "sparse_without_tensors.pt": ("a sparse tensor without indices and values", SHAPE, call(
        "torch._utils", "_rebuild_sparse_tensor", integer(1), tuple_(integer(2), integer(3)), TRUE, hooks())),
    "sparse_layout_9.pt": ("a sparse tensor of a layout that does not exist", SHAPE, call(
        "torch._utils", "_rebuild_sparse_tensor", integer(9), tuple_(integer(2), integer(3)), TRUE, tensor(), tensor(), hooks())),
    "quantized_without_scheme.pt": ("a quantized tensor whose scheme is a number", SHAPE, call(
        "torch._utils", "_rebuild_qtensor", storage(kind="QInt8Storage"), integer(0), tuple_(integer(6)), tuple_(integer(1)),
        integer(3), TRUE, hooks())),
    "quint4x2_past_storage.pt": ("49 elements of 4 bits in a storage of 24 bytes", PAST, call(
        "torch._utils", "_rebuild_qtensor", storage(kind="QUInt4x2Storage", count=24), integer(0), tuple_(integer(49)), tuple_(integer(1)),
        tuple_(b"ctorch\nper_tensor_affine\n", b"G?\xf0\0\0\0\0\0\0", integer(0)), TRUE, hooks())),
}, of_weight)


@case("storage_record_shorter.pt", "a record of 20 bytes where the storage says 24", KIND)
def storage_record_shorter():
    return archive(weights={"0": bytes(20)})


@case("storage_record_longer.pt", "a record of 28 bytes where the storage says 24: LibTorch reads it", exit=[0, 3])
def storage_record_longer():
    return archive(weights={"0": bytes(28)})


@case("empty_with_huge_offset.pt", "a tensor without elements at an offset of 2^62", exit=[0, 3])
def empty_with_huge_offset():
    return of_weight(tensor((0, 3), (3, 1), BIG))


@case("one_storage_two_types.pt", "float32 and int32 over one storage, as Tensor.view(dtype) makes it", exit=0)
def one_storage_two_types():
    code = CODE.replace("training : bool\n", "training : bool\n  bits : Tensor\n")
    return archive(whole(more={"bits": tensor(of=storage(kind="IntStorage"), requires_grad=b"\x89")}), code=code)


@case("two_claims_of_one_storage.pt", "one storage that says 6 elements here and 60 there", [["data/0", "again", "storage"]])
def two_claims_of_one_storage():
    return archive(whole(more={"again": tensor((60,), (1,), of=storage(count=60))}))


@case("weights_deflated.pt", "a weight record that is compressed: torch.jit.load inflates it", exit=0)
def weights_deflated():
    return write_archive([r.replace(deflated=r.name == "m/data/0") for r in records()])
