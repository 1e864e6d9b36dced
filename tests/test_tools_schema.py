"""Each kind of type has one valid JSON Schema, and values of it are converted strictly; a function's is its tool's."""

import dataclasses
import datetime
import decimal
import enum
import functools
import json
import math
import subprocess
import sys
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Final,
    Generic,
    Literal,
    NamedTuple,
    NewType,
    NotRequired,
    Optional,
    TypedDict,
    TypeVar,
    cast,
)

import attrs
import msgspec
import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from pixigpt.tools import ToolError, tool
from pixigpt.tools._schema import schema_of
from pixigpt.tools._values import UnfitError, converted

if TYPE_CHECKING:
    NotImportedHere = tuple[object, ...]  # a return type, which nobody needs at run time

T = TypeVar("T")


class Color(enum.Enum):
    """A color."""

    RED = "red"
    BLUE = "blue"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


@attrs.define
class City:
    """A city.

    It has inhabitants.

    Attributes:
        name: Its name.
    """

    name: str
    rank: int = 3


@dataclasses.dataclass
class Trip:
    """A trip.

    Args:
        stops: Where it leads.
        color: The color
            of the line.
    """

    stops: list[City]
    color: Color = Color.RED
    start: City | None = None


class Options(TypedDict):
    """Options.

    Attributes:
        limit: Not this, since the annotation says more.
    """

    limit: Annotated[int, msgspec.Meta(ge=1, description="How many.")]
    unit: NotRequired[Literal["c", "f"]]


class Point(NamedTuple):
    x: int
    y: int = 0


@attrs.define
class Node:
    """A node."""

    value: int
    next: "Node | None" = None


@attrs.define
class Box(Generic[T]):
    item: T


@attrs.define
class Empty:
    pass


class Order(pydantic.BaseModel):
    """An order.

    Attributes:
        count: How many.
    """

    count: int
    color: Color = Color.RED
    note_text: str = pydantic.Field(default="", description="A note.", max_length=5)


class Tree(pydantic.BaseModel):
    children: "list[Tree]" = []


class Open(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="allow")
    day: datetime.date


OPENED = Open.model_validate({"day": datetime.date(2026, 1, 31), "more": {"x": 1}})


class Small(msgspec.Struct):
    """A struct."""

    a: int


class Cat(msgspec.Struct, tag="cat"):
    lives: int


class Dog(msgspec.Struct, tag="dog"):
    tricks: list[str]


UserId = NewType("UserId", int)

