"""Sends one command to Prüfpfad and asks what came of it, with kombu and joserfc and nothing else.

    send_a_command.py AMQP_URL KEY_FILE COMMAND.json

KEY_FILE is the private key of the token issuer as a JWK, COMMAND.json names the actor, the command,
its key and its payload, and the question to ask when it is recorded. What every line relies on is
written down in docs/commands.md.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

from joserfc import jwt
from joserfc.jwk import OKPKey
from kombu import Connection, Consumer, Exchange, Producer, Queue

LANE = "main"
WAIT_SECONDS = 5.0
ATTEMPTS = 6
TOKEN_SECONDS = 300

# Named and not declared: the system does that, and a sender may lack the right to.
COMMANDS = Exchange("grants.commands", type="topic")
QUERIES = Exchange("grants.queries", type="topic")


def signed_token(key_file: Path, actor: dict[str, Any]) -> str:
    """Who acts, in which role, and from when to when their mandate runs, signed with Ed25519."""
    key = OKPKey.import_key(json.loads(key_file.read_text(encoding="utf-8")))
    now = int(time.time())
    claims = {"iss": "pruefpfad", "iat": now, "exp": now + TOKEN_SECONDS, **actor}
    return jwt.encode({"alg": "Ed25519"}, claims, key, algorithms=["Ed25519"])


class Sender:
    """A connection with a queue of its own for the answers."""

    def __init__(self, amqp_url: str) -> None:
        # With confirms, publish() returns when the broker has the message, and raises when the
        # queue was full.
        self.connection = Connection(amqp_url, transport_options={"confirm_publish": True})
        self.producer = Producer(self.connection.channel(), on_return=self._when_unroutable)
        # Answers go to queues whose name begins so, and to those that the broker has named.
        self.replies = Queue(f"reply.{uuid4()}", exclusive=True)
        self.answers: dict[str, Any] = {}
        consumer = Consumer(
            self.connection.channel(), [self.replies], on_message=self._when_answered, no_ack=True
        )
        consumer.consume()

    def ask(self, exchange: Exchange, routing_key: str, body: dict[str, Any]) -> Any:
        """The answer, or None if none came in time. Then the same may be sent again."""
        number = str(uuid4())
        self.producer.publish(
            body,
            serializer="json",
            exchange=exchange,
            routing_key=routing_key,
            mandatory=True,  # Without a service behind the key the message comes back.
            delivery_mode="persistent",
            reply_to=self.replies.name,
            correlation_id=number,
        )
        deadline = time.monotonic() + WAIT_SECONDS
        while number not in self.answers and time.monotonic() < deadline:
            try:
                self.connection.drain_events(timeout=max(deadline - time.monotonic(), 0.01))
            except TimeoutError:
                break
        return self.answers.pop(number, None)

    def _when_answered(self, message: Any) -> None:
        self.answers[message.properties["correlation_id"]] = json.loads(message.body)

    def _when_unroutable(
        self, error: Exception, exchange: str, routing_key: str, message: Any
    ) -> None:
        raise LookupError(f"No service takes {routing_key!r} from {exchange!r}.")


def settled(sender: Sender, exchange: Exchange, routing_key: str, body: dict[str, Any]) -> Any:
    """The answer that says what became of it. Sent again under the same key, nothing is done twice.

    No answer, "unknown" and "not_yet" are no end: the first two leave open what happened, after the
    third nothing has happened yet.
    """
    for attempt in range(ATTEMPTS):
        answer = sender.ask(exchange, routing_key, body)
        if answer is not None and answer["kind"] not in ("unknown", "not_yet"):
            return answer
        pause_seconds = answer.get("retry_after_seconds", 0) if answer else 0
        time.sleep(pause_seconds or 0.1 * 2**attempt)
    raise TimeoutError(f"{routing_key} has no answer that settles it after {ATTEMPTS} attempts.")


def main(amqp_url: str, key_file: Path, command_file: Path) -> None:
    given = json.loads(command_file.read_text(encoding="utf-8"))
    service, _, name = given["command"].partition(".")
    token = signed_token(key_file, given["actor"])
    command = {
        "command": given["command"],
        "key": given["key"],
        "actor_token": token,
        "payload": given["payload"],
    }
    sender = Sender(amqp_url)
    answer = settled(sender, COMMANDS, f"{service}.{LANE}.{name}", command)
    print(json.dumps(answer))
    if answer["kind"] == "recorded" and "then_ask" in given:
        # Whoever has written asks to see their own write.
        seen = {f"{service}/{LANE}": answer["position"]}
        question = {**given["then_ask"], "actor_token": token, "at_least": seen}
        asked, _, name = question["question"].partition(".")
        print(json.dumps(settled(sender, QUERIES, f"{asked}.{LANE}.{name}", question)))
    sender.connection.release()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
