"""The attacks by family; each module holds a list `ATTACKS`."""

from . import (
    answers,
    bombs,
    endings,
    files,
    frames,
    kernel,
    messages,
    network,
    patches,
    processes,
    ready_made,
    replays,
    stored_files,
    times,
    writes,
)

ATTACKS = [
    attack
    for family in (
        answers,
        bombs,
        endings,
        files,
        frames,
        kernel,
        messages,
        network,
        patches,
        processes,
        ready_made,
        replays,
        stored_files,
        times,
        writes,
    )
    for attack in family.ATTACKS
]