CITY = {
    "title": "City",
    "type": "object",
    "description": "A city.\n\nIt has inhabitants.",
    "properties": {
        "name": {"type": "string", "description": "Its name."},
        "rank": {"type": "integer", "default": 3},
    },
    "required": ["name"],
    "additionalProperties": False,
}
COLOR = {"title": "Color", "description": "A color.", "enum": ["blue", "red"], "type": "string"}
NODE = {
    "title": "Node",
    "description": "A node.",
    "type": "object",
    "properties": {
        "value": {"type": "integer"},
        "next": {"anyOf": [{"$ref": "#/$defs/Node"}, {"type": "null"}], "default": None},
    },
    "required": ["value"],
    "additionalProperties": False,
}
TREE = {
    "title": "Tree",
    "type": "object",
    "properties": {"children": {"type": "array", "items": {"$ref": "#/$defs/Tree"}, "default": []}},
    "additionalProperties": False,
}
SCHEMAS: list[tuple[Any, dict[str, Any]]] = [
    (str, {"type": "string"}),
    (int, {"type": "integer"}),
    (float, {"type": "number"}),
    (bool, {"type": "boolean"}),
    (None, {"type": "null"}),
    (Any, {}),
    (UserId, {"type": "integer"}),
    (bytes, {"type": "string", "contentEncoding": "base64"}),
    (datetime.date, {"type": "string", "format": "date"}),
    (decimal.Decimal, {"type": "string", "format": "decimal"}),
    (uuid.UUID, {"type": "string", "format": "uuid"}),
    (list[int], {"type": "array", "items": {"type": "integer"}}),
    (Sequence[int], {"type": "array", "items": {"type": "integer"}}),
    (set[str], {"type": "array", "items": {"type": "string"}, "uniqueItems": True}),
    (dict[str, int], {"type": "object", "additionalProperties": {"type": "integer"}}),
    (Mapping[str, Any], {"type": "object"}),
    (dict, {"type": "object"}),
    (
        tuple[int, str],
        {
            "type": "array",
            "prefixItems": [{"type": "integer"}, {"type": "string"}],
            "minItems": 2,
            "maxItems": 2,
            "items": False,
        },
    ),
    (
        Point,
        {
            "title": "Point",
            "type": "array",
            "prefixItems": [{"type": "integer"}, {"type": "integer", "default": 0}],
            "minItems": 1,
            "maxItems": 2,
        },
    ),
    (Literal["a", "b"], {"enum": ["a", "b"], "type": "string"}),
    (Literal[1, "a"], {"enum": [1, "a"]}),
    (int | str, {"anyOf": [{"type": "integer"}, {"type": "string"}]}),
    (Optional[City], {"anyOf": [CITY, {"type": "null"}]}),  # noqa: UP045  # as many write it
    (Color, COLOR),
    (Level, {"title": "Level", "enum": [1, 2], "type": "integer"}),
    (Annotated[str, msgspec.Meta(pattern="^a", max_length=3)], {"type": "string", "pattern": "^a", "maxLength": 3}),
    (Annotated[City, msgspec.Meta(description="The capital.")], {**CITY, "description": "The capital."}),
    (City, CITY),
    (
        Trip,
        {
            "title": "Trip",
            "type": "object",
            "description": "A trip.",
            "properties": {
                "stops": {"type": "array", "items": CITY, "description": "Where it leads."},
                "color": {**COLOR, "default": "red", "description": "The color\nof the line."},
                "start": {"anyOf": [CITY, {"type": "null"}], "default": None},
            },
            "required": ["stops"],
            "additionalProperties": False,
        },
    ),
    (
        Options,
        {
            "title": "Options",
            "type": "object",
            "description": "Options.",
            "properties": {
                "limit": {"type": "integer", "minimum": 1, "description": "How many."},
                "unit": {"enum": ["c", "f"], "type": "string"},
            },
            "required": ["limit"],
            "additionalProperties": False,
        },
    ),
    (
        Box[int],
        {
            "title": "Box[int]",
            "type": "object",
            "properties": {"item": {"type": "integer"}},
            "required": ["item"],
            "additionalProperties": False,
        },
    ),
    (Empty, {"title": "Empty", "type": "object", "properties": {}, "required": [], "additionalProperties": False}),
    (Node, {**NODE, "$defs": {"Node": NODE}}),
    (list[Node], {"type": "array", "items": {"$ref": "#/$defs/Node"}, "$defs": {"Node": NODE}}),
    (
        Order,
        {
            "title": "Order",
            "type": "object",
            "description": "An order.",
            "properties": {
                "count": {"type": "integer", "description": "How many."},
                "color": {**COLOR, "enum": ["red", "blue"], "default": "red"},
                "note_text": {"type": "string", "default": "", "description": "A note.", "maxLength": 5},
            },
            "required": ["count"],
            "additionalProperties": False,
        },
    ),
    (Tree, {**TREE, "$defs": {"Tree": TREE}}),
    (
        Open,
        {
            "title": "Open",
            "type": "object",
            "properties": {"day": {"type": "string", "format": "date"}},
            "required": ["day"],
            "additionalProperties": True,
        },
    ),
    (
        Small,
        {
            "title": "Small",
            "type": "object",
            "description": "A struct.",
            "properties": {"a": {"type": "integer"}},
            "required": ["a"],
            "additionalProperties": False,
        },
    ),
]


@pytest.mark.parametrize(("hint", "schema"), SCHEMAS, ids=lambda each: getattr(each, "__name__", ""))
def test_each_kind_of_type_has_a_schema(hint: Any, schema: dict[str, Any]) -> None:
    made = schema_of(hint)
    assert made == schema
    Draft202012Validator.check_schema(made)


