"""What every service has: writer, feeds, command messages, and two questions about its store."""

from __future__ import annotations

from grant_bus.nameko.extensions import AnswerQuestions, Follow, Prompt, TakeCommands, Writer, query
from grant_store.rows import StoredOutcome


class ServiceOnTheBus:
    """The base of the services' classes. They add a name and their commands, and decide nothing."""

    writer = Writer()
    facts = Follow()
    commands = TakeCommands()
    prompts = Prompt()
    questions = AnswerQuestions()

    @query
    def head(self) -> dict[str, object]:
        """The ledger's head and how far each upstream was followed. Also the answer to "alive?"."""
        head = self.writer.store.head()
        return {
            "position": head.position,
            "leaf_hash": head.leaf_hash.hex(),
            "followed": self.writer.followed,
        }

    @query
    def outcome(self, sender: str, key: str) -> dict[str, object] | None:
        """What became of a sender's command, or None if nothing is recorded under this key."""
        stored: StoredOutcome | None = self.writer.store.outcome(sender, key)
        if stored is None:
            return None
        positions = [stored.positions.start, stored.positions.stop - 1] if stored.positions else []
        return {"kind": stored.kind, "reason": stored.reason, "positions": positions}
