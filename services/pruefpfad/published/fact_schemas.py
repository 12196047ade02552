"""A marshmallow schema for each fact, made from its one declaration.

For whoever writes or checks facts at a border and wants every error named. Followers decode with
msgspec instead, which is much faster (docs/decisions/0005).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import cache
from types import NoneType
from typing import Any, get_args, get_origin
from uuid import UUID

from marshmallow import Schema, fields, validate

from grant_contracts.commands import Flag, Strict
from grant_contracts.envelope import Fact
from grant_contracts.reasons import codes_of
from grant_values.fields import Instant, LegalDate
from pruefpfad.published.kinds import fact_fields, shape_fields

AnyField = fields.Field[Any]

_FIELDS: Mapping[Any, Callable[..., AnyField]] = {
    str: fields.String,
    int: lambda **options: fields.Integer(strict=True, **options),
    bool: Flag,
    date: LegalDate,
    datetime: Instant,
    UUID: fields.UUID,
    Any: fields.Raw,
}


@cache
def schema_of(fact: type[Fact]) -> type[Schema]:
    """The schema of a fact's data: every field required, further ones refused."""
    made = {name: _field(kind) for name, kind in fact_fields(fact).items()}
    for name, codes in codes_of(fact.TOPIC).items():
        made[name] = fields.String(required=True, validate=validate.OneOf(list(codes)))
    return Strict.from_dict(made, name=fact.__name__)


def _field(kind: Any, **options: Any) -> AnyField:
    options = {"required": True, **options}
    arguments = get_args(kind)
    if NoneType in arguments:
        [inner] = [argument for argument in arguments if argument is not NoneType]
        return _field(inner, allow_none=True)
    if get_origin(kind) is tuple:
        return fields.List(_field(arguments[0]), **options)
    if get_origin(kind) is dict:
        return fields.Dict(keys=fields.String(), **options)
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return fields.Nested(_shape_schema(kind), **options)
    return _FIELDS[kind](**options)


@cache
def _shape_schema(shape: type[Any]) -> type[Schema]:
    made = {name: _field(kind) for name, kind in shape_fields(shape).items()}
    return Strict.from_dict(made, name=shape.__name__)
