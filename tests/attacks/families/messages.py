"""What is told: hidden inputs that leak through it, and text that harms whoever shows it."""

from ..attack import Attack, at_import, in_call

MARKUP = "\\x1b]0;title\\x07\\x1b[2J\\x1b[31m[red]<script>alert(1)</script>&amp;]]>\\x00\\ud800\\u202e\\ufffe\\r\\n\\b{{7*7}}=cmd|'/c calc'!A1"

ATTACKS = [
    Attack("markup-in-a-message", in_call(f'raise ValueError("{MARKUP}")'), "error"),
    Attack(
        "markup-in-the-name-of-a-class",
        in_call(
            f'raise type("E" + "{MARKUP}".replace(chr(0), "").replace(chr(0xd800), ""), (Exception,), {{}})("x")'
        ),
        "error",
    ),
    Attack(
        "markup-in-a-type",
        in_call(
            f'return type("T" + "{MARKUP}".replace(chr(0), "").replace(chr(0xd800), ""), (), {{}})()'
        ),
    ),
    Attack("markup-in-an-answer", in_call(f'return "{MARKUP}".replace(chr(0xd800), "")')),
    Attack("a-text-that-cannot-be-encoded", in_call('return "\\ud800"'), "error"),
    Attack("markup-in-keys", in_call(f'return {{"{MARKUP}".replace(chr(0xd800), ""): 1}}')),
    Attack(
        "markup-in-a-source-line",
        in_call("raise ValueError('\x1b[31m\u202e<b>')  # \x1b[2J\x07"),
        "error",
    ),
    Attack("a-message-of-30-MB", in_call("raise ValueError('x' * (30 * 2**20))"), "error"),
    Attack(
        "a-message-of-many-lines",
        in_call("raise ValueError('\\n'.join(map(str, range(10**5))))"),
        "error",
    ),
    Attack(
        "a-file-name-of-its-own",
        at_import(
            "exec(compile('def hidden():\\n    raise ValueError(1)', '/etc/shadow', 'exec'))"
        ).replace("def attack(inputs):\n    pass", "def attack(inputs):\n    hidden()"),
        "error",
    ),
    Attack(
        "a-line-of-another-file",
        in_call(
            "exec(compile('\\n' * 10**5 + 'raise ValueError(1)', '/somewhere/ex02_lstm.py', 'exec'))"
        ),
        "error",
    ),
    Attack("an-odd-coding-cookie", "# -*- coding: utf-7 -*-\n" + in_call("return None")),
    Attack(
        "a-coding-that-runs",
        "# -*- coding: unicode_escape -*-\n# \\nraise SystemExit(0)\n" + in_call("return None"),
    ),
    Attack("a-byte-order-mark", "\ufeff" + in_call("return None")),
    Attack("line-ends-of-windows", in_call("return None").replace("\n", "\r\n")),
    Attack("null-bytes", in_call("return None") + "\0", "error"),
    Attack(
        "right-to-left", in_call("access = 'user\u202e \u2066# only\u2069 \u2066'\nreturn None")
    ),
    Attack("an-empty-file", "", "error"),
    Attack("no-python", "%PDF-1.7 \n%\u00e2\u00e3", "error"),
    Attack("a-syntax-error-that-tells", "x = = '\x1b[31m<script>'", "error"),
    Attack(
        "warnings-that-raise",
        at_import("import warnings\nwarnings.simplefilter('error')\nwarnings.warn('x')"),
        "error",
    ),
    Attack(
        "printed-frames",
        in_call(
            "sys.stdout.buffer.write(bytes(range(256)) * 100)\nsys.stdout.flush()\nsys.__stdout__ and sys.__stdout__.write('x')"
        ),
    ),
]
