"""What the package's public names break for code that was written against an older version."""

import ast
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import griffe

PUBLIC = (
    "pixigpt",
    "pixigpt.bulk",
    "pixigpt.distributed",
    "pixigpt.middleware",
    "pixigpt.otel",
    "pixigpt.ray",
    "pixigpt.testing",
    "pixigpt.tools",
)
# What takes all that another type takes, with the same arguments.
WIDER = {
    "bool": {"int"},
    "int": {"float"},
    "list": {"Sequence", "Collection", "Iterable"},
    "tuple": {"Sequence", "Collection", "Iterable"},
    "Sequence": {"Collection", "Iterable"},
    "Iterator": {"Iterable"},
    "dict": {"Mapping"},
}
# griffe sees only some of these, and takes a grown Literal for a break: they are judged here.
OUR_OWN = (griffe.BreakageKind.ATTRIBUTE_CHANGED_VALUE, griffe.BreakageKind.CLASS_REMOVED_BASE)

Member = griffe.Object | griffe.Alias


def public_breaks(old: Path, new: Path) -> list[str]:
    """Return a line for each break of the public names between two trees of the repository, none twice."""
    before, after = public_modules(old), public_modules(new)
    found: list[str] = []
    for name, module in before.items():
        if name in after:
            found += [f"{name}.{line}" for line in module_breaks(module, after[name])]
        else:
            found.append(f"{name}: the module is gone")
    return list(dict.fromkeys(found))


def public_modules(root: Path) -> dict[str, griffe.Module]:
    """Return the modules with the public names, read without importing anything."""
    loader = griffe.GriffeLoader(
        search_paths=[root, root / "generated"],
        allow_inspection=False,
        extensions=griffe.load_extensions("unpack_typeddict"),  # **options: Unpack[Options] has parameters too
    )
    for package in ("pixigpt_api", "pixigpt"):
        if any((folder / package).is_dir() for folder in (root, root / "generated")):
            loader.load(package, try_relative_path=False)
    modules: dict[str, griffe.Module] = {}
    for name in PUBLIC:
        with suppress(KeyError):
            modules[name] = loader.modules_collection[name]
            hide_modules(modules[name])
    return modules


def hide_modules(module: griffe.Module) -> None:
    """Leave out the modules below: griffe takes them for public, though no `__all__` names them."""
    for member in module.members.values():
        if not member.is_alias and member.is_module:
            member.public = False


def module_breaks(old: griffe.Module, new: griffe.Module) -> Iterator[str]:
    """Yield the breaks of one module's names: what griffe finds, and what it does not judge."""
    for name in sorted(names(old) - names(new)):
        yield f"{name}: it is no longer in __all__"
    for breakage in griffe.find_breaking_changes(old, new):
        if breakage.kind not in OUR_OWN and not is_told_elsewhere(breakage.obj, old, new):
            text = breakage.explain(griffe.ExplanationStyle.MARKDOWN)  # - `name`: *what happened*: old -> new
            yield text.removeprefix("- `").replace("`: *", ": ", 1).replace("*", "", 1)
    for name, before, after in members(old, new):
        yield from (f"{name}{line}" for line in member_breaks(before, after))


def names(module: griffe.Module) -> set[str]:
    """Return what a module exports."""
    return {str(name) for name in module.exports or ()}


def is_told_elsewhere(member: Member, old: griffe.Module, new: griffe.Module) -> bool:
    """Return whether a member is no longer exported, or is inherited from a public class."""
    return (member.parent is old and member.name not in names(new)) or is_inherited(member, names(old))


def is_inherited(member: Member, public: set[str]) -> bool:
    """Return whether a member comes from a base that is public, where it is judged."""
    parent = member.final_target.parent if isinstance(member, griffe.Alias) and member.inherited else None
    return parent is not None and parent.name in public


def members(old: griffe.Module, new: griffe.Module) -> Iterator[tuple[str, Member, Member]]:
    """Yield the public things that both have, those within classes too, with aliases followed."""
    public = names(old)
    for name, before, after in shared(old, new, public):
        yield name, before, after
        if isinstance(before, griffe.Class) and isinstance(after, griffe.Class):
            for inner, *both in shared(before, after, public):
                yield f"{name}.{inner}", both[0], both[1]


