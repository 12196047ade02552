"""The services behind a broker as a script sees them: commands out, answers and case files back.

The same script drives the embedded system by the same two interfaces; nothing here decides.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from grant_audit.case_file import CaseFile
from grant_bus.rabbit_rpc import NoAnswer, Question, RpcClient
from grant_contracts.answers import Answer
from pruefpfad.border import Border

AT_ONCE = 100
ATTEMPTS = 5
POLL_SECONDS = 0.02

Message = dict[str, Any]
Heads = dict[str, Mapping[str, Any]]


class NotSettled(Exception):
    """The services did not come to rest in time. The message says how far each one is."""


class Unsettled(Exception):
    """A command has no answer, however often it was sent under the same key."""


class RemoteAuthority:
    """Takes commands to the services that their names begin with."""

    def __init__(
        self,
        client: RpcClient,
        services: Sequence[str],
        border: Border,
        timeout_seconds: float = 120.0,
    ) -> None:
        self._client = client
        self._border = border
        self._services = tuple(services)
        self._timeout_seconds = timeout_seconds

    def send(self, messages: Sequence[Message]) -> list[Answer]:
        """One answer for each command, in order. They are recorded in that order too, unless a
        connection breaks on the way; whoever must be sure waits for each answer.

        Personal data in them are sealed before they go anywhere."""
        answers: list[Answer] = []
        for start in range(0, len(messages), AT_ONCE):
            sealed = self._border.seal(messages[start : start + AT_ONCE])
            settled = iter(self._settled([each for each in sealed if isinstance(each, dict)]))
            answers += [each if isinstance(each, Answer) else next(settled) for each in sealed]
        return answers

    def settle(self) -> None:
        self.heads_at_rest()

    def heads_at_rest(self) -> dict[str, int]:
        """Wait until each service has followed everything; the positions at which that is so."""
        deadline = time.monotonic() + self._timeout_seconds
        before: Heads = {}
        while True:
            heads = self.heads()
            if heads == before and _all_followed(heads):
                return {name: int(head["position"]) for name, head in heads.items()}
            if time.monotonic() > deadline:
                raise NotSettled(str(heads))
            if not _all_followed(heads):
                time.sleep(POLL_SECONDS)
            before = heads

    def heads(self) -> Heads:
        """Position and leaf of each ledger, and how far its service followed each upstream."""
        answers = self._heads()
        return {name: answer["value"] for name, answer in zip(self._services, answers, strict=True)}

    def _heads(self) -> list[Any]:
        questions = [Question(name, "head") for name in self._services]
        for _ in range(ATTEMPTS):
            try:
                return self._client.ask_all(questions)
            except NoAnswer as error:
                failure = error
        raise failure

    def _settled(self, messages: Sequence[Message]) -> list[Answer]:
        """Send what has no answer again, under the same keys: nothing is done twice."""
        found: dict[int, Answer] = {}
        reason = ""
        for _ in range(ATTEMPTS):
            open_ones = [number for number in range(len(messages)) if number not in found]
            for number, plain in zip(
                open_ones, self._ask([messages[number] for number in open_ones]), strict=True
            ):
                if plain["kind"] == "unknown":
                    reason = plain["reason"]
                else:
                    found[number] = msgspec.convert(plain, Answer)
            if len(found) == len(messages):
                return [found[number] for number in range(len(messages))]
        raise Unsettled(f"{len(messages) - len(found)} commands have no answer: {reason}")

    def _ask(self, messages: Sequence[Message]) -> list[Any]:
        questions = []
        for message in messages:
            service, _, method = str(message["command"]).partition(".")
            questions.append(Question(service, method, {"message": message}))
        try:
            return self._client.ask_all(questions)
        except NoAnswer as error:
            return [{"kind": "unknown", "reason": str(error)}] * len(messages)


class RemoteRecords:
    """The case files as the audit service answers them."""

    def __init__(self, client: RpcClient) -> None:
        self._client = client

    def every_case(self, *sections: str) -> Iterator[CaseFile]:
        """With all sections, whatever is asked for: the service answers whole files."""
        for plain in self._ask("case_files"):
            yield msgspec.convert(plain, CaseFile)

    def case(self, reference: str) -> CaseFile:
        return msgspec.convert(self._ask("case", reference=reference), CaseFile)

    def orders_of_run(self, run: str) -> Sequence[dict[str, str]]:
        """Reference, order id and end-to-end id of each payment, in the order of the file."""
        [found] = [page for page in self._ask("runs") if page["run"] == run]
        orders: Sequence[dict[str, str]] = found["orders"]
        return orders

    def operations_csv(self, as_of: str) -> str:
        listed: str = self._ask("operations_csv", as_of=as_of)
        return listed

    def _ask(self, method: str, **arguments: object) -> Any:
        answer = self._client.ask("audit", method, **arguments)
        if answer["kind"] != "found":
            raise NotFound(f"audit.{method}: {answer.get('errors') or answer}")
        return answer["value"]


class NotFound(LookupError):
    """Audit has no such thing on record. The message names the argument and what was expected."""


def _all_followed(heads: Heads) -> bool:
    return all(
        position == heads[origin.partition("/")[0]]["position"]
        for head in heads.values()
        for origin, position in head["followed"].items()
        if origin.partition("/")[0] in heads
    )
