"""Network, local sockets and names: telling somebody outside, or talking to a process beside."""

from ..attack import NO_KERNEL_WALL, STRICT, Attack, in_call

# Under the strict walls there is no such socket, so nothing is left to refuse.
LOCAL = {STRICT: "failed", "basic": "forbidden"}
NATIVE = {"stopped_at": (STRICT,), "reason": NO_KERNEL_WALL}


def trying(call: str) -> str:
    return in_call(f"import socket\ntry:\n    {call}\nexcept BaseException:\n    pass")


ATTACKS = [
    Attack("tcp", trying("socket.create_connection(('127.0.0.1', 9), 1)"), "forbidden"),
    Attack("tcp-6", trying("socket.socket(socket.AF_INET6).connect(('::1', 9))"), "forbidden"),
    Attack(
        "udp",
        trying("socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', 9))"),
        "forbidden",
    ),
    Attack("listen", trying("socket.create_server(('127.0.0.1', 0))"), "forbidden"),
    Attack("names", trying("socket.getaddrinfo('example.org', 80)"), "forbidden"),
    Attack("old-names", trying("socket.gethostbyname('example.org')"), "forbidden"),
    Attack(
        "unix-by-path",
        trying("socket.socket(socket.AF_UNIX).connect('/run/systemd/notify')"),
        LOCAL,
    ),
    Attack(
        "unix-abstract", trying("socket.socket(socket.AF_UNIX).bind('\\0coursekit-attack')"), LOCAL
    ),
    Attack(
        "urllib",
        trying("import urllib.request; urllib.request.urlopen('http://127.0.0.1:9', timeout=1)"),
        "forbidden",
    ),
    Attack(
        "keras-download",
        trying("import keras; keras.utils.get_file('x', 'http://127.0.0.1:9/x')"),
        "forbidden",
    ),
    Attack(
        "sockets-natively",
        in_call(
            """
            for family in (2, 10, 16, 17, 40):
                for kind in (1, 2, 3):
                    if native("socket", family, kind, 0) >= 0:
                        escaped(f"family {family}, type {kind}")
            """
        ),
        **NATIVE,
    ),
    Attack(
        "tcp-natively",
        in_call(
            """
            number = native("socket", 2, 1, 0)
            address = ctypes.create_string_buffer(bytes([2, 0, 0, 9, 127, 0, 0, 1]) + bytes(8))
            native("connect", number, address, 16)
            if number >= 0 and ctypes.get_errno() in (0, 111):
                escaped("a connection was tried")
            """
        ),
        **NATIVE,
    ),
    Attack(
        "unix-abstract-natively",
        in_call(
            """
            number = native("socket", 1, 1, 0)
            if number >= 0:
                libc.bind(number, ctypes.create_string_buffer(b"\\x01\\0\\0coursekit-attack"), 19)
                escaped("a local socket")
            """
        ),
        **NATIVE,
    ),
]
