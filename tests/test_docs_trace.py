"""The guide's picture of a trace is drawn from a real one, each attempt below its call."""

from scripts.docs.trace import bars, draw, traced


def test_the_picture_of_a_trace_shows_a_retry_and_a_tool() -> None:
    found = bars(traced())
    assert [(bar.span.name, bar.depth) for bar in found] == [
        ("POST /ask", 0),
        ("chat pixi-local", 1),
        ("POST", 2),
        ("POST", 2),
        ("execute_tool weather", 1),
        ("chat pixi-local", 1),
        ("POST", 2),
    ]
    picture = draw(found)
    assert picture.count('class="error"') == 1
    assert "8 tokens in, 6 out, attempts: 2" in picture
