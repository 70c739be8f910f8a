"""The walls around student code in its forked child, one file each; `confine.py` builds them in order."""
