"""A chain of thought is told apart from the text, wherever a stream is cut."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixigpt.testing._thinking import ThinkingSplitter

TEXTS = st.lists(
    st.sampled_from(["<think>", "</think>", "<Thinking>", "</thinkING>", "<", "</", "think>", "a", " ", "\n", "<thin"])
).map("".join)


def split(pieces: list[str]) -> tuple[str, str]:
    splitter = ThinkingSplitter()
    parts = [splitter.content(piece) for piece in pieces] + [splitter.end()]
    return "".join(content for content, _ in parts), "".join(reasoning for _, reasoning in parts)


def split_at_once(text: str) -> tuple[str, str]:
    """Split a text as it would be split by hand."""
    found = {False: "", True: ""}
    is_thinking = False
    for part in re.split(r"(</?think(?:ing)?>)", text, flags=re.IGNORECASE):
        if re.fullmatch(r"</?think(ing)?>", part, re.IGNORECASE):
            is_thinking = "/" not in part
        else:
            found[is_thinking] += part
    return found[False].strip(), found[True].strip()


@pytest.mark.parametrize(
    ("text", "content", "reasoning"),
    [
        ("", "", ""),
        (" a  b\n", "a  b", ""),
        ("<think> a\n</think>\n\n b ", "b", "a"),
        ("a <think>b</think> c <thinking> d</thinking>", "a  c", "b d"),
        ("<think>a", "", "a"),
        ("a</think>b", "ab", ""),
        ("<think><think>a</think></think>b", "b", "a"),
        ("<thinker>a</thinker>", "<thinker>a</thinker>", ""),
        ("a <", "a <", ""),
        ("<think>a</thin", "", "a</thin"),
    ],
)
def test_text_between_tags_is_reasoning_and_both_are_trimmed(text: str, content: str, reasoning: str) -> None:
    assert split([text]) == (content, reasoning)
    assert split([*text]) == (content, reasoning)


@given(TEXTS, st.data())
def test_any_cut_of_a_text_gives_the_same(text: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)))))
    pieces = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert split(pieces) == split_at_once(text)


def test_nothing_is_held_back_for_longer_than_it_may_be_a_tag() -> None:
    splitter = ThinkingSplitter()
    assert splitter.content("a <thin") == ("a", "")
    assert splitter.content("g") == (" <thing", "")
    assert splitter.reasoning(" so ") == "so"
    assert splitter.reasoning("on") == " on"
