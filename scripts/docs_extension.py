"""For the documentation: `Example:` in a docstring is a session of Python, not a text."""

import griffe


class Examples(griffe.Extension):
    """Griffe knows only the plural as a section; another title would make `>>>` a quotation."""

    def on_object(self, *, obj: griffe.Object, **_: object) -> None:
        """Put the title into the plural before the docstring is parsed."""
        if obj.docstring is not None:
            obj.docstring.value = obj.docstring.value.replace("Example:\n", "Examples:\n")