def shared(old: griffe.Object, new: griffe.Object, public: set[str]) -> Iterator[tuple[str, Member, Member]]:
    """Yield the public members that both have."""
    for name, member in old.all_members.items():
        if member.is_public and name in new.all_members and not is_inherited(member, public):
            with suppress(griffe.AliasResolutionError):  # what another package defines is not judged
                yield name, target(member), target(new.all_members[name])


def target(member: Member) -> Member:
    """Return what a name stands for in the end."""
    return member.final_target if isinstance(member, griffe.Alias) else member


def member_breaks(old: Member, new: Member) -> Iterator[str]:
    """Yield the breaks that griffe does not judge."""
    match old, new:
        case griffe.Function(), griffe.Function():
            yield from function_breaks(old, new)
        case griffe.Attribute(), griffe.Attribute():
            yield from attribute_breaks(old, new)
        case griffe.Class(), griffe.Class():
            for base in sorted(bases(old) - bases(new)):
                yield f": it no longer inherits from {base}"
        case _:
            pass


def bases(cls: griffe.Class) -> set[str]:
    """Return the classes that a class inherits from, over all generations."""
    return {str(base) for each in (cls, *cls.mro()) for base in each.bases}


def attribute_breaks(old: griffe.Attribute, new: griffe.Attribute) -> Iterator[str]:
    """Yield a type that gives more than it did; a constant, or a Literal's values, that changed."""
    if not fits(new.annotation, old.annotation):
        yield f": its type {old.annotation} became {new.annotation}"
    before, after = str(old.value), str(new.value)
    if before.startswith("Literal["):
        yield from (f": {value} is gone" for value in sorted(kinds(before) - kinds(after)))
    elif old.name != "__version__" and constant(before) and constant(before) != constant(after):
        yield f": its value {constant(before)} became {constant(after) or after}"


def constant(text: str) -> str | None:
    """Return a value that is written out, also as a field's default; None where it is made otherwise."""
    try:
        node = ast.parse(text, mode="eval").body
    except SyntaxError:  # griffe writes some expressions in a way of its own
        return None
    if isinstance(node, ast.Call):
        node = next((each.value for each in node.keywords if each.arg == "default"), node)
    return ast.unparse(node) if isinstance(node, ast.Constant) and node.value is not None else None


def function_breaks(old: griffe.Function, new: griffe.Function) -> Iterator[str]:
    """Yield the types that take less, or give more, than they did."""
    if not fits(new.returns, old.returns):
        yield f": its result {old.returns} became {new.returns}"
    after = {each.name: each.annotation for each in new.parameters}
    for each in old.parameters:
        if not fits(each.annotation, after.get(each.name)):
            yield f"({each.name}): its type {each.annotation} became {after[each.name]}"


def fits(given: object, taken: object) -> bool:
    """Return whether all that one annotation allows is allowed by another one; what is not annotated is not judged."""
    if given is None or taken is None:
        return True
    wide = kinds(str(taken))
    return bool(wide & {"object", "Any"}) or all(wider(each) & wide for each in kinds(str(given)))


def wider(kind: str) -> set[str]:
    """Return a type, and those that take all that it takes."""
    head, bracket, arguments = kind.partition("[")
    return {kind} | {f"{each}{bracket}{arguments}" for each in WIDER.get(head, ())}


def kinds(annotation: str) -> set[str]:
    """Return the types of a union, and the values of a Literal."""
    return set(_kinds(ast.parse(annotation, mode="eval").body))


def _kinds(node: ast.expr) -> Iterator[str]:
    match node:
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            yield from _kinds(left)
            yield from _kinds(right)
        case ast.Subscript(value=ast.Name(id="Literal"), slice=ast.Tuple(elts=values)):
            yield from (f"Literal[{ast.unparse(value)}]" for value in values)
        case _:
            yield ast.unparse(node)
