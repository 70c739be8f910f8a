"""The decoder under anything a worker may send: a message of the protocol's own types, or `ProtocolError`."""

import contextlib
import math
import resource
import time
import tracemalloc

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coursekit.grading.protocol import (
    DTYPES,
    MAX_DEPTH,
    MAX_ITEMS,
    BFloat16,
    Failure,
    Handle,
    Opaque,
    ProtocolError,
    Reply,
    Request,
    decode,
    encode,
)

ARRAY, TUPLE, HANDLE, OPAQUE, BFLOAT16 = 1, 2, 3, 4, 5
QUICK = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
pack = msgspec.msgpack.encode


def extension(code, data):
    return msgspec.msgpack.Ext(code, data)


def reply(value):
    """A frame with any value, past what `encode` would let through."""
    return pack({"value": value})


def raw_reply(body):
    return b"\x81\xa5value" + body


def array(dtype, shape, data=b""):
    return reply(extension(ARRAY, pack([dtype, shape, data])))


def check(message, kind):
    """Holds of everything that was decoded."""
    assert type(message) is kind
    for name in message.__struct_fields__:
        check_value(getattr(message, name), 1)


def check_value(value, depth):
    assert depth <= MAX_DEPTH + 1
    kind = type(value)
    if kind in (list, tuple):
        for item in value:
            check_value(item, depth + 1)
    elif kind is dict:
        assert all(type(key) is str for key in value)
        for item in value.values():
            check_value(item, depth + 1)
    elif kind is np.ndarray:
        assert value.dtype.name in DTYPES and value.ndim <= MAX_DEPTH
        assert value.size < 2**26
    elif kind is Handle:
        assert type(value.number) is int and type(value.path) is str
    elif kind is Opaque:
        assert type(value.type_name) is str and len(value.type_name) <= 200
    elif kind is BFloat16:
        assert value.values.dtype == np.float32
    elif kind is Failure:
        assert type(value.kind) is type(value.message) is type(value.source) is str
    else:
        assert value is None or kind in (bool, int, float, str, bytes)


def survive(body):
    for kind in (Reply, Request):
        with contextlib.suppress(ProtocolError):
            check(decode(body, kind), kind)


def same(left, right):
    """Equal, of the same types, NaN included."""
    if type(left) is not type(right):
        return False
    if isinstance(left, np.ndarray):
        return (
            left.dtype == right.dtype
            and left.shape == right.shape
            and left.tobytes() == right.tobytes()
        )
    if isinstance(left, BFloat16):
        return same(left.values, right.values)
    if isinstance(left, list | tuple):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict):
        return list(left) == list(right) and all(same(left[key], right[key]) for key in left)
    return left == right or (isinstance(left, float) and math.isnan(left) and math.isnan(right))


shapes = st.lists(st.integers(0, 3), max_size=4)
arrays = st.builds(
    lambda dtype, shape, seed: (
        np.frombuffer(
            np.random.default_rng(seed).bytes(math.prod(shape) * np.dtype(dtype).itemsize), dtype
        ).reshape(shape)
        if dtype != "bool"
        else np.random.default_rng(seed).integers(0, 2, shape).astype(bool)
    ),
    st.sampled_from(sorted(DTYPES)),
    shapes,
    st.integers(0, 2**32),
)
leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(),
    st.text(max_size=10),
    st.binary(max_size=10),
    arrays,
    st.builds(Handle, st.integers(-(2**63), 2**63), st.text(max_size=9)),
    st.builds(Opaque, st.text(max_size=40)),
)
values = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(st.text(max_size=5), inner, max_size=4),
    ),
    max_leaves=12,
)
shaped = st.builds(
    extension,
    st.integers(-128, 127),
    st.one_of(
        st.binary(max_size=30),
        st.tuples(
            st.sampled_from(
                [*sorted(DTYPES), "object", "O", "<U5", "datetime64", "complex128", ""]
            ),
            st.lists(
                st.sampled_from([0, 1, 2, -1, 2**31, 2**62, 2**63 - 1, 2**64 - 1]), max_size=5
            ),
            st.binary(max_size=16),
        ).map(pack),
        st.lists(st.integers(0, 9), max_size=3).map(pack),
    ),
)


