"""What the kernel limits for each process: memory, processor time, files, their size."""

import resource

OUTPUT_LIMIT = 16 * 2**20
OPEN_FILES = 256
THREADS = 256


def limit_resources(memory_bytes: int, cpu_seconds: int, own_user: bool = False) -> str:
    """Sets the limits; memory counts from what the process holds already.

    `own_user`: nobody else's processes count as this user's, so threads can be limited too.
    """
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_FSIZE, OUTPUT_LIMIT)
    _lower(resource.RLIMIT_NOFILE, OPEN_FILES)
    _lower(resource.RLIMIT_CPU, cpu_seconds)
    if own_user:
        _lower(resource.RLIMIT_NPROC, THREADS)
    held = _data_bytes()
    if held is None:
        return "processor time, files"
    _lower(resource.RLIMIT_DATA, held + memory_bytes)
    return "memory, processor time, files"


def _lower(which: int, value: int) -> None:
    _, hard = resource.getrlimit(which)
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.setrlimit(which, (value, value))


def _data_bytes() -> int | None:
    try:
        with open("/proc/self/status") as status:
            for line in status:
                if line.startswith("VmData:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return None
