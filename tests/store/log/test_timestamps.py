"""A timestamp is believed only if it was granted, to us, for exactly this head."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from grant_store.log.log_keys import signed_note
from grant_store.log.note import Note
from grant_store.log.timestamps import Authority, NotTimestamped, check_timestamp
from grant_values.invalid import Invalid
from store.log.signers import LOG_KEYS, NOON, a_checkpoint, a_full_note
from store.log.timestamp_authority import Answer, TimestampAuthority

NOTE = signed_note(a_checkpoint(), LOG_KEYS, NOON)
TEXT = Note.parse(NOTE).text


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> TimestampAuthority:
    return TimestampAuthority(tmp_path_factory.mktemp("tsa") / "authority")


def test_a_head_is_stamped_and_the_stamp_leads_to_the_root(authority: TimestampAuthority) -> None:
    before = datetime.now(UTC)
    with authority.serving() as url:
        answer = Authority.at(url, authority.root).stamp(NOTE)

    stamped_at = check_timestamp(
        answer, TEXT, certificates=Authority.at(url, authority.root).certificates
    )
    assert before - timedelta(seconds=2) <= stamped_at <= datetime.now(UTC)


def test_a_stamp_stays_right_when_others_cosign_later(authority: TimestampAuthority) -> None:
    with authority.serving() as url:
        answer = Authority.at(url).stamp(NOTE)

    check_timestamp(answer, Note.parse(a_full_note(a_checkpoint())).text)
    with pytest.raises(NotTimestamped, match="something else"):
        check_timestamp(answer, a_checkpoint(24).text)


def other_text(authority: TimestampAuthority, query: bytes) -> bytes:
    return authority.reply(authority.question(b"another head"))


def other_question(authority: TimestampAuthority, query: bytes) -> bytes:
    return authority.reply(authority.question(TEXT))


def a_byte_less(authority: TimestampAuthority, query: bytes) -> bytes:
    return authority.reply(query)[:-1]


def nothing_that_can_be_read(authority: TimestampAuthority, query: bytes) -> bytes:
    return b"hello"


def too_much(authority: TimestampAuthority, query: bytes) -> bytes:
    return bytes(100_001)


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (other_text, "something else"),
        (other_question, "nonce"),
        (a_byte_less, "cannot be read"),
        (nothing_that_can_be_read, "cannot be read"),
        (too_much, "not a timestamp"),
    ],
)
def test_an_answer_that_is_not_ours_is_not_believed(
    authority: TimestampAuthority, answer: Answer, complaint: str
) -> None:
    with authority.serving(answer) as url, pytest.raises(NotTimestamped, match=complaint):
        Authority.at(url, authority.root).stamp(NOTE)


def test_a_refusal_is_said_in_the_authoritys_words(tmp_path: Path) -> None:
    picky = TimestampAuthority(tmp_path / "picky", digests="sha512")

    with picky.serving() as url, pytest.raises(NotTimestamped, match=r"refused .*not supported"):
        Authority.at(url).stamp(NOTE)


def test_a_stamp_that_leads_to_another_root_is_not_believed(
    authority: TimestampAuthority, tmp_path: Path
) -> None:
    other = TimestampAuthority(tmp_path / "other")

    with authority.serving() as url, pytest.raises(NotTimestamped, match="root"):
        Authority.at(url, other.root).stamp(NOTE)


def test_a_page_is_no_timestamp(authority: TimestampAuthority) -> None:
    with authority.serving(kind="text/html") as url, pytest.raises(NotTimestamped, match="html"):
        Authority.at(url).stamp(NOTE)


def test_an_authority_that_is_away_is_named(authority: TimestampAuthority) -> None:
    with authority.serving() as url:
        pass

    with pytest.raises(NotTimestamped, match=r"127\.0\.0\.1 gave no answer"):
        Authority.at(url).stamp(NOTE)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "tsa.example", "ftp://tsa.example/"])
def test_only_addresses_of_the_web_are_asked(url: str) -> None:
    with pytest.raises(Invalid, match="authority"):
        Authority.at(url)


def test_a_file_of_certificates_that_has_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "roots.pem").write_text("none", encoding="ascii")

    with pytest.raises(Invalid, match="PEM"):
        Authority.at("http://tsa.example/", tmp_path / "roots.pem")