def test_two_definitions_of_one_name_keep_apart() -> None:
    def another() -> type:
        class Tree(pydantic.BaseModel):
            parents: "dict[str, Tree]" = {}

        Tree.model_rebuild()
        return Tree

    hint = _typed_dict("Both", {"one": Tree, "two": another()})
    made = schema_of(hint)
    Draft202012Validator.check_schema(made)
    assert made["properties"] == {"one": {"$ref": "#/$defs/Tree"}, "two": {"$ref": "#/$defs/Tree_"}}
    assert made["$defs"]["Tree_"]["properties"]["parents"]["additionalProperties"] == {"$ref": "#/$defs/Tree_"}
    assert converted({"one": {"children": [{}]}, "two": {"parents": {"a": {}}}}, hint, made)
    with pytest.raises(UnfitError, match=r"unknown field - at `\$.two.parents.a.children`"):
        converted({"one": {}, "two": {"parents": {"a": {"children": []}}}}, hint, made)


_typed_dict = cast("Callable[[str, dict[str, object]], Any]", TypedDict)  # its fields are made at run time


@attrs.define
class Lost:
    x: int


Lost.__annotations__["x"] = "Undefined"


class Callback(pydantic.BaseModel):
    call: Callable[[], None]


@attrs.define
class Dependent:
    x: int
    y: int = attrs.field(default=attrs.Factory(lambda self: self.x, takes_self=True))


class Mixed(enum.Enum):
    A = 1
    B = "b"


WITHOUT: list[tuple[Any, str]] = [
    (object, "object has no JSON schema"),
    (complex, "complex has no JSON schema"),
    (list[complex], "complex has no JSON schema"),
    (City | Trip, "Type unions may not contain more than one dataclass or attrs type"),
    (City | Order, "Type unions containing a custom type may not contain any additional types"),
    (Lost, "Lost has an annotation that is not defined: name 'Undefined' is not defined"),
    (Callback, "Callback has no JSON schema: "),
    (Dependent, "Dependent has no JSON schema: Support for default factories"),
    (Mixed, "Enums must contain either all str or all int values"),
    (5, "is not supported"),
]


@pytest.mark.parametrize(("hint", "says"), WITHOUT, ids=str)
def test_a_type_without_schema_is_a_type_error(hint: Any, says: str) -> None:
    with pytest.raises(TypeError, match=says):
        schema_of(hint)

    def function(argument: Any) -> None: ...

    function.__annotations__["argument"] = hint
    with pytest.raises(TypeError, match="function: "):
        tool(function)


FITS: list[tuple[Any, Any, Any]] = [
    (float, 5, 5.0),
    (datetime.date, "2026-01-31", datetime.date(2026, 1, 31)),
    (set[int], [1, 2], {1, 2}),
    (Point, [1], Point(1)),
    (Level, 2, Level.HIGH),
    (Trip, {"stops": [{"name": "A"}], "color": "blue"}, Trip([City("A")], Color.BLUE)),
    (Options, {"limit": 1}, {"limit": 1}),
    (Node, {"value": 1, "next": {"value": 2}}, Node(1, Node(2))),
    (Order, {"count": 1, "color": "blue"}, Order(count=1, color=Color.BLUE)),
    (list[Order], [{"count": 1}], [Order(count=1)]),
    (Open, {"day": "2026-01-31", "more": {"x": 1}}, OPENED),
    (dict[str, City], {"any": {"name": "A"}}, {"any": City("A")}),
    (dict[int, list[dict[float, str]]], {"1": [{"2.5": "1"}]}, {1: [{2.5: "1"}]}),
    (Cat | Dog, {"type": "dog", "tricks": ["sit"]}, Dog(["sit"])),
    (Any, {"x": [1]}, {"x": [1]}),
]


@pytest.mark.parametrize(("hint", "value", "made"), FITS, ids=str)
def test_what_fits_is_converted(hint: Any, value: Any, made: Any) -> None:
    schema = schema_of(hint)
    Draft202012Validator.check_schema(schema)
    assert Draft202012Validator(schema).is_valid(value)
    found = converted(value, hint, schema)
    assert found == made
    assert type(found) is type(made)


SCALARS = st.sampled_from([None, True, 0, 1, 2, 1.5, 3.0, "", "A", "red", "1", "2026-01-31"])
KEYS = st.sampled_from(["name", "rank", "stops", "color", "start", "value", "next", "count", "children", "x"])
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=8
)


