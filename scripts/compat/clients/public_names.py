"""Print what a user of the installed pixigpt may name: exports, types, methods and their arguments."""

import inspect

import pixigpt
from pixigpt import types  # only 0.1.5 has it


def public_names() -> set[str]:
    """Return every name of 0.1.5 that MIGRATING.md must tell of."""
    names = set(pixigpt.__all__)
    names |= {name for name, value in vars(types).items() if getattr(value, "__module__", "") == types.__name__}
    for name, method in inspect.getmembers(pixigpt.Client, inspect.isfunction):
        if name == "__init__" or not name.startswith("_"):
            names |= {name, *inspect.signature(method).parameters}
    return names | set(vars(pixigpt.Client("key", "url")))


if __name__ == "__main__":
    print("\n".join(sorted(public_names() - {"self", "__init__"})))
