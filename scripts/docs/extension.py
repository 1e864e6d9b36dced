"""For the documentation: what griffe, which reads the docstrings, does not see in them as we write them."""

import griffe


class Docstrings(griffe.Extension):
    """Examples are sessions of Python, the tree of errors keeps its lines, defaults and fields are shown in short."""

    def on_object(self, *, obj: griffe.Object, **_: object) -> None:
        """Adapt a docstring before it is parsed."""
        if obj.docstring is not None:
            text = obj.docstring.value.replace("Example:\n", "Examples:\n")  # only the plural is a section to griffe
            head, _, tree = text.partition("\n\n")
            obj.docstring.value = f"{head}\n\n```text\n{tree}\n```" if "├─" in tree else text

    def on_package(self, *, pkg: griffe.Module, **_: object) -> None:
        """Look at a package once it is complete."""
        for module in [
            *pkg.modules.values(),
            *(each for part in pkg.modules.values() for each in part.modules.values()),
        ]:
            for each in module.classes.values():
                if not each.is_alias:
                    gather_fields(each)
                    show_defaults(each)


def gather_fields(model: griffe.Class) -> None:
    """Move what the generated code says under each field into one list, of which a model's page is short."""
    fields = {name: each for name, each in model.attributes.items() if each.docstring is not None and not each.is_alias}
    if model.docstring is None or not model.path.startswith("pixigpt_api.models."):
        return
    lines = [f"    {name}: {' '.join(each.docstring.value.split())}" for name, each in fields.items() if each.docstring]
    if lines:
        model.docstring.value += "\n\nAttributes:\n" + "\n".join(lines)
    for each in fields.values():
        each.docstring = None


def show_defaults(client: griffe.Class) -> None:
    """Put the values of constants in the place of their names."""
    for function in client.functions.values():
        for parameter in function.parameters:
            if isinstance(parameter.default, griffe.ExprName) and parameter.default.name.isupper():
                constant = client.modules_collection[parameter.default.canonical_path]
                parameter.default = str(constant.value)
