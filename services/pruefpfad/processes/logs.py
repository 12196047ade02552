"""Structured logs: one JSON object per line on standard error, from our code and from libraries."""

from __future__ import annotations

import logging
import sys

import structlog


def configure(level: str, **bound: str) -> None:
    """Log this level and above. `bound` stands in every line, such as the service and the role."""
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                _Bind(bound),
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # These say on every reconnection, in several lines, what our own line says in one.
    for talkative in ("amqp", "kombu", "nameko"):
        logging.getLogger(talkative).setLevel(max(logging.WARNING, logging.root.level))


def speak_plainly() -> None:
    """For a person at a terminal: warnings and errors only, in one line on standard error."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.processors.KeyValueRenderer(key_order=["event"]),
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
    )


class _Bind:
    """Adds the same fields to each line. Not by context: every green thread has one of its own."""

    def __init__(self, fields: dict[str, str]) -> None:
        self._fields = fields

    def __call__(
        self, logger: object, method: str, event: structlog.types.EventDict
    ) -> structlog.types.EventDict:
        return {**self._fields, **event}
