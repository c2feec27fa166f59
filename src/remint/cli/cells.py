"""How values are written for people, on the terminal and in pages."""

WIDEST = 24


def cell(value: object, widest: int = WIDEST) -> str:
    """Return a value as a short text: nothing for no value, six digits of a number.

    Example:
        >>> cell(None), cell(1 / 3), cell("a" * 30)
        ('', '0.333333', 'aaaaaaaaaaaaaaaaaaaaaaa…')
    """
    text = "" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)
    return text if len(text) <= widest else text[: widest - 1] + "…"


def number(value: object) -> str:
    """Return a number with commas between thousands from 10,000 on, so that years stay years; of a fraction six digits.

    Example:
        >>> number(2013), number(336776), number(12.6390703), number(1e6), number(None)
        ('2013', '336,776', '12.6391', '1,000,000', '')
    """
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    if isinstance(value, int):
        return f"{value:,}" if abs(value) >= 10_000 else str(value)
    return cell(value)


def seconds(value: float) -> str:
    """Return a length of time of a sound.

    Example:
        >>> seconds(0.25), seconds(75)
        ('0.25 s', '1:15 min')
    """
    if value < 60:
        return f"{value:.3g} s"
    return f"{int(value // 60)}:{int(value % 60):02} min"
