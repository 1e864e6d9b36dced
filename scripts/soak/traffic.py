"""What the users of the soak do: the calls of one thread's life, and checks of their results. It does no I/O."""

import itertools
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from random import Random
from typing import Any

from scripts.soak.ledger import Ledger
from scripts.soak.tally import Tally

BIG = 200_000  # characters: more than one write, one read and one relayed piece


@dataclass(frozen=True)
class Ask:
    """A call to make: a method of either client, and its arguments; and how many texts of a stream to read."""

    method: str
    arguments: tuple[Any, ...] = ()
    most_texts: int | None = None


@dataclass(frozen=True)
class Done:
    """A call that succeeded. In the place of one that did not stands None."""

    value: Any


Life = Generator[Ask, Done | None, None]


@dataclass
class Traffic:
    """The lives of threads, made up at random; every text in them is unique."""

    ledger: Ledger
    tally: Tally
    random: Random
    assistant_id: str
    numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    def life(self) -> Life:
        """Create a thread, do this and that with it, and perhaps delete it."""
        created = yield Ask("create_thread")
        if created is None:
            return
        thread = _Thread(self, created.value.id)
        self.ledger.note(thread.id, "begun")
        for _ in range(self.random.randint(3, 25)):
            yield from self.random.choices(*thread.acts)[0]()
        if self.random.random() < 0.4:
            yield from thread.delete()

    def text(self) -> str:
        """Return a text that was never said before; a run on some of them fails."""
        ending = self.random.choice(("", "", "", "é", "\N{SNOWMAN}", "\N{GRINNING FACE}"))
        return f"{self.random.choice(('', '', '', '/fail '))}m{next(self.numbers)}{ending}"


class _Thread:
    """One thread, and what may be done with it."""

    def __init__(self, traffic: Traffic, thread_id: str) -> None:
        self.id = thread_id
        self.acts: tuple[list[Callable[[], Life]], list[int]] = (
            [self.say, self.say_much, self.read, self.ask, self.stream, self.run, self.get],
            [8, 3, 3, 4, 4, 2, 1],
        )
        self._traffic = traffic
        self._sent: set[str] = set()
        self._kept: set[str] = set()

    def say(self) -> Life:
        (text,) = self._new_texts(1)
        done = yield Ask("create_message", (self.id, "user", text))
        if done:
            self._keep([text], [done.value])

    def say_much(self) -> Life:
        texts = self._new_texts(self._traffic.random.randint(2, 6))
        done = yield Ask("create_messages_bulk", (self.id, [{"role": "user", "content": text} for text in texts]))
        if done:
            self._keep(texts, done.value)

    def read(self) -> Life:
        limit = self._traffic.random.choice((1, 20, 10_000))
        done = yield Ask("list_messages", (self.id, limit))
        if done is None:
            return
        said = [text_of(message) for message in done.value if message.role == "user"]
        self._expect(all(message.thread_id == self.id for message in done.value), "a list of another thread")
        self._expect(len(said) <= limit and self._sent.issuperset(said), f"{said} in a list")
        self._expect(limit < 10_000 or self._kept.issubset(said), f"{self._kept - set(said)} is not in a list")

    def ask(self) -> Life:
        text = self._text_of_some_size()
        done = yield Ask("create_chat_completion", (conversation(text),))
        if done:
            answer = done.value.choices[0].message.content
            self._expect(answer == f"You said: {text}", f"{answer[:50]} in answer to {text[:50]}")

    def stream(self) -> Life:
        """Read a stream to its end, or leave it before; what was read until another thread closed it is None."""
        text = f"{self._text_of_some_size()} and some more words"
        most = self._traffic.random.choice((None, None, None, 1, 3))
        done = yield Ask("stream_chat_completion", (conversation(text),), most)
        if done and done.value is not None:
            answer, wanted = done.value, f"You said: {text}"
            is_so = answer == wanted if most is None else wanted.startswith(answer)
            self._expect(is_so, f"{answer[:50]} streamed in answer to {text[:50]}")

    def run(self) -> Life:
        self._traffic.ledger.note(self.id, "run")
        begun = yield Ask("create_run", (self.id, self._traffic.assistant_id))
        if begun is None:
            return
        done = yield Ask("wait_for_run", (self.id, begun.value.id))
        if done:
            # The thread's last message may be the answer to an earlier run.
            said = text_of(done.value.message).partition(" (Before")[0].replace("You said:", "").strip()
            self._expect(done.value.id == begun.value.id and done.value.thread_id == self.id, "another run")
            self._expect(said in {*self._sent, ""}, f"{said} in answer to a run")

    def get(self) -> Life:
        done = yield Ask("get_thread", (self.id,))
        self._expect(done is None or done.value.id == self.id, "another thread")

    def delete(self) -> Life:
        # Noted whatever comes of it: a call that failed may have deleted the thread all the same.
        self._traffic.ledger.note(self.id, "deleted")
        done = yield Ask("delete_thread", (self.id,))
        if done:
            still_there = yield Ask("get_thread", (self.id,))
            self._expect(still_there is None, "a deleted thread")

    def _text_of_some_size(self) -> str:
        return self._traffic.text() + "x" * self._traffic.random.choice((*[0] * 15, BIG))

    def _new_texts(self, count: int) -> list[str]:
        texts = [self._traffic.text() for _ in range(count)]
        self._sent.update(texts)
        self._traffic.ledger.note(self.id, "sent", *texts)
        return texts

    def _keep(self, texts: list[str], messages: list[Any]) -> None:
        came_back = [text_of(message) for message in messages]
        self._expect(came_back == texts, f"{came_back} came back for {texts}")
        self._kept.update(texts)
        self._traffic.ledger.note(self.id, "kept", *texts)

    def _expect(self, is_so: bool, told: str) -> None:
        self._traffic.tally.expect(is_so, f"{self.id}: {told}")


def conversation(text: str) -> list[dict[str, str]]:
    """Return a conversation in which a user says a text."""
    return [{"role": "system", "content": "Be brief."}, {"role": "user", "content": text}]


def text_of(message: Any) -> str:  # noqa: ANN401  # a ThreadMessage that came by way of Done
    """Return a thread message's whole text."""
    return "".join(block.text.value for block in message.content)
