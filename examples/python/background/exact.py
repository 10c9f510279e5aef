"""JSON whose numbers keep all of their digits: amounts are Decimal, never float."""

import json
from decimal import Decimal
from typing import Any


def loads(text: str) -> Any:
    """Reads JSON; raises ValueError for what is none, or is nested beyond reason."""
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("JSON that is nested too deep") from None


def dumps(value: Any) -> str:
    """Writes JSON. A Decimal is written in digits, without an exponent."""
    match value:
        case Decimal():
            if not value.is_finite():
                raise ValueError(f"JSON has no {value}")
            return format(value, "f")
        case dict():
            return "{" + ",".join(f"{json.dumps(str(name))}:{dumps(one)}" for name, one in value.items()) + "}"
        case list() | tuple():
            return "[" + ",".join(map(dumps, value)) + "]"
    return json.dumps(value, allow_nan=False)


def _refuse(constant: str) -> None:
    raise ValueError(f"JSON has no {constant}")
