"""A driver and a matrix library that keep accounts, and fail where a test says."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

BYTES = {0: 4, 2: 2, 3: 1, 10: 4, 14: 2}
"""Of a value, by cudaDataType."""


@dataclass
class FakeCard:
    """What a test says of the card, and what is taken of it.

    Both libraries are this one object. Events measure what was done between them, at the rates
    given here.
    """

    free: int = 8 << 30
    copy_bytes_s: float = 2e12
    operations_s: float = 4e14
    errors: dict[str, int] = field(default_factory=dict)
    missing: frozenset[str] = frozenset()
    memory: dict[int, int] = field(default_factory=dict)
    most: int = 0
    taken: list[str] = field(default_factory=list)
    kinds: list[tuple[int, ...]] = field(default_factory=list)
    _ms: float = 0.0
    _next: int = 1 << 20
    _events: int = 0

    def __getattr__(self, name: str) -> Any:
        """A function of the library."""
        if name.startswith("__") or name in self.missing:
            raise AttributeError(name)
        words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name.removesuffix("_v2"))
        known = type(self).__dict__.get(f"_{words.lower()}")

        def call(*arguments: Any) -> int:
            if name in self.errors:
                return self.errors[name]
            if known is not None:
                known(self, *arguments)
            return 0

        return call

    def _cu_device_primary_ctx_retain(self, context: Any, _: Any) -> None:
        context._obj.value = 7
        self.taken.append("context")

    def _cu_device_primary_ctx_release(self, _: Any) -> None:
        self.taken.remove("context")

    def _cu_ctx_push_current(self, context: Any) -> None:
        assert context.value == 7
        self.taken.append("current")

    def _cu_ctx_pop_current(self, _: Any) -> None:
        self.taken.remove("current")

    def _cu_mem_get_info(self, free: Any, total: Any) -> None:
        free._obj.value, total._obj.value = self.free, 2 * self.free

    def _cu_mem_alloc(self, pointer: Any, size: Any) -> None:
        self._next += size.value
        pointer._obj.value = self._next
        self.memory[self._next] = size.value
        self.most = max(self.most, sum(self.memory.values()))

    def _cu_mem_free(self, pointer: Any) -> None:
        del self.memory[pointer.value]

    def _cu_memset_d8(self, pointer: Any, _: Any, count: Any) -> None:
        assert self.memory[pointer.value] >= count.value

    def _cu_memset_d32(self, pointer: Any, _: Any, count: Any) -> None:
        assert self.memory[pointer.value] == 4 * count.value

    def _cu_memcpy_dto_dasync(self, target: Any, source: Any, size: Any, _: Any) -> None:
        assert self.memory[target.value] >= size.value
        assert self.memory[source.value] >= size.value
        self._ms += 1000 * 2 * size.value / self.copy_bytes_s

    def _cu_event_create(self, event: Any, _: Any) -> None:
        self._events += 1
        event._obj.value = self._events + 1
        self.taken.append("event")

    def _cu_event_destroy(self, _: Any) -> None:
        self.taken.remove("event")

    def _cu_event_record(self, event: Any, _: Any) -> None:
        if event.value % 2 == 0:  # the first of a pair
            self._ms = 0.0

    def _cu_event_elapsed_time(self, ms: Any, _: Any, __: Any) -> None:
        ms._obj.value = self._ms

    def _cublas_create(self, handle: Any) -> None:
        handle._obj.value = 11
        self.taken.append("handle")

    def _cublas_destroy(self, _: Any) -> None:
        self.taken.remove("handle")

    def _cublas_gemm_ex(self, handle: Any, *rest: Any) -> None:
        assert handle.value == 11
        (_, _, m, n, k, _, a, a_type, lda, b, b_type, ldb, _, c, c_type, ldc, compute, _) = rest
        m, n, k = m.value, n.value, k.value
        for matrix, kind, leading in ((a, a_type, lda), (b, b_type, ldb), (c, c_type, ldc)):
            assert leading.value >= m
            assert self.memory[matrix.value] >= BYTES[kind.value] * m * n
        self.kinds.append((a_type.value, c_type.value, compute.value))
        self._ms += 1000 * 2 * m * n * k / self.operations_s
