"""Cards: what people wrote about a model, under headings."""

import re
from collections.abc import Iterable, Mapping

from remint.errors import Invalid

LONGEST = 200_000
"""Characters of a card."""

_HEADING = re.compile(r"(#{1,6})[ \t]+(.+?)[ \t]*#*[ \t]*")


def sections(text: str) -> Mapping[str, bool]:
    """Return the headings of a card in Markdown, in lower case, and whether there are words under each.

    Words under a lower heading count for the higher one, too. What stands in a block of code is no heading.

    Example:
        >>> dict(sections("# Use\\n## By whom\\nby all\\n# Limits\\n"))
        {'use': True, 'by whom': True, 'limits': False}
    """
    found: dict[str, bool] = {}
    above: list[tuple[int, str]] = []
    in_code = False
    for line in text.splitlines():
        in_code ^= line.lstrip().startswith("```")
        heading = None if in_code else _HEADING.fullmatch(line)
        if heading:
            depth, name = len(heading[1]), heading[2].strip().lower()
            above = [*(one for one in above if one[0] < depth), (depth, name)]
            found.setdefault(name, False)
        elif line.strip():
            found |= {name: True for _, name in above}
    return found


def lacking(text: str, headings: Iterable[str]) -> list[str]:
    """Return, in words, which headings a card lacks, or has nothing under.

    Example:
        >>> lacking("# Use\\n", ["Use", "Limits"])
        ['nothing under Use', 'no heading Limits']
    """
    has = sections(text)
    words = []
    for heading in headings:
        filled = has.get(heading.strip().lower())
        if not filled:
            words.append(f"no heading {heading}" if filled is None else f"nothing under {heading}")
    return words


def require_card(text: str) -> str:
    """Return a text that may be a card.

    Raises:
        Invalid: it is too long, or has no heading.
    """
    why = f"it has more than {LONGEST} characters" if len(text) > LONGEST else "" if sections(text) else "it has no heading"
    if why:
        raise Invalid("this is no card", why=why, next_step="write Markdown with headings, such as `# Intended use`")
    return text
