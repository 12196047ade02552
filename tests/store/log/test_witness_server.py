"""The witness over HTTP answers as C2SP tlog-witness demands, and strangers fill no disk."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from faults.waiting import eventually
from grant_store.log.cosignature import opened
from grant_store.log.log_keys import signed_note
from grant_store.log.note import MOST_BYTES, Note
from grant_store.log.witness import Witness
from grant_store.log.witness_client import NotCosigned, OtherSize, ask_witness
from grant_store.log.witness_request import WitnessRequest
from grant_store.log.witness_server import MOST_CONNECTIONS, server_of
from grant_values.invalid import Invalid
from store.log.growing_log import GrowingLog
from store.log.signers import LOG_KEYS, NOON, WITNESS, a_checkpoint


@pytest.fixture
def witness(tmp_path: Path) -> Witness:
    witness = Witness.init(tmp_path / "witness", WITNESS)
    for key in LOG_KEYS:
        witness.trust(key.verifier, NOON)
    return witness


@pytest.fixture
def port(witness: Witness) -> Iterator[int]:
    server = server_of(witness, "127.0.0.1", 0, lambda: NOON)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def post(port: int, body: bytes, path: str = "/add-checkpoint") -> tuple[int, str, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("POST", path, body)
    answer = connection.getresponse()
    said = answer.status, answer.headers.get_content_type(), answer.read()
    connection.close()
    return said


def test_a_head_is_cosigned_and_the_lines_come_back(witness: Witness, port: int) -> None:
    log = GrowingLog().grow(23)

    status, _, lines = post(port, log.request(0))

    assert status == 200
    note = bytes(Note.parse(log.note()).with_lines(lines))
    assert opened(note, witness.verifiers).witnesses == {WITNESS}


def test_each_refusal_has_the_status_of_the_specification(witness: Witness, port: int) -> None:
    log = GrowingLog().grow(23)
    forged = Note(
        log.checkpoint().text, Note.parse(signed_note(a_checkpoint(), LOG_KEYS, NOON)).lines
    )
    unknown = GrowingLog("another/log").grow(3)
    post(port, log.request(0))
    log.grow(7)
    wrong = WitnessRequest(23, (bytes(32),), log.note())

    assert post(port, unknown.request(0))[0] == 404
    assert post(port, bytes(WitnessRequest(0, (), bytes(forged))))[0] == 403
    assert post(port, b"old 99\n\n" + log.note())[0] == 400
    assert post(port, log.request(7))[:2] == (409, "text/x.tlog.size")
    assert post(port, log.request(7))[2] == b"23\n"
    assert post(port, log.request(0, 20))[2] == b"23\n"
    assert post(port, bytes(wrong))[0] == 422
    assert post(port, GrowingLog().grow(23, "forked").request(23))[:2] == (409, "text/plain")
    assert post(port, b"nonsense")[0] == 400
    assert post(port, log.request(23), "/elsewhere")[0] == 404


def test_what_anybody_can_write_fills_no_disk(witness: Witness, port: int) -> None:
    """Strangers may repeat what they have seen, with proofs that they make up."""
    log = GrowingLog().grow(23)
    post(port, log.request(0))
    log.grow(7)
    for made_up in range(20):
        proof = (bytes([made_up]) * 32,)
        assert post(port, bytes(WitnessRequest(23, proof, log.note())))[0] == 422
        post(port, GrowingLog(f"stranger/{made_up}").grow(3).request(0))

    assert [each.reason for each in witness.refusals()] == ["inconsistent"]


def test_a_body_that_is_too_long_is_not_read(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as line:
        head = (
            f"POST /add-checkpoint HTTP/1.1\r\nHost: x\r\nContent-Length: {MOST_BYTES + 1}\r\n\r\n"
        )
        line.sendall(head.encode())
        said = b""
        while part := line.recv(4096):
            said += part

    assert said.startswith(b"HTTP/1.1 413")


def test_the_client_gets_lines_sizes_and_refusals(witness: Witness, port: int) -> None:
    url = f"http://127.0.0.1:{port}"
    log = GrowingLog().grow(23)
    lines = ask_witness(url, WitnessRequest.parse(log.request(0)))
    assert opened(bytes(Note.parse(log.note()).with_lines(lines)), witness.verifiers).witnesses

    log.grow(7)
    with pytest.raises(OtherSize) as other:
        ask_witness(url, WitnessRequest.parse(log.request(0)))
    assert other.value.size == 23
    with pytest.raises(NotCosigned, match="422"):
        ask_witness(url, WitnessRequest(23, (), log.note()))
    with pytest.raises(Invalid, match="witness-url"):
        ask_witness("file:///etc", WitnessRequest.parse(log.request(23)))


def test_a_witness_that_is_away_is_named() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(NotCosigned, match="no answer"):
            ask_witness(url, WitnessRequest.parse(GrowingLog().grow(3).request(0)))


def test_a_length_that_no_number_can_hold_is_answered(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as line:
        line.sendall(
            b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n"
        )

        assert line.recv(100).startswith(b"HTTP/1.1 413 ")


def test_silent_connections_do_not_use_up_the_machine(witness: Witness, port: int) -> None:
    """Those beyond a limit are hung up on, and when some have gone others are heard again."""
    silent = [socket.create_connection(("127.0.0.1", port), timeout=30) for _ in range(60)]
    hung_up = [line for line in silent[MOST_CONNECTIONS:] if line.recv(1) == b""]
    for line in silent:
        line.close()

    assert len(hung_up) == 60 - MOST_CONNECTIONS
    request = GrowingLog().grow(23).request(0)
    eventually("a place is free again", lambda: post_or_nothing(port, request) == 200)


def post_or_nothing(port: int, body: bytes) -> int:
    try:
        return post(port, body)[0]
    except (ConnectionError, http.client.HTTPException):
        return 0