@given(value=VALUES, hint=st.sampled_from([City, Trip, Node, Order, Tree, list[City], City | None, int | str, Point]))
@settings(max_examples=100, deadline=None)
def test_a_value_is_converted_exactly_if_it_is_valid_by_the_schema(value: Any, hint: Any) -> None:
    schema = schema_of(hint)
    try:
        converted(value, hint, schema)
        fits = True
    except UnfitError:
        fits = False
    valid = Draft202012Validator(schema).is_valid(value)
    assert fits == valid or (valid and "3.0" in repr(value))  # which JSON Schema takes for an integer, and we do not


@attrs.define
class Positive:
    x: int = attrs.field(validator=attrs.validators.gt(0))


@dataclasses.dataclass
class Checked:
    x: int

    def __post_init__(self) -> None:
        assert self.x > 0, "x must be\nabove 0"


UNFIT: list[tuple[Any, Any, str]] = [
    (int, "5", "Expected `int`, got `str`"),
    (int, 5.0, "Expected `int`, got `float`"),
    (int, True, "Expected `int`, got `bool`"),
    (bool, 1, "Expected `bool`, got `int`"),
    (str, 5, "Expected `str`, got `int`"),
    (Color, "green", "Invalid enum value 'green'"),
    (City, {}, "Object missing required field `name`"),
    (City, [], "Expected `object`, got `array`"),
    (City, {"name": "A", "rank": "1"}, "Expected `int`, got `str` - at `$.rank`"),
    (City, {"name": "A", "size": 1}, "unknown field - at `$.size`"),
    (Empty, {"size": 1}, "unknown field - at `$.size`"),
    (Small, {"a": 1, "b": 2}, "unknown field - at `$.b`"),
    (Options, {"limit": 1, "more": 1}, "unknown field - at `$.more`"),
    (Options, {"limit": 0}, "Expected `int` >= 1 - at `$.limit`"),
    (list[City], [{"name": "A"}, {"name": "B", "x": 1}], "unknown field - at `$[1].x`"),
    (tuple[int, City], [1, {"name": "B", "x": 1}], "unknown field - at `$[1].x`"),
    (dict[str, City], {"a": {"name": "A", "x": 1}}, "unknown field - at `$.a.x`"),
    (dict[int, int], {"a": 1}, "Expected `int`, got `str` - at `key`"),
    (dict[int, int], {"1": "1"}, "Expected `int`, got `str` - at `$[...]`"),
    (Trip, {"stops": [{"name": "A", "x": 1}]}, "unknown field - at `$.stops[0].x`"),
    (Trip, {"stops": [], "start": {"name": "A", "x": 1}}, "unknown field - at `$.start.x`"),
    (Node, {"value": 1, "next": {"value": 2, "next": {"value": 3, "x": 1}}}, "unknown field - at `$.next.next.x`"),
    (Cat | Dog, {"type": "dog", "tricks": [], "lives": 1}, "unknown field - at `$.lives`"),
    (Order, {"count": "1"}, "count: Input should be a valid integer"),
    (Order, {"count": 1, "x": 1}, "unknown field - at `$.x`"),
    (
        list[Order],
        [{"count": 1, "note_text": "too long"}],
        "note_text: String should have at most 5 characters - at `$[0]`",
    ),
    (Tree, {"children": [{"x": 1}]}, "unknown field - at `$.children[0].x`"),
    (Positive, {"x": 0}, "'x' must be > 0: 0"),
    (Checked, {"x": 0}, "x must be above 0"),
]


@pytest.mark.parametrize(("hint", "value", "why"), UNFIT, ids=str)
def test_what_does_not_fit_is_told(hint: Any, value: Any, why: str) -> None:
    with pytest.raises(UnfitError) as caught:
        converted(value, hint, schema_of(hint))
    assert str(caught.value).startswith(why)
    assert "\n" not in str(caught.value)


def book(
    self_service: bool,
    cities: list[City],
    order: Order,
    color: Color = Color.RED,
    *,
    day: "datetime.date" = datetime.date(2026, 1, 31),
    limit: Annotated[int, msgspec.Meta(ge=1)] = 5,
    hook: Annotated[Any, "anything"] = object,
) -> "NotImportedHere":
    """Book a trip.

    By train.

    Args:
        self_service: Whether nobody helps.
        cities: Where to.
        order: The order.
        limit: At most
            so many.

    Returns:
        Something.

    Raises:
        ValueError: Never.
    """
    return (self_service, cities, order, color, day, limit, hook)


