"""The bill of materials of a bundle, as CycloneDX 1.5 in JSON.

Source of the structure: the CycloneDX 1.5 JSON schema.
"""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

from lsp_server.bundle import wheels
from lsp_server.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from engine.models.manifest import Manifest
    from lsp_server.bundle.wheels import Wheel

_SPACE = uuid.UUID("6f1f6c5e-52b4-4c1e-9d0e-0f6f2a5a4b11")
"""Under which the same content gives the same serial number."""


def document(
    found: Sequence[Wheel], models: Sequence[tuple[Manifest, str, str]], when: datetime
) -> dict[str, Any]:
    """The whole document.

    Args:
        found: all wheels; those of one package and version become one component.
        models: manifest, SHA-256 of the archive, and SPDX licence ("" when it is not known) of
            each model.
        when: time of making, with a zone.
    """
    by_purl: dict[str, list[Wheel]] = {}
    for wheel in found:
        by_purl.setdefault(wheel.purl, []).append(wheel)
    components = [_package(same) for same in by_purl.values()]
    components += [_model(*model) for model in models]
    serial = uuid.uuid5(_SPACE, json.dumps(components, sort_keys=True))
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": {
            "timestamp": when.isoformat(timespec="seconds"),
            "tools": {"components": [_plain("application", "midfill", VERSION)]},
            "component": {
                **_plain("application", "midfill-bundle", VERSION),
                "bom-ref": f"midfill-bundle@{VERSION}",
            },
        },
        "components": components,
        "dependencies": _dependencies(by_purl, [it["bom-ref"] for it in components]),
    }


def _plain(kind: str, name: str, version: str) -> dict[str, Any]:
    return {"type": kind, "name": name, "version": version}


def _package(same: list[Wheel]) -> dict[str, Any]:
    first = same[0]
    kind = "application" if first.name == wheels.ROOT else "library"
    return {
        **_plain(kind, first.name, first.version),
        "bom-ref": first.purl,
        "purl": first.purl,
        "licenses": [_licence(first.licence, is_spdx=first.is_spdx)],
        "externalReferences": [
            {
                "type": "distribution",
                "url": f"wheels/{wheel.path.name}",
                "hashes": [_sha256(wheel.sha256)],
            }
            for wheel in sorted(same, key=lambda wheel: wheel.path.name)
        ],
    }


def _model(manifest: Manifest, archive: str, licence: str) -> dict[str, Any]:
    return {
        **_plain("machine-learning-model", manifest.name, manifest.source_sha256[:12] or "1"),
        "bom-ref": f"model:{manifest.name}",
        "description": f"{manifest.source} as {manifest.quantization}",
        "hashes": [_sha256(archive)],
        "licenses": [_licence(licence or "not known", is_spdx=bool(licence))],
        "properties": [
            {"name": "midfill:source", "value": manifest.source},
            {"name": "midfill:source-sha256", "value": manifest.source_sha256},
        ],
    }


def _licence(words: str, *, is_spdx: bool) -> dict[str, Any]:
    return {"expression": words} if is_spdx else {"license": {"name": words}}


def _sha256(digest: str) -> dict[str, str]:
    return {"alg": "SHA-256", "content": digest}


def _dependencies(by_purl: dict[str, list[Wheel]], refs: list[str]) -> list[dict[str, Any]]:
    names: dict[str, list[str]] = {}
    for purl, (first, *_) in by_purl.items():
        names.setdefault(first.name, []).append(purl)
    rows: list[dict[str, Any]] = []
    for purl, same in by_purl.items():
        needed = {name for wheel in same for name in wheels.needs(wheel, frozenset(names))}
        rows.append({"ref": purl, "dependsOn": sorted(p for name in needed for p in names[name])})
    rest = [ref for ref in refs if ref not in by_purl]
    rows += [{"ref": ref, "dependsOn": []} for ref in rest]
    rows.append({"ref": f"midfill-bundle@{VERSION}", "dependsOn": sorted(refs)})
    return rows
