"""The four ids that every vocabulary of the course begins with."""

PAD = 0
START = 1
STOP = 2
UNKNOWN = 3

SPECIAL_TOKENS = ("[PAD]", "[START]", "[STOP]", "[UNK]")
