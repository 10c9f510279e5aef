"""Amounts keep their digits."""

from decimal import Decimal

import pytest

from background import exact


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("0.0000001"), "0.0000001"),
        (Decimal("1E+3"), "1000"),
        (Decimal("1250.50"), "1250.50"),
        ({"a": [Decimal("1.10"), 9007199254740993, None, True, 'Blå"bær']}, None),
    ],
    ids=str,
)
def test_what_is_written_is_read_again(value: object, text: str | None) -> None:
    written = exact.dumps(value)
    assert written == (text or written)
    assert exact.loads(written) == value


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", "[" * 100_000, "{", ""], ids=lambda text: text[:9] or "nothing")
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        exact.loads(text)


@pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("Infinity"), float("nan")])
def test_what_json_has_no_number_for_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r".+"):
        exact.dumps([value])
