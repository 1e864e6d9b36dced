"""A function as a tool: what the model is told of it, and how its arguments are read."""

import functools
import inspect
import re
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, Generic, NotRequired, ParamSpec, TypedDict, TypeVar, cast, overload

import msgspec
from attrs import define, field

from pixigpt import _checks
from pixigpt._tool_run import ToolError
from pixigpt.tools._docstring import read_docstring
from pixigpt.tools._schema import Schema, is_json, schema_of
from pixigpt.tools._values import UnfitError, converted
from pixigpt_api.models import FunctionDefinition, FunctionParameters, Tool

P = ParamSpec("P")
T = TypeVar("T")

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_UNNAMED = {
    inspect.Parameter.POSITIONAL_ONLY: "is positional-only",
    inspect.Parameter.VAR_POSITIONAL: "stands for any number of arguments",
    inspect.Parameter.VAR_KEYWORD: "stands for any number of arguments",
}
_typed_dict = cast("Callable[[str, dict[str, object]], type]", TypedDict)


@define(slots=False, eq=False, repr=False)
class FunctionTool(Generic[P, T]):
    """A function that a model may call; to be called by anybody else as the function itself.

    Attributes:
        name: The name that the model calls it by.
        description: What it does, for the model to read.
        parameters: The JSON Schema of its arguments.
        function: The function.

    Example:
        >>> from pixigpt.tools import tool
        >>> @tool
        ... def add(a: int, b: int = 1) -> int:
        ...     '''Add two numbers.'''
        ...     return a + b
        >>> add(2, 3), add.name, add.description
        (5, 'add', 'Add two numbers.')
        >>> add.parameters["properties"]
        {'a': {'type': 'integer'}, 'b': {'type': 'integer', 'default': 1}}
    """

    function: Callable[P, T]
    name: str
    description: str
    parameters: Schema
    _arguments: type = field(alias="arguments")

    def __attrs_post_init__(self) -> None:
        functools.update_wrapper(self, self.function, updated=())

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        return self.function(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<FunctionTool {self.name}>"

    @property
    def definition(self) -> Tool:
        """The tool as a chat completion takes it, which runs nothing.

        Example:
            >>> from pixigpt.tools import tool
            >>> def ping() -> str: return "pong"
            >>> answer = client.create_chat_completion(
            ...     [{"role": "user", "content": "Hi"}], assistant_id=assistant_id, tools=[tool(ping).definition]
            ... )
            >>> answer.choices[0].message.tool_calls[0].function.name
            'ping'
        """
        parameters = FunctionParameters.from_dict(self.parameters)
        definition = FunctionDefinition(self.name, description=self.description or None, parameters=parameters)
        return Tool(function=definition)

    def converted(self, arguments: Mapping[str, object]) -> dict[str, Any]:
        """Return decoded arguments as the function takes them; raise ToolError if they do not fit.

        Example:
            >>> import datetime
            >>> from pixigpt.tools import tool
            >>> def opened(day: datetime.date) -> bool: return day.year > 2000
            >>> tool(opened).converted({"day": "2026-01-31"})
            {'day': datetime.date(2026, 1, 31)}
        """
        try:
            made: dict[str, Any] = converted(arguments, self._arguments, self.parameters)
        except UnfitError as cause:
            raise ToolError(f"The arguments do not fit: {cause}") from cause
        return made


AnyTool = FunctionTool[..., Any]


@overload
def tool(
    function: Callable[P, T], *, name: str | None = None, description: str | None = None
) -> FunctionTool[P, T]: ...


@overload
def tool(
    function: None = None, *, name: str | None = None, description: str | None = None
) -> Callable[[Callable[P, T]], FunctionTool[P, T]]: ...


def tool(
    function: Callable[P, T] | None = None, *, name: str | None = None, description: str | None = None
) -> FunctionTool[P, T] | Callable[[Callable[P, T]], FunctionTool[P, T]]:
    """Make a tool of a function: its schema from the annotations, its descriptions from the docstring.

    Args:
        function: The function, async or not; without it, a decorator is returned.
        name: What the model calls it; by default, the function's name.
        description: What it does, for the model to read; by default, what the docstring says before its sections.

    Returns:
        The tool, which can be called as the function itself.

    Raises:
        TypeError: A parameter has no annotation, or cannot be passed by name; a type has no JSON schema; the name is
            not of 1 to 64 letters, digits, `_` and `-`.

    Example:
        >>> from pixigpt.tools import tool
        >>> @tool(name="search", description="Search the archive.")
        ... def find(words: list[str], limit: int = 10) -> list[str]:
        ...     return words[:limit]
        >>> find.definition.function.name
        'search'
    """
    if function is None:
        return functools.partial(_wrapped, name=name, description=description)
    if isinstance(function, FunctionTool):  # a tool already, which gets another name or description
        name = function.name if name is None else name
        description = function.description if description is None else description
        function = cast("Callable[P, T]", function.function)
    return _wrapped(function, name=name, description=description)


def tools_by_name(functions: object) -> dict[str, AnyTool]:
    """Return tools by their names; raise TypeError if one is no function, or two have one name."""
    if not isinstance(functions, Sequence) or isinstance(functions, str | bytes):
        raise TypeError(f"tools must be a list of functions, not {type(functions).__name__}")
    tools: dict[str, AnyTool] = {}
    for function in cast("Sequence[Callable[..., object]]", functions):
        each = cast("AnyTool", function) if isinstance(function, FunctionTool) else _wrapped(function)
        if each.name in tools:
            raise TypeError(f"two tools have the name {each.name!r}: give one another with tool(f, name=...)")
        tools[each.name] = each
    return tools


def _wrapped(
    function: Callable[P, T], *, name: str | None = None, description: str | None = None
) -> FunctionTool[P, T]:
    _check_function(function)
    _checks.optional(_checks.of_type(str))("name", name)
    _checks.optional(_checks.of_type(str))("description", description)
    name = _checked_name(getattr(function, "__name__", "") if name is None else name)
    docstring = _docstring(function)
    hints, defaults = _parameters(function, name)
    try:
        fields = {each: NotRequired[hint] if each in defaults else hint for each, hint in hints.items()}
        arguments = _typed_dict(name, cast("dict[str, object]", fields))
        arguments.__doc__ = docstring
        schema = schema_of(arguments)
    except TypeError as cause:
        raise TypeError(f"{name}: {cause}") from cause
    parameters = _completed(schema, hints, defaults)
    if description is None:
        description = read_docstring(docstring).summary
    return FunctionTool(function, name, description, parameters, arguments)


def _check_function(function: object) -> None:
    if isinstance(function, Mapping | Tool):
        raise TypeError("a tool that is described by a dict has no function to run: pass the function")
    if not callable(function) or isinstance(function, type):
        raise TypeError(f"a tool must be a function, not {_shown(function)}")


def _docstring(function: object) -> str | None:
    """Return a function's docstring; an object's is its class's, and tells of the class."""
    return inspect.getdoc(function) if inspect.isroutine(function) else None


def _completed(schema: Schema, names: Iterable[str], defaults: Mapping[str, object]) -> Schema:
    """Return the parameters' schema in their order, with the defaults; the tool itself tells what it is."""
    properties = {name: schema["properties"][name] for name in names}  # msgspec sorts them
    for name, value in defaults.items():
        properties[name].update(_default(value))
    required = [name for name in names if name not in defaults]
    made = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
    return {**made, "$defs": schema["$defs"]} if "$defs" in schema else made


def _default(value: object) -> Schema:
    try:
        made = msgspec.to_builtins(value)
    except (TypeError, ValueError):  # one that JSON cannot tell; the parameter is optional all the same
        return {}
    return {"default": made} if is_json(made) else {}


def _parameters(function: Callable[..., object], name: str) -> tuple[dict[str, Any], dict[str, object]]:
    """Return the types of a function's parameters, and the defaults of those that have one."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (NameError, ValueError) as cause:  # an annotation that Python evaluates only now; a builtin without one
        raise TypeError(f"{name}: its parameters cannot be read: {cause}") from cause
    for each in parameters:
        if each.kind in _UNNAMED:
            raise TypeError(f"{name}: the parameter {each} {_UNNAMED[each.kind]}, and a model passes each by its name")
        if each.annotation is each.empty:
            raise TypeError(f"{name}: the parameter {each.name} has no annotation")
    annotations = {each.name: each.annotation for each in parameters}
    defaults = {each.name: each.default for each in parameters if each.default is not each.empty}
    return _resolved(annotations, function, name), defaults


def _resolved(annotations: Mapping[str, object], function: Callable[..., object], name: str) -> dict[str, Any]:
    """Return annotations with those that are text evaluated; what the function returns is nobody's concern here."""
    inner = inspect.unwrap(function.func if isinstance(function, functools.partial) else function)
    module = getattr(inner, "__globals__", None) or getattr(_checks.call_of(inner), "__globals__", {})
    holder = cast("Any", SimpleNamespace(__annotations__=dict(annotations)))
    try:
        return typing.get_type_hints(holder, globalns=module, include_extras=True)
    except (NameError, SyntaxError) as cause:
        raise TypeError(f"{name}: an annotation cannot be evaluated: {cause}") from cause


def _checked_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise TypeError(f"a tool's name must be of 1 to 64 letters, digits, _ and -, not {name!r}: tool(f, name=...)")
    return name


def _shown(value: object) -> str:
    return f"the class {value.__name__}" if isinstance(value, type) else type(value).__name__