def test_a_functions_schema_has_its_docstrings_descriptions() -> None:
    made = tool(book)
    assert (made.name, made.description) == ("book", "Book a trip.\n\nBy train.")
    assert made.parameters == {
        "type": "object",
        "properties": {
            "self_service": {"type": "boolean", "description": "Whether nobody helps."},
            "cities": {"type": "array", "items": CITY, "description": "Where to."},
            "order": {**schema_of(Order), "description": "The order."},
            "color": {**COLOR, "default": "red"},
            "day": {"type": "string", "format": "date", "default": "2026-01-31"},
            "limit": {"type": "integer", "minimum": 1, "description": "At most\nso many.", "default": 5},
            "hook": {},
        },
        "required": ["self_service", "cities", "order"],
        "additionalProperties": False,
    }
    assert list(made.parameters["properties"])[:3] == ["self_service", "cities", "order"]
    Draft202012Validator.check_schema(made.parameters)
    definition = made.definition.to_dict()
    assert definition["function"] == {
        "name": "book",
        "description": made.description,
        "parameters": made.parameters,
    }
    arguments = made.converted(
        {"self_service": True, "cities": [{"name": "A"}], "order": {"count": 2}, "day": "2026-02-01"}
    )
    assert arguments == {
        "self_service": True,
        "cities": [City("A")],
        "order": Order(count=2),
        "day": datetime.date(2026, 2, 1),
    }
    with pytest.raises(ToolError, match=r"The arguments do not fit: unknown field - at `\$.cities\[0\].x`"):
        made.converted({"self_service": True, "cities": [{"name": "A", "x": 1}], "order": {"count": 2}})


@dataclasses.dataclass
class Limits:
    most: float = math.inf


@pytest.mark.parametrize("default", [math.inf, math.nan, [1.0, -math.inf]])
def test_a_default_that_json_cannot_tell_is_left_out(default: Any) -> None:
    def function(x: Annotated[Any, "anything"] = default, limits: Limits | None = None) -> None: ...

    parameters = tool(function).parameters
    assert (parameters["properties"]["x"], parameters["required"]) == ({}, [])
    json.dumps(parameters, allow_nan=False)
    assert "default" not in schema_of(Limits)["properties"]["most"]


DOCSTRINGS = {
    "numpy": "Do it.\n\nParameters\n----------\nx : int\n    The x.\n",
    "sphinx": "Do it.\n\n:param x: The x.\n:returns: Nothing.\n",
    "google": "Do it.\n\nArgs:\n    x (int): The x.\n",
}


@pytest.mark.parametrize("style", DOCSTRINGS)
def test_docstrings_of_each_style_are_read(style: str) -> None:
    def function(x: int) -> None: ...

    function.__doc__ = DOCSTRINGS[style]
    made = tool(function)
    assert (made.description, made.parameters["properties"]["x"]["description"]) == ("Do it.", "The x.")


def test_a_docstring_that_cannot_be_read_is_the_description(monkeypatch: pytest.MonkeyPatch) -> None:
    import docstring_parser

    def refuse(text: str) -> None:
        raise docstring_parser.ParseError(text)

    def function() -> None:
        """Odd."""

    monkeypatch.setattr("docstring_parser.parse", refuse)
    assert tool(function).description == "Odd."


def nothing() -> None: ...


def test_name_and_description_can_be_given() -> None:
    @tool(name="search-all", description="Search.")
    def find(words: list[str]) -> int:
        """Find."""
        return len(words)

    assert (find.name, find.description, find(["a"])) == ("search-all", "Search.", 1)
    bare = tool(nothing)
    assert bare.definition.to_dict()["function"] == {
        "name": "nothing",
        "parameters": {"type": "object", "properties": {}, "required": [], "additionalProperties": False},
    }
    assert tool(name="x")(nothing).name == "x"
    renamed, described = tool(find, name="find"), tool(find, description="Find it.")
    assert (renamed.name, renamed.description, renamed.function) == ("find", "Search.", find.function)
    assert (described.name, described.description, described(["a"])) == ("search-all", "Find it.", 1)


