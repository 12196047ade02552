"""The file of the key encryption keys as a container sees it: in a folder that is mounted."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from grant_store.personal.encryption_keys import FILE_NAME, EncryptionKeys
from grant_store.personal.opening import open_vault
from grant_values.personal import Sealed
from support.personal import a_sealed_account

NEW_NAMESPACE = ("unshare", "--user", "--map-root-user", "--mount")
IN_CONTAINER = """
import subprocess, sys
from pathlib import Path
from uuid import UUID
from grant_store.personal.opening import open_vault
from grant_values.personal import Sealed

url, host, mounted, file, *record = sys.argv[1:]
subprocess.run(["mount", "--bind", "-o", "ro", host, mounted], check=True)
vault = open_vault(url, Path(mounted) / file)
subject, at, purpose, kind, key, content = record
sealed = Sealed(UUID(subject), UUID(at), purpose, kind, UUID(key), content)
for _ in sys.stdin:
    print(vault.open(sealed)["name"], flush=True)
"""


def can_mount() -> bool:
    tried = subprocess.run([*NEW_NAMESPACE, "true"], capture_output=True, check=False)
    return tried.returncode == 0


@pytest.mark.skipif(not can_mount(), reason="needs a namespace of its own to mount in")
def test_a_service_in_a_container_reads_on_after_keys_were_wrapped_anew(tmp_path: Path) -> None:
    host, mounted, url = tmp_path / "host", tmp_path / "mounted", f"sqlite:///{tmp_path}/v"
    mounted.mkdir()
    vault = open_vault(url, host / FILE_NAME)
    vault.migrate()
    sealed = a_sealed_account(vault, "ZIQ-2020-0001", name="Caritasverband")
    words = [*NEW_NAMESPACE, sys.executable, "-c", IN_CONTAINER, url, str(host), str(mounted)]

    with subprocess.Popen(
        [*words, FILE_NAME, *as_words(sealed)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as service:
        assert service.stdin and service.stdout
        answers = []
        for _ in range(3):
            service.stdin.write("open\n")
            service.stdin.flush()
            answers.append(service.stdout.readline().strip())
            vault.rewrap()
        service.stdin.close()

    vault.close()
    assert answers == ["Caritasverband"] * 3


@pytest.mark.skipif(not can_mount(), reason="needs a namespace of its own to mount in")
def test_a_file_that_is_mounted_by_itself_is_not_replaced_and_the_cause_is_said(
    tmp_path: Path,
) -> None:
    file = tmp_path / FILE_NAME
    EncryptionKeys(file).create()
    before = file.read_bytes()
    script = (
        "import subprocess, sys; from pathlib import Path;"
        "from grant_store.personal.encryption_keys import EncryptionKeys;"
        "subprocess.run(['mount', '--bind', sys.argv[1], sys.argv[1]], check=True);"
        "EncryptionKeys(Path(sys.argv[1])).rotate()"
    )

    tried = subprocess.run(
        [*NEW_NAMESPACE, sys.executable, "-c", script, str(file)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert "EncryptionKeysUnfit" in tried.stderr
    assert "mount its folder, not the file" in tried.stderr
    assert (file.read_bytes(), list(tmp_path.iterdir())) == (before, [file])


@pytest.mark.skipif(os.geteuid() != 0, reason="needs to give a file to somebody else")
def test_a_file_that_is_replaced_stays_with_whom_it_belonged_to(tmp_path: Path) -> None:
    """The operator may be another one than the user of the containers."""
    file = tmp_path / FILE_NAME
    vault = open_vault(f"sqlite:///{tmp_path}/v", file)
    vault.migrate()
    os.chown(file, 10001, 10001)
    file.chmod(0o640)

    vault.rewrap()

    vault.close()
    stands = file.stat()
    assert (stands.st_uid, stands.st_gid, stands.st_mode & 0o777) == (10001, 10001, 0o640)


def as_words(sealed: Sealed) -> list[str]:
    return [
        *(str(sealed.subject), str(sealed.record), sealed.purpose, sealed.kind),
        *(str(sealed.key), sealed.sealed),
    ]
