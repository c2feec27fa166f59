"""Months as text, for example `2013-07`: the unit in which files arrive, features are made and models are retrained."""

FIRST = "2013-01"
"""The first month there are files of."""


def shifted(month: str, by: int) -> str:
    """Return the month `by` months later, or earlier if negative.

    Example:
        >>> shifted("2013-01", -1), shifted("2013-11", 2)
        ('2012-12', '2014-01')
    """
    place = int(month[:4]) * 12 + int(month[5:7]) - 1 + by
    return f"{place // 12:04d}-{place % 12 + 1:02d}"


def months_between(first: str, last: str) -> list[str]:
    """Return all months from `first` to `last`, both included.

    Raises:
        ValueError: `last` is before `first`, or one is not a month written like 2013-07.

    Example:
        >>> months_between("2012-12", "2013-02")
        ['2012-12', '2013-01', '2013-02']
    """
    for month in (first, last):
        if len(month) != 7 or shifted(month, 0) != month:
            raise ValueError(f"{month!r} is not a month, written like 2013-07")
    if last < first:
        raise ValueError(f"{last} is before {first}")
    found = [first]
    while found[-1] != last:
        found.append(shifted(found[-1], 1))
    return found
