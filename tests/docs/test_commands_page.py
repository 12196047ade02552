"""docs/commands.md says what the code does: limits, names, codes and questions."""

from __future__ import annotations

from pathlib import Path

from grant_bus import rabbit
from grant_bus.rates import SECONDS_AT_ONCE
from grant_contracts import commands
from grant_contracts.answer_codes import ANSWER_CODES
from grant_contracts.questions import QUESTIONS, QuestionMessage
from grant_contracts.reasons import ANSWER_KINDS
from pruefpfad.processes.configuration import COMMANDS_PER_SECOND

PAGE = (Path(__file__).parents[2] / "docs" / "commands.md").read_text(encoding="utf-8")
EVENTS = (Path(__file__).parents[2] / "docs" / "events.md").read_text(encoding="utf-8")


def test_it_names_the_limits_that_are_kept() -> None:
    assert f"{commands.MOST_BYTES:,} bytes" in PAGE
    assert f"{commands.MOST_VALUES:,} and {commands.MOST_CHARACTERS:,}" in PAGE
    assert f"{commands.DEEPEST} levels" in PAGE
    assert f"{rabbit.COMMAND_MESSAGES:,} messages, {rabbit.COMMAND_BYTES // 2**20} MiB" in PAGE
    assert f"ended {rabbit.DELIVERIES} times" in PAGE
    assert f"`{COMMANDS_PER_SECOND.name}`" in PAGE
    assert f"({int(COMMANDS_PER_SECOND.default or 0):,})" in PAGE
    assert SECONDS_AT_ONCE == 10 and "ten seconds" in PAGE


def test_it_names_the_exchanges_and_the_queue_of_the_dead() -> None:
    for exchange in (rabbit.COMMANDS, rabbit.DEAD_COMMANDS, rabbit.QUERIES):
        assert f"`{exchange.name}`" in PAGE
    assert f"`{rabbit.dead_command_queue().name}`" in PAGE


def test_it_has_a_row_for_each_field_of_a_command_and_each_kind_of_answer() -> None:
    for name in (*commands.CommandMessage().fields, *ANSWER_KINDS):
        assert f"| `{name}`" in PAGE or f", `{name}` |" in PAGE


def test_it_says_how_to_ask_each_question() -> None:
    for question in QUESTIONS:
        name = question.partition(".")[2]
        assert f"`{question}`" in PAGE or f"`<service>.{name}`" in PAGE
    assert all(f"`{name}`" in PAGE for name in QuestionMessage().fields)


def test_the_codes_stand_on_the_page_that_it_points_to() -> None:
    assert all(f"- `{code}`: {meaning}" in EVENTS for code, meaning in ANSWER_CODES.items())