class Service:
    """A service, whose docstring is not its function's."""

    def look(self, word: str, times: int = 1) -> str:
        """Look it up."""
        return word * times

    def __call__(self, word: str) -> str:
        return word


def test_methods_partials_and_objects_can_be_tools() -> None:
    service = Service()
    made = tool(service.look)
    assert (made.name, made.description, list(made.parameters["properties"])) == (
        "look",
        "Look it up.",
        ["word", "times"],
    )
    part = tool(functools.partial(service.look, times=2), name="look_twice")
    assert (part("a"), part.parameters["required"]) == ("aa", ["word"])
    called = tool(service, name="service")
    assert (called("a"), called.description, called.parameters["required"]) == ("a", "", ["word"])

    @functools.wraps(service.look)
    def logged(*args: Any, **kwargs: Any) -> str:
        return service.look(*args, **kwargs)

    assert tool(logged).parameters == made.parameters


def unannotated(x: int) -> None: ...


def any_number(*x: int) -> None: ...


def any_keyword(**x: int) -> None: ...


def by_place(x: int, /) -> None: ...


def unresolved(x: int) -> None: ...


def malformed(x: int) -> None: ...


del unannotated.__annotations__["x"]
unresolved.__annotations__["x"] = "Nowhere"
malformed.__annotations__["x"] = "int["


def without_schema(x: object) -> None: ...


def constant(x: Final[int] = 1) -> None: ...  # type: ignore[valid-type]


def a_long_name(x: int) -> None: ...


REFUSED: list[tuple[Any, dict[str, Any], str]] = [
    (unannotated, {}, "unannotated: the parameter x has no annotation"),
    (any_number, {}, r"any_number: the parameter \*x: int stands for any number of arguments"),
    (any_keyword, {}, r"any_keyword: the parameter \*\*x: int stands for any number of arguments"),
    (by_place, {}, "by_place: the parameter x: int is positional-only"),
    (unresolved, {}, "unresolved: an annotation cannot be evaluated: name 'Nowhere' is not defined"),
    (malformed, {}, "malformed: an annotation cannot be evaluated"),
    (without_schema, {}, "without_schema: object has no JSON schema"),
    (constant, {}, r"constant: .*Final"),
    (nothing, {"name": ""}, "a tool's name must be of 1 to 64"),
    (nothing, {"name": "a" * 65}, "a tool's name must be of 1 to 64"),
    (nothing, {"name": "with space"}, "a tool's name must be of 1 to 64"),
    (nothing, {"name": "é"}, "a tool's name must be of 1 to 64"),
    (nothing, {"name": "line\n"}, "a tool's name must be of 1 to 64"),
    (nothing, {"name": 5}, "name must be a str, not int"),
    (nothing, {"description": 5}, "description must be a str, not int"),
    (functools.partial(nothing), {}, "a tool's name must be of 1 to 64"),
    (dict.pop, {}, "pop: its parameters cannot be read: "),
    (Service, {}, "a tool must be a function, not the class Service"),
    ("nothing", {}, "a tool must be a function, not str"),
]


@pytest.mark.parametrize(("function", "options", "says"), REFUSED)
def test_what_cannot_be_a_tool_is_a_type_error(function: Any, options: Any, says: str) -> None:
    with pytest.raises(TypeError, match=says):
        tool(function, **options)


@pytest.mark.parametrize("module", ["msgspec", "docstring_parser"])
def test_without_the_extra_the_error_says_what_to_install(module: str) -> None:
    code = (
        f"import sys; sys.modules[{module!r}] = None\n"
        "from pixigpt import Client, Reply\n"
        "client = Client('sk-test')\n"
        "for call in (client.run_tools, client.parse_chat_completion):\n"
        "    try: call([], [])\n"
        "    except ImportError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == f'pixigpt.tools needs {module}: pip install "pixigpt[tools]"\n' * 2


def test_the_clients_load_nothing_of_it() -> None:
    names = {"msgspec", "docstring_parser", "pixigpt.tools", "pixigpt._ask", "pixigpt._tool_run"}
    code = f"import sys; from pixigpt import AsyncClient, Client; print({names} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
