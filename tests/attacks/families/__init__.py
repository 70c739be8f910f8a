"""The attacks by family, a file each; each module holds a list `ATTACKS`."""

import importlib
import pkgutil

ATTACKS = [
    attack
    for family in sorted(module.name for module in pkgutil.iter_modules(__path__))
    for attack in importlib.import_module(f"{__name__}.{family}").ATTACKS
]