@QUICK
@given(values)
def test_what_is_sent_arrives(value):
    message = decode(encode(Reply(value, mutated=["a"])), Reply)
    check(message, Reply)
    assert same(message.value, value)


@pytest.mark.parametrize("dtype", sorted(DTYPES))
@pytest.mark.parametrize("shape", [(), (0,), (1,), (0, 3), (2, 0, 4), (2, 3), (1,) * 20])
def test_arrays_of_every_dtype_arrive(dtype, shape):
    sent = np.ones(shape, dtype)
    assert same(decode(encode(Reply((sent, [sent]))), Reply).value, (sent, [sent]))


@QUICK
@given(st.one_of(st.binary(max_size=200), st.binary(max_size=60).map(raw_reply)))
def test_any_bytes(body):
    survive(body)


@QUICK
@given(
    st.recursive(
        st.one_of(shaped, st.integers(), st.binary(max_size=3)),
        lambda inner: st.lists(inner, max_size=3),
    )
)
def test_any_extension(value):
    try:
        body = reply(value)
    except (OverflowError, TypeError):
        return
    survive(body)


def mutated(data):
    body = bytearray(encode(Reply(data.draw(values))))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(body) - 1))
        kind = data.draw(st.sampled_from(["byte", "head", "cut", "repeat", "length"]))
        if kind == "byte":
            body[place] = data.draw(st.integers(0, 255))
        elif kind == "head":
            body[place] = data.draw(st.sampled_from([*range(0xC0, 0xE0), 0x8F, 0x9F, 0xBF]))
        elif kind == "cut":
            del body[place : place + data.draw(st.integers(1, 9))]
        elif kind == "repeat":
            body[place:place] = body[place : place + data.draw(st.integers(1, 30))]
        else:
            body[place : place + 4] = data.draw(
                st.sampled_from([b"\xff" * 4, b"\0\0\0\0", b"\x7f\xff\xff\xff"])
            )
        if not body:
            break
    return bytes(body)


@QUICK
@given(st.data())
def test_any_change_of_a_frame(data):
    survive(mutated(data))


def nested(depth, wrap):
    body = pack(None)
    for _ in range(depth):
        body = wrap(body)
    return body


def as_tuple(body):
    return pack(extension(TUPLE, b"\x91" + body))


DEEP = {
    "lists": nested(MAX_DEPTH + 1, lambda body: b"\x91" + body),
    "maps": nested(MAX_DEPTH + 1, lambda body: b"\x81\xa1a" + body),
    "tuples": nested(MAX_DEPTH + 1, as_tuple),
    "lists and tuples": nested(MAX_DEPTH, lambda body: b"\x91" + as_tuple(body)),
    "very deep lists": nested(90_000, lambda body: b"\x91" + body),
    "very deep tuples": nested(5_000, as_tuple),
}


@pytest.mark.parametrize("case", DEEP)
def test_deep_values_are_refused(case):
    with pytest.raises(ProtocolError):
        decode(raw_reply(DEEP[case]), Reply)


@pytest.mark.parametrize(
    "wrap", [lambda body: b"\x91" + body, lambda body: b"\x81\xa1a" + body, as_tuple]
)
def test_as_deep_as_may_be_sent_arrives(wrap):
    message = decode(raw_reply(nested(MAX_DEPTH - 1, wrap)), Reply)
    check(message, Reply)
    assert decode(encode(message), Reply) == message


