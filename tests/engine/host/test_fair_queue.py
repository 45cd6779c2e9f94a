"""Turns: fair between clients, and what nobody waits for comes last."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.host.fair_queue import FairQueue, Rank


def drain(turns: FairQueue[str, str]) -> list[str]:
    """All jobs in their order."""
    taken = []
    while (job := turns.take()) is not None:
        taken.append(job)
    return taken


def test_clients_take_turns() -> None:
    """Three requests of one client do not delay the one of another by more than one."""
    turns: FairQueue[str, str] = FairQueue()
    for job in ("a1", "a2", "a3"):
        turns.add("a", job, Rank.WANTED)
    turns.add("b", "b1", Rank.WANTED)
    assert drain(turns) == ["a1", "b1", "a2", "a3"]


def test_what_is_waited_for_comes_first() -> None:
    """Then work ahead, then warm-ups, whoever's they are."""
    turns: FairQueue[str, str] = FairQueue()
    turns.add("a", "warm", Rank.WARM)
    turns.add("a", "spare", Rank.SPARE)
    turns.add("a", "wanted", Rank.WANTED)
    turns.add("b", "other", Rank.WANTED)
    assert drain(turns) == ["wanted", "other", "spare", "warm"]


def test_what_is_withdrawn_or_whose_client_is_gone_never_comes() -> None:
    """Only once: a second withdrawal finds nothing."""
    turns: FairQueue[str, str] = FairQueue()
    for client, job in (("a", "a1"), ("a", "a2"), ("b", "b1")):
        turns.add(client, job, Rank.WANTED)
    assert turns.withdraw_if(lambda job: job == "a1")
    assert not turns.withdraw_if(lambda job: job == "a1")
    turns.forget("b")
    assert drain(turns) == ["a2"]


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from(Rank)), max_size=40))
def test_nobody_waits_longer_than_one_turn_of_each_other(jobs: list[tuple[int, Rank]]) -> None:
    """Of one rank, no client is served twice while another one waits; none is lost."""
    turns: FairQueue[int, int] = FairQueue()
    for number, (client, rank) in enumerate(jobs):
        turns.add(client, number, rank)
    order = []
    while (number_ := turns.take()) is not None:
        order.append(number_)
    assert sorted(order) == list(range(len(jobs)))
    for rank in Rank:
        clients = [jobs[number][0] for number in order if jobs[number][1] is rank]
        for place, client in enumerate(clients):
            later = clients[place + 1 :]
            if client in later:
                gap = later[: later.index(client)]
                waiting = set(later) - {client}
                assert waiting <= set(gap)
    ranks = [jobs[number][1] for number in order]
    assert ranks == sorted(ranks)
