"""Order of requests in the host: fair between servers, background work last."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_C = TypeVar("_C")
_J = TypeVar("_J")


class Rank(IntEnum):
    """How much a job is waited for."""

    WANTED = 0
    SPARE = 1
    WARM = 2


@dataclass(frozen=True, slots=True)
class _Waiting(Generic[_C, _J]):
    client: _C
    job: _J
    rank: Rank
    arrival: int


class FairQueue(Generic[_C, _J]):
    """Waiting jobs of several clients.

    Among jobs of the best rank, the client that was served longest ago comes first; each client's
    own jobs stay in order. Not thread-safe.
    """

    def __init__(self) -> None:
        self._waiting: list[_Waiting[_C, _J]] = []
        self._served: dict[_C, int] = {}
        self._count = itertools.count(1)

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, client: _C, job: _J, rank: Rank) -> None:
        """Queue a job."""
        self._waiting.append(_Waiting(client, job, rank, next(self._count)))

    def take(self) -> _J | None:
        """The next job, None when there is none."""
        if not self._waiting:
            return None
        best = min(
            self._waiting, key=lambda one: (one.rank, self._served.get(one.client, 0), one.arrival)
        )
        self._waiting.remove(best)
        self._served[best.client] = next(self._count)
        return best.job

    def withdraw_if(self, unwanted: Callable[[_J], bool]) -> bool:
        """Take the jobs back that are unwanted; False when there is none (any more)."""
        left = [one for one in self._waiting if not unwanted(one.job)]
        some = len(left) < len(self._waiting)
        self._waiting = left
        return some

    def forget(self, client: _C) -> None:
        """Drop everything of a client that is gone."""
        self._waiting = [one for one in self._waiting if one.client is not client]
        self._served.pop(client, None)
