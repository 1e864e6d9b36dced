"""`make soak` finds what is lost, doubled or mixed up in a thread."""

from scripts.soak.ledger import Ledger, faults_of


def test_the_soak_finds_what_is_wrong_with_a_thread() -> None:
    with Ledger() as ledger:
        for note in (("begun",), ("sent", "m1", "m2"), ("kept", "m1"), ("run",), ("sent", "m3"), ("kept", "m3")):
            ledger.note("thread_1", *note)
        page = ledger.pages()["thread_1"]
    assert not any(faults_of(page, ["m1", "m3"], answers=1).values())
    assert not any(faults_of(page, ["m3", "m2", "m1"], answers=0).values())  # m2's call failed, and added it
    assert faults_of(page, ["m3", "m3", "m9"], answers=2) == {"lost": 1, "duplicates": 2, "mismatched": 1}
