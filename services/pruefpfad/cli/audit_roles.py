"""`pruefpfad audit roles`: who may do what, and who has acted in which role."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict

import click

from grant_audit.as_of import AsOf, last_positions
from grant_audit.sentences import Language, word
from grant_values.invalid import Invalid
from pruefpfad.cli.as_of import Origin, answers_auditors
from pruefpfad.cli.cases import heading, lang_option
from pruefpfad.cli.installation import Installation
from pruefpfad.cli.output import json_option, say_json, say_table
from pruefpfad.cli.progress import PositionBars
from pruefpfad.role_matrix import Acting, Entitlement, actings, entitlements


@click.command(epilog="Example: pruefpfad --data var/demo audit roles --used")
@click.option("--used", is_flag=True, help="Who has acted in which role, by the ledgers.")
@lang_option
@json_option
@answers_auditors
def roles(
    installation: Installation, as_of: AsOf, used: bool, lang: Language, as_json: bool
) -> None:
    """Show which roles may give which command; or, with --used, who has acted in which role.

    Who may do what is told by this program, as it is. Who has acted is told by the ledgers: now, or
    with --recorded or --position as it was on record then.
    """
    if as_of.effective:
        expected = "expected --recorded or --position: whoever acts does so when it is recorded"
        raise Invalid("effective", expected)
    if not (used or as_of.is_now):
        raise Invalid("used", "expected it with --recorded or --position")
    if used:
        _say_used(*_read(installation, as_of), lang, as_json=as_json)
    else:
        _say_entitled(list(entitlements()), lang, as_json=as_json)


def _read(installation: Installation, as_of: AsOf) -> tuple[list[Acting], Origin]:
    with installation.stores() as stores:
        lasts = last_positions(stores, as_of, stores)
        with PositionBars(lasts) as bars:
            return actings(stores, lasts, bars.reached), Origin(lasts)


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


def _say_used(found: Sequence[Acting], origin: Origin, lang: Language, *, as_json: bool) -> None:
    """Whoever has acted in more than one role is marked: the domains decide whether they may."""
    several = Counter(each.actor_id for each in found)
    if as_json:
        actors = [
            {
                **asdict(each),
                "methods": sorted(each.methods),
                "services": sorted(each.services),
                "roles_of_actor": several[each.actor_id],
            }
            for each in found
        ]
        say_json(origin.plain(actors=actors))
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
    click.echo(origin.line(lang))


AUDIT_COMMANDS = (roles,)
