"""What an auditor finds out who gets a bundle: the verifier's exit code, and what it names."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from fnmatch import fnmatchcase as fnmatch
from functools import cache
from io import StringIO
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from grant_audit.bundle.scope import Scope
from grant_audit.bundle.writer import Extras, write_bundle
from pruefpfad.bundles import event_schemas, public_keys, sources_of
from tamper.scene import LOG_NAME, Outside
from tamper.stores import Stores

VERIFY = Path(__file__).parents[2] / "services/grant_audit/verifier/verify.py"
VERIFIED, TAMPERED, INCOMPLETE, UNUSABLE = range(4)

_PLACE = re.compile(r"(?P<log>[a-z]+/[a-z]+)/(?P<first>\d+)(\.\.(?P<last>\d+))?")
_OF_HEADS = frozenset({"known head", "signature", "witness", "root"})


class Finding(NamedTuple):
    """One thing that the verifier names."""

    check: str
    at: str
    message: str

    def is_about(self, log: str, position: int, head: int) -> bool:
        """Whether it leads to an event of a log: names it, the gap before it, the heads that it
        lies between, or `head`, the first one above it that the auditor has."""
        place = _PLACE.fullmatch(self.at)
        if place is None or place["log"] != log:
            return False
        first, last = int(place["first"]), int(place["last"] or place["first"])
        if self.check in _OF_HEADS and first == last == head:
            return True
        return first <= position <= last or (first == last and first == position + 1)


class Verdict(NamedTuple):
    exit_code: int
    findings: Sequence[Finding]
    complaint: str

    def names(self, log: str, position: int, head: int) -> bool:
        return any(finding.is_about(log, position, head) for finding in self.findings)

    def names_place(self, start: str) -> bool:
        return any(finding.at.startswith(start) for finding in self.findings)

    def names_one_of(self, places: Iterable[tuple[str, str]]) -> bool:
        """Whether a check names its place, or the file or words that it needs for that; or, where
        the bundle is unusable, whether the complaint does."""
        if self.exit_code == UNUSABLE:
            return any(place in self.complaint for _, place in places)
        return any(
            finding.check == check and (fnmatch(finding.at, place) or place in finding.message)
            for finding in self.findings
            for check, place in places
        )


def bundle_of(stores: Stores, path: Path) -> Path:
    """The bundle of everything in these stores, as the operator writes it."""
    keys = public_keys([stores.keys])
    with sources_of(stores.url, "main") as sources:
        write_bundle(path, sources, Scope(), Extras(LOG_NAME, keys, _schemas()))
    return path


def verdict_on(bundle: Path, outside: Outside) -> Verdict:
    """The verifier's, with the keys and heads from outside."""
    words = [str(bundle), "--json", "--trust", str(outside.trust)]
    words += ["--clock-tolerance", str(outside.tolerance_seconds)]
    if outside.known:
        words += ["--known-head", *map(str, outside.known)]
    out, complaint = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(complaint):
        exit_code = _verifier().main(words)
    said = json.loads(out.getvalue()) if out.getvalue() else {"findings": []}
    findings = [Finding(one["check"], one["at"], one["message"]) for one in said["findings"]]
    return Verdict(exit_code, findings, complaint.getvalue())


def members_of(bundle: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(bundle) as file:
        return {name: file.read(name) for name in file.namelist()}


def write_members(path: Path, members: Mapping[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as file:
        for name, content in members.items():
            file.writestr(zipfile.ZipInfo(name), content)
    return path


def event_in(record: bytes) -> Any:
    """The event in a record of a bundle, as the verifier reads it."""
    return _verifier().event_of(record[4:])


@cache
def _schemas() -> Mapping[str, str]:
    """One of them is enough: the verifier compares them with the manifest, and no more."""
    name, text = next(iter(event_schemas().items()))
    return {name: text}


@cache
def _verifier() -> ModuleType:
    """The program, loaded from its path: it belongs to no package of ours."""
    spec = importlib.util.spec_from_file_location("verify_alone", VERIFY)
    if spec is None or spec.loader is None:
        raise ImportError(f"{VERIFY} cannot be loaded.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # Its dataclasses look themselves up there.
    spec.loader.exec_module(module)
    return module
