"""Puts what is personal in a command into envelopes, with cryptography and nothing else.

    enclose.py BORDER.json COMMAND.json > enclosed.json

BORDER.json is the public key of the border, as the operator of Prüfpfad hands it out; COMMAND.json
is what send_a_command.py takes, with accounts and persons in clear. Only the output may be sent.
What every line relies on is written down in docs/commands.md.
"""

from __future__ import annotations

import json
import sys
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
PADDED_TO_BYTES = 256


class Border:
    """The key of the border that records are enclosed for."""

    def __init__(self, published: dict[str, Any]) -> None:
        self._id = published["id"]
        self._key = X25519PublicKey.from_public_bytes(b64decode(published["public_key"]))

    def enclose(
        self, record: dict[str, Any], command: str, reference: str, kind: str, number: int
    ) -> dict[str, str]:
        """The record in an envelope that opens for this command, case, kind and number alone."""
        bound = "\n".join(["pruefpfad/envelope/1", command, reference, kind, str(number)])
        clear = json.dumps(record, ensure_ascii=False).encode()
        # Blanks at the end are no part of the JSON, and hide how long a name is.
        padded = clear + b" " * (-len(clear) % PADDED_TO_BYTES)
        envelope = SUITE.encrypt(padded, self._key, bound.encode())
        return {"to": self._id, "envelope": b64encode(envelope).decode()}


def enclosed_application(border: Border, payload: dict[str, Any]) -> dict[str, Any]:
    """The payload of intake.submit_application: one account, and contact persons from 1 on."""
    place = ("intake.submit_application", payload["reference"])
    contacts = [
        border.enclose(contact, *place, "contact_person", number)
        for number, contact in enumerate(payload.get("contacts", []), 1)
    ]
    return {
        **payload,
        "payee": border.enclose(payload["payee"], *place, "account", 1),
        "contacts": contacts,
    }


def enclosed_records(border: Border, payload: dict[str, Any]) -> dict[str, Any]:
    """The payload of intake.record_personal_data: kind and number stay beside the envelope."""
    records = []
    for record in payload["records"]:
        beside = {name: record[name] for name in ("kind", "number")}
        clear = {name: value for name, value in record.items() if name not in beside}
        place = ("intake.record_personal_data", payload["reference"])
        records.append(beside | border.enclose(clear, *place, *beside.values()))
    return {**payload, "records": records}


def enclosed_enrolment(border: Border, payload: dict[str, Any]) -> dict[str, Any]:
    """The payload of intake.enrol_participant: up to four records of one participant."""
    place = ("intake.enrol_participant", payload["reference"])
    records = {
        field: border.enclose(payload[field], *place, kind, payload["number"])
        for field, kind in OF_A_PARTICIPANT.items()
        if field in payload
    }
    return payload | records


OF_A_PARTICIPANT = {
    "identity": "participant",
    "characteristics": "participant_characteristics",
    "special_categories": "participant_special_categories",
    "follow_up": "participant_follow_up",
}
ENCLOSING = {
    "intake.enrol_participant": enclosed_enrolment,
    "intake.submit_application": enclosed_application,
    "intake.record_personal_data": enclosed_records,
}


def main(border_file: Path, command_file: Path) -> None:
    border = Border(json.loads(border_file.read_text(encoding="utf-8")))
    given = json.loads(command_file.read_text(encoding="utf-8"))
    given["payload"] = ENCLOSING[given["command"]](border, given["payload"])
    print(json.dumps(given, ensure_ascii=False, indent=2))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
