"""The inside of a service's process: store, writer and container put together, and the start-up
check. Import it in a green process only; `serve` sees to that.
"""

from __future__ import annotations

import time
from importlib import import_module

import structlog

from grant_bus.actors import TokenCheck
from grant_bus.follower import UpstreamChanged
from grant_bus.nameko import hub
from grant_bus.nameko.commits import Process
from grant_bus.nameko.running import run
from grant_bus.pauses import Pauses
from grant_bus.question_desk import Readers
from grant_bus.rabbit import connect, is_passing
from grant_bus.rates import UNLIMITED, SenderRates
from grant_bus.writer import CannotApply
from grant_store.opening import open_ledger_view, open_store
from grant_store.personal.opening import open_vault
from grant_store.personal.vault import Vault
from grant_store.postgres_connection import answer_slowly
from grant_store.postgres_connection import connect as connect_database
from grant_store.sqlite import utc_now
from grant_store.store import Store
from pruefpfad.assembly import SERVICES
from pruefpfad.continuity import continuity_of, signed_notes_of
from pruefpfad.decided_ends import DECIDER, DecidedInBudgeting
from pruefpfad.keys import public_key
from pruefpfad.processes import logs
from pruefpfad.processes.configuration import Configuration
from pruefpfad.processes.memory import look_for_garbage_seldom

QUERY_SECONDS = 0.3
LONGEST_PAUSE_SECONDS = 0.15
PATIENCE_SECONDS = 60.0

_log = structlog.get_logger()


def run_service(name: str, configuration: Configuration) -> int:
    """The exit code: 0 after an orderly end, 1 if the service could not start or go on."""
    look_for_garbage_seldom()
    logs.configure(configuration.log_level, service=name, role="service")
    if name not in SERVICES:
        _log.error("no such service", name=name, expected=sorted(SERVICES))
        return 1
    store = open_store(configuration.database_url, name, configuration.lane)
    try:
        _wait_for_servers(store, configuration)
        _serve(store, configuration)
    except CannotApply as error:
        event = error.event
        _log.critical(
            "an event cannot be applied; the feed stops here",
            event_type=event.type,
            origin=event.origin,
            position=event.position,
            event_id=str(event.id),
            exc_info=error,
        )
        return 1
    except UpstreamChanged as error:
        _log.critical("an upstream is not the one that was followed", exc_info=error)
        return 1
    except Exception as error:  # noqa: BLE001 - the process ends and says why.
        _log.critical("the service stops", exc_info=error)
        return 1
    finally:
        store.close()
    return 0


def _serve(store: Store, configuration: Configuration) -> None:
    if configuration.actor_key is None:
        raise ValueError("actor_key: expected the public key of the token issuer")
    tokens = TokenCheck(public_key(configuration.actor_key), utc_now)
    limit = configuration.commands_per_second
    rates = SenderRates(limit) if limit else UNLIMITED
    continuity = continuity_of(
        *(configuration.database_url, store.service, store.lane),
        *(configuration.log_name, configuration.heads_dir, configuration.log_public_keys),
    )
    signed = signed_notes_of(configuration.database_url, store.service, store.lane)
    service = SERVICES[store.service]
    vault = _vault(configuration) if service.opens_personal_data else None
    ends = _ends(configuration) if service.ends_personal_data else None
    writer = service.writer(
        *(store, tokens, utc_now),
        rates=rates,
        continuity=continuity,
        vault=vault,
        signed=signed,
        ends=ends,
    )
    writer.broken_history()  # Now, so that whoever looks at the start of the log sees it.
    readers = Readers(tokens, utc_now, rates)
    run(_service_class(store.service), Process(writer, configuration.amqp_url, readers))


def _vault(configuration: Configuration) -> Vault:
    if configuration.vault_keys is None:
        raise ValueError("vault_keys: expected the file of the keys that protect the vault's")
    return open_vault(configuration.vault_url, configuration.vault_keys)


def _ends(configuration: Configuration) -> DecidedInBudgeting:
    """Connects when it is asked for the first time, and not before."""
    view = open_ledger_view(configuration.database_url, DECIDER, configuration.lane)
    return DecidedInBudgeting(view)


def _service_class(name: str) -> type:
    """Imported here and not above: a process needs its own service only."""
    service_class: type = getattr(
        import_module(f"grant_{name}.service"), f"{name.capitalize()}Service"
    )
    return service_class


def _wait_for_servers(store: Store, configuration: Configuration) -> None:
    """Wait a while for broker and database, then prove that queries do not stall this process."""
    pauses = Pauses()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            _check(store, configuration)
            return
        except Exception as error:
            if not is_passing(error) or time.monotonic() > deadline:
                raise
            _log.warning("waiting for broker and database", error=str(error))
            time.sleep(pauses.next())


def _check(store: Store, configuration: Configuration) -> None:
    store.head()
    connect(configuration.amqp_url).release()
    if configuration.database_url.startswith("sqlite:"):
        return
    with connect_database(configuration.database_url, store.origin, autocommit=True) as connection:
        pause = hub.refuse_if_stalled(
            lambda: answer_slowly(connection, store.origin, QUERY_SECONDS),
            LONGEST_PAUSE_SECONDS,
        )
    _log.info("queries do not stall the hub", longest_pause_seconds=round(pause, 4))
