"""How nouns are shown to a person: states with a tone and an icon, and times with their age."""

import datetime as dt
from dataclasses import dataclass

MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86_400


@dataclass(frozen=True, slots=True)
class Chip:
    """A state: words, an icon and a tone, so that colour never carries it alone.

    Attributes:
        tone: `ok`, `warn`, `bad`, `wait` or `quiet`.
        icon: the name of a symbol in templates/parts/icons.svg.
    """

    words: str
    tone: str
    icon: str


@dataclass(frozen=True, slots=True)
class Moment:
    """A time.

    Attributes:
        iso: for machines.
        text: in UTC, for people.
        ago: how long ago, in words.
    """

    iso: str
    text: str
    ago: str


_CHIPS = {
    "draft": ("quiet", "pencil"),
    "open": ("wait", "clock"),
    "approved": ("ok", "check"),
    "merged": ("ok", "merge"),
    "settled": ("ok", "check"),
    "rejected": ("bad", "cross"),
    "withdrawn": ("quiet", "back"),
    "stale": ("warn", "wave"),
    "expired": ("warn", "clock"),
    "rolled back": ("bad", "back"),
    "in control": ("ok", "check"),
    "unapproved": ("wait", "clock"),
    "not verified": ("warn", "wave"),
    "not regenerable": ("bad", "broken"),
    "external": ("quiet", "dot"),
    "fit": ("ok", "check"),
    "drifting": ("warn", "wave"),
    "overdue": ("wait", "clock"),
    "findings open": ("bad", "cross"),
    "orphaned": ("warn", "person"),
    "waits for a second person": ("wait", "clock"),
    "in force": ("warn", "alarm"),
}


def chip_of(state: str) -> Chip:
    """Return how a state is shown; one that is not known here is shown plainly, in its own words.

    Example:
        >>> chip_of("not regenerable")
        Chip(words='Not regenerable', tone='bad', icon='broken')
        >>> chip_of("rolled_back").words, chip_of("unheard of").tone
        ('Rolled back', 'quiet')
    """
    words = str(state).replace("_", " ").replace("-", " ")
    tone, icon = _CHIPS.get(words, ("quiet", "dot"))
    return Chip(words[:1].upper() + words[1:], tone, icon)


def moment_of(at_us: int, *, now_us: int) -> Moment:
    """Return how a time is shown.

    Args:
        at_us: the time.
        now_us: the time of showing.

    Example:
        >>> moment_of(1_700_000_000_000_000, now_us=1_700_007_300_000_000)
        Moment(iso='2023-11-14T22:13:20Z', text='2023-11-14 22:13 UTC', ago='2 h ago')
    """
    moment = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=at_us)
    age = age_words((now_us - at_us) // 1_000_000)
    return Moment(moment.strftime("%Y-%m-%dT%H:%M:%SZ"), moment.strftime("%Y-%m-%d %H:%M UTC"), age)


def age_words(seconds: int) -> str:
    """Return how long ago something was.

    Example:
        >>> [age_words(each) for each in (-5, 59, 60, 7200, 90_000, 200_000)]
        ['just now', 'just now', '1 min ago', '2 h ago', '1 day ago', '2 days ago']
    """
    if seconds < MINUTE_S:
        return "just now"
    if seconds < HOUR_S:
        return f"{seconds // MINUTE_S} min ago"
    if seconds < DAY_S:
        return f"{seconds // HOUR_S} h ago"
    return f"{counted(seconds // DAY_S, 'day')} ago"


def counted(number: int, noun: str) -> str:
    """Return a number with its noun.

    Example:
        >>> counted(1, "change"), counted(0, "change")
        ('1 change', '0 changes')
    """
    return f"{number} {noun}{'' if number == 1 else 's'}"


def pieces(text: str) -> tuple[tuple[str, bool], ...]:
    """Return the pieces of a sentence, and of each whether it is code: what stands between backticks.

    Example:
        >>> pieces("see `remint log`")
        (('see ', False), ('remint log', True))
    """
    found = text.split("`")
    if len(found) % 2 == 0:
        return ((text, False),)
    return tuple((piece, place % 2 == 1) for place, piece in enumerate(found) if piece)


def printable(text: str) -> str:
    """Return a text without letters that have no place in HTML or turn the direction of what follows.

    Example:
        >>> printable("a\\u202eb\\nc")
        'a\ufffdb\\nc'
    """
    return "".join(letter if letter.isprintable() or letter in "\n\t" else "\N{REPLACEMENT CHARACTER}" for letter in text)