CLAIMS = {
    "elements beyond memory, none there": array("float32", [2**62, 0]),
    "as many twice": array("float32", [2**62, 2**62, 0]),
    "beyond 64 bits": array("uint8", [2**64 - 1, 0]),
    "a product of one": array("uint8", [2**63 - 1, 2**63 - 1], b"1"),
    "negative": array("float32", [-1, 0]),
    "negative twice": array("uint8", [-1, -1], b"1"),
    "many axes": array("uint8", [1] * (MAX_DEPTH + 1), b"1"),
    "an axis that is no number": array("uint8", [1.0], b"1"),
    "an axis that is true": array("uint8", [True], b"1"),
    "objects": array("object", [1], bytes(8)),
    "objects, short": array("O", [1], bytes(8)),
    "texts": array("<U2", [1], bytes(8)),
    "records": array("f4,f4", [1], bytes(8)),
    "complex": array("complex64", [1], bytes(8)),
    "another byte order": array(">f4", [1], bytes(4)),
    "no dtype": array("", [0]),
    "too few bytes": array("float32", [2], bytes(7)),
    "a Boolean of 2": array("bool", [1], b"\2"),
    "bfloat16 beyond memory": reply(extension(BFLOAT16, pack([[2**62, 0], b""]))),
    "bfloat16 of odd length": reply(extension(BFLOAT16, pack([[1], b"abc"]))),
    "a handle that is no number": reply(extension(HANDLE, pack(["1", "call"]))),
    "a handle with more": reply(extension(HANDLE, pack([1, "call", 2]))),
    "a tuple that is a map": reply(extension(TUPLE, pack({"a": 1}))),
    "bytes behind an array": reply(extension(ARRAY, pack(["uint8", [0], b""]) + b"\xc0")),
    "an unknown extension": reply(extension(77, b"abc")),
    "a time": raw_reply(b"\xd6\xff\0\0\0\1"),
    "a long time": raw_reply(b"\xc7\x0c\xff" + bytes(12)),
    "a list of 4 billion": raw_reply(b"\xdd\xff\xff\xff\xff\xc0"),
    "a map of 4 billion": raw_reply(b"\xdf\xff\xff\xff\xff\xa1a\xc0"),
    "bytes of 4 GB": raw_reply(b"\xc6\xff\xff\xff\xff\xc0"),
    "text of 4 GB": raw_reply(b"\xdb\xff\xff\xff\xff\xc0"),
    "an extension of 4 GB": raw_reply(b"\xc9\xff\xff\xff\xff\1\xc0"),
    "a map by numbers": reply({1: 2}),
    "a map by lists": raw_reply(b"\x81\x91\1\1"),
    "a map by nothing": reply({None: 1}),
    "text that is not UTF-8": raw_reply(b"\xa1\xff"),
    "bytes behind the message": encode(Reply(1)) + b"\xc0",
    "another kind of message": pack([1, 2]),
    "no message": pack(None),
}


@pytest.mark.parametrize("case", CLAIMS)
def test_false_claims_are_refused_without_memory(case):
    tracemalloc.start()
    try:
        with pytest.raises(ProtocolError):
            decode(CLAIMS[case], Reply)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


def hidden(count):
    """Many items behind an extension whose text looks like the beginning of long bytes."""
    text = b"\xc6" + (count + 5).to_bytes(4, "big")
    return raw_reply(
        b"\x92"
        + pack(extension(OPAQUE, text))
        + b"\xdd"
        + count.to_bytes(4, "big")
        + b"\x90" * count
    )


MANY = {
    "a list": raw_reply(b"\xdd" + (2 * MAX_ITEMS).to_bytes(4, "big") + b"\x90" * 2 * MAX_ITEMS),
    "a tuple": reply(extension(TUPLE, pack([[]] * 2 * MAX_ITEMS))),
    "tuples of tuples": reply([extension(TUPLE, pack([[]] * 1000))] * 200),
    "hidden behind a text": hidden(2 * MAX_ITEMS),
    "axes": array("uint8", [0] * 2 * MAX_ITEMS),
    "a field that is no value": pack({"else": [[]] * 2 * MAX_ITEMS}),
}


@pytest.mark.parametrize("case", MANY)
def test_many_items_are_refused_before_they_take_memory(case):
    tracemalloc.start()
    try:
        with pytest.raises(ProtocolError):
            decode(MANY[case], Reply)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", ["Schlüssel", "Ādt", "李" * 60, "\xc6\xff", "", "a"])
def test_names_of_types_may_be_any_text(name):
    sent = [Opaque(name), 1, Opaque(name)]
    received = decode(encode(Reply(sent)), Reply).value
    assert received[1] == 1 and received[0] == received[2]
    assert name.startswith(received[0].type_name.rstrip("\ufffd"))


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_many_frames_for_a_while():
    """About 20 seconds; what was refused leaves no memory behind."""
    end = time.monotonic() + 20
    count = 0

    @settings(QUICK, max_examples=400, database=None)
    @given(st.data())
    def some(data):
        nonlocal count
        count += 1
        survive(mutated(data))

    some()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    while time.monotonic() < end:
        some()
    assert count > 1000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 * 2**10  # KiB
