"""Frames: what travels comes back the same, everything else is refused."""

import contextlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coursekit.grading.protocol import (
    MAX_FRAME,
    Handle,
    Opaque,
    ProtocolError,
    Reply,
    Request,
    decode,
    encode,
    frame_length,
)

VALUES = [
    None,
    True,
    3,
    -2.5,
    "text",
    [1, [2.0, "a"]],
    (1, (2, [3])),
    {"a": (1, 2)},
    Handle(3, "call"),
    Opaque("Thing"),
]


@pytest.mark.parametrize("value", VALUES, ids=str)
def test_plain_values_come_back_the_same(value):
    received = decode(encode(Reply(value)), Reply).value
    assert received == value
    assert type(received) is type(value)


@pytest.mark.parametrize(
    "dtype", ["bool", "int32", "int64", "uint8", "float16", "float32", "float64"]
)
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 4), (2, 3, 4)])
def test_arrays_come_back_the_same(dtype, shape):
    array = np.random.default_rng(0).integers(0, 2, size=shape).astype(dtype)
    received = decode(encode(Reply([array])), Reply).value[0]
    assert received.dtype == array.dtype
    assert received.shape == array.shape
    assert np.array_equal(received, array)


def test_a_request_comes_back_the_same():
    request = Request("call", Handle(0, "f"), [np.ones(2), (1, 2)], {"mask": None}, {"seed": 3})
    received = decode(encode(request), Request)
    assert received.target == Handle(0, "f")
    assert received.arguments[1] == (1, 2)
    assert received.variant == {"seed": 3}


def test_objects_do_not_travel():
    with pytest.raises(ProtocolError, match="cannot encode"):
        encode(Reply(object()))


def test_arrays_of_objects_arrive_as_opaque():
    received = decode(encode(Reply(np.array([object()]))), Reply).value
    assert received == Opaque("array of dtype object")


def test_too_deep_and_too_large_are_refused():
    value: list = []
    for _ in range(100):
        value = [value]
    with pytest.raises(ProtocolError, match="deep"):
        encode(Reply(value))
    with pytest.raises(ProtocolError, match="limit"):
        frame_length((MAX_FRAME + 1).to_bytes(4, "big"))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xc1",
        b"\x80" * 10,
        encode(Reply(np.ones(3)))[:-1],
        b"\x81\xa5value\xc7\x02\x01\xc0\xc0",  # an array extension without an array
        b"\x81\xa5value\xd4\x63\x00",  # an unknown extension
        b"\x81\xa7failure\x01",
    ],
)
def test_malformed_bodies_are_refused(body):
    with pytest.raises(ProtocolError):
        decode(body, Reply)


def test_an_array_that_claims_more_than_it_holds_is_refused():
    whole = encode(Reply(np.ones(4, np.uint8)))
    claimed = whole.replace(b"\x91\x04", b"\x91\x05")
    assert claimed != whole
    with pytest.raises(ProtocolError):
        decode(claimed, Reply)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_random_bytes_are_a_reply_or_refused(body):
    with contextlib.suppress(ProtocolError):
        assert isinstance(decode(body, Reply), Reply)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 60), st.integers(0, 255))
def test_a_changed_byte_is_a_reply_or_refused(place, byte):
    body = bytearray(encode(Reply([np.arange(6.0).reshape(2, 3), (1, "a")])))
    body[place % len(body)] = byte
    with contextlib.suppress(ProtocolError):
        assert isinstance(decode(bytes(body), Reply), Reply)
