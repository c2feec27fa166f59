"""Small charts as SVG; they take their colours from the page."""

from collections.abc import Sequence

from remint.cli.pages.html import Html, tag

WIDTH, HEIGHT = 240, 44


def histogram(bars: Sequence[int], label: str) -> Html:
    """Return counts as bars that stand side by side, from the least value to the greatest.

    Args:
        bars: counts, at least one above 0.
        label: what the picture says, for those who do not see it.
    """
    highest, each = max(bars), WIDTH / len(bars)
    shapes = [
        tag(
            "rect",
            x=f"{place * each + 0.5:.2f}",
            y=f"{HEIGHT - tall:.2f}",
            width=f"{each - 1:.2f}",
            height=f"{tall:.2f}",
            rx="1",
        )
        for place, count in enumerate(bars)
        if (tall := max(1.5, HEIGHT * count / highest) if count else 0)
    ]
    return _svg(shapes, label, "histogram")


def waveform(parts: Sequence[float], label: str) -> Html:
    """Return the loudness of a sound as bars around a line.

    Args:
        parts: from 0 to 1.
        label: what the picture says.
    """
    each = WIDTH / max(len(parts), 1)
    shapes = [
        tag(
            "rect",
            x=f"{place * each:.2f}",
            y=f"{(HEIGHT - tall) / 2:.2f}",
            width=f"{max(each - 0.6, 0.5):.2f}",
            height=f"{tall:.2f}",
        )
        for place, loud in enumerate(parts)
        if (tall := max(1.0, HEIGHT * min(loud, 1.0)))
    ]
    return _svg(shapes, label, "waveform")


def _svg(shapes: Sequence[Html], label: str, kind: str) -> Html:
    box = f"0 0 {WIDTH} {HEIGHT}"
    return tag("svg", shapes, viewBox=box, preserveAspectRatio="none", role="img", aria_label=label, class_=f"chart {kind}")


def shares(rows: Sequence[tuple[str, int]], total: int) -> Html:
    """Return names with how often they are there, each with a bar of its share.

    Args:
        rows: names and counts.
        total: what the shares are of, above 0.
    """
    lines = [
        tag(
            "li",
            tag("span", name, class_="name", title=name),
            tag("span", f"{count:,}", class_="count"),
            tag("span", tag("i", style=f"width:{100 * min(1.0, count / total):.1f}%"), class_="bar"),
        )
        for name, count in rows
    ]
    return tag("ul", lines, class_="shares")
