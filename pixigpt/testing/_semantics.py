"""What the server makes of texts and pictures: vectors in which shared words lie close, and a category by its words."""

import math
import random
import re
from array import array
from collections.abc import Sequence
from functools import lru_cache
from urllib.parse import unquote, urlsplit

from pixigpt_api.models import ModerationCategory

DIMENSIONS = 1024

# The gravest first; among them what the tests of pixigpt-go and of pixigpt 0.1.5 say.
_WORDS: tuple[tuple[ModerationCategory, frozenset[str]], ...] = (
    ("UNDERAGE_SEXUAL", frozenset({"loli", "underage"})),
    ("JAILBREAK", frozenset({"jailbreak", "unrestricted"})),
    ("SUICIDE_SELF_HARM", frozenset({"suicide", "selfharm"})),
    ("PII", frozenset({"passport", "ssn"})),
    ("COPYRIGHT_VIOLATION", frozenset({"piracy", "pirated"})),
    ("VIOLENT", frozenset({"attack", "kill", "murder"})),
    ("ILLEGAL_ACTS", frozenset({"counterfeit", "smuggle"})),
    ("UNETHICAL", frozenset({"blackmail", "cheat"})),
    ("HATE_SPEECH", frozenset({"hate", "slur"})),
    ("SEXUAL_ADULT", frozenset({"blowjob", "hentai", "nude", "porn"})),
)


def words(text: str) -> list[str]:
    """Return a text's words in lower case; an empty list if it has none."""
    return re.findall(r"\w+", text.lower())


def words_of_url(url: str) -> list[str]:
    """Return the words of a file's name, which stand for its content."""
    name = unquote(urlsplit(url).path).rsplit("/", 1)[-1]
    return words(name.rsplit(".", 1)[0].replace("_", " "))


def category(said: Sequence[str]) -> tuple[ModerationCategory, float]:
    """Return the gravest category of some words, and a score from 0.5, where few words belong to it, to 1."""
    for name, telling in _WORDS:
        share = sum(word in telling for word in said) / len(said) if said else 0
        if share:
            return name, round(0.5 + share / 2, 2)
    return "SAFE", 1.0


def vector(text: str) -> list[float]:
    """Return a text's unit vector: the sum of its words' vectors, so that texts that share words are similar."""
    total = [sum(numbers) for numbers in zip(*map(_word_vector, words(text) or [""]), strict=True)]
    length = math.sqrt(sum(number * number for number in total))
    return [number / length for number in total]


def likeness(a: Sequence[float], b: Sequence[float]) -> float:
    """Return the similarity of two unit vectors, from 0 to 1."""
    return min(1.0, max(0.0, math.fsum(x * y for x, y in zip(a, b, strict=True))))


@lru_cache(maxsize=2_000)  # 16 MB when full: an array holds its numbers without an object for each
def _word_vector(word: str) -> "array[float]":
    numbers = random.Random(word)  # noqa: S311  # a seed, for the same numbers every time
    return array("d", (numbers.gauss(0, 1) for _ in range(DIMENSIONS)))
