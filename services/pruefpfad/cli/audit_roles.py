"""`pruefpfad audit roles`: who may do what, and who has acted in which role."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict

import click

from grant_audit.sentences import Language, word
from pruefpfad.cli.cases import heading, lang_option
from pruefpfad.cli.installation import Installation, reads
from pruefpfad.cli.looking import on_record
from pruefpfad.cli.output import json_option, say_json, say_table
from pruefpfad.cli.progress import PositionBars
from pruefpfad.role_matrix import Acting, Entitlement, actings, entitlements


@click.command(epilog="Example: pruefpfad --data var/demo audit roles --used")
@click.option("--used", is_flag=True, help="Who has acted in which role, by the ledgers.")
@lang_option
@json_option
@reads
@on_record(required_on_servers=True)
def roles(installation: Installation, used: bool, lang: Language, as_json: bool) -> None:
    """Show which roles may give which command; or, with --used, who has acted in which role."""
    if used:
        _say_used(_read(installation), lang, as_json=as_json)
    else:
        _say_entitled(list(entitlements()), lang, as_json=as_json)


def _read(installation: Installation) -> list[Acting]:
    with installation.stores() as stores:
        heads = {name: store.head().position for name, store in stores.items()}
        with PositionBars(heads) as bars:
            return actings(stores, bars.reached)


def _say_entitled(found: Sequence[Entitlement], lang: Language, *, as_json: bool) -> None:
    if as_json:
        say_json([asdict(each) for each in found])
        return
    rows = [
        (
            each.command,
            ", ".join(word(role, "role", lang) for role in each.roles),
            word("yes", "roles", lang) if each.takes_second else "–",
        )
        for each in found
    ]
    columns = [word(term, "roles", lang) for term in ("command", "entitled", "second")]
    say_table(word("entitlements", "roles", lang), columns, rows)


def _say_used(found: Sequence[Acting], lang: Language, *, as_json: bool) -> None:
    """Whoever has acted in more than one role is marked: the domains decide whether they may."""
    several = Counter(each.actor_id for each in found)
    if as_json:
        say_json(
            [
                {
                    **asdict(each),
                    "methods": sorted(each.methods),
                    "services": sorted(each.services),
                    "roles_of_actor": several[each.actor_id],
                }
                for each in found
            ]
        )
        return
    rows = [
        (
            each.actor_id,
            word(each.role, "role", lang),
            str(each.events),
            ", ".join(sorted(each.services)),
            ", ".join(sorted(filter(None, each.methods))) or "–",
            f"{each.first_at:%Y-%m-%d %H:%M}",
            f"{each.last_at:%Y-%m-%d %H:%M}",
            str(several[each.actor_id]),
        )
        for each in found
    ]
    terms = ("actor", "role", "events", "services", "methods", "first", "last", "roles_of_actor")
    columns = [word(term, "roles", lang) for term in terms]
    say_table(heading("actors", lang), columns, rows)


AUDIT_COMMANDS = (roles,)
