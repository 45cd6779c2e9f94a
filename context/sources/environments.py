"""Library locations that only the process environment knows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from context.locations import normal

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Places:
    """Folders outside the workspace, as locations; "" where there is none.

    Attributes:
        python: folders of active Python environments, the first in use.
        go_modules: the module cache.
    """

    python: tuple[str, ...] = ()
    go_modules: str = ""

    @classmethod
    def of(cls, environment: Mapping[str, str], home: str = "") -> Places:
        """What environment variables say; nothing is looked up on a disk.

        >>> Places.of({"GOPATH": "/go", "VIRTUAL_ENV": "/env"})
        Places(python=('/env',), go_modules='/go/pkg/mod')
        """
        python = tuple(
            normal(value)
            for name in ("VIRTUAL_ENV", "CONDA_PREFIX")
            if (value := environment.get(name, ""))
        )
        cache = environment.get("GOMODCACHE", "")
        go_path = environment.get("GOPATH", "").split(":")[0] or (f"{home}/go" if home else "")
        if not cache and go_path:
            cache = f"{go_path}/pkg/mod"
        return cls(python, normal(cache) if cache else "")


NOWHERE = Places()
