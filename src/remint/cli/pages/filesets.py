"""The page of a set of files: what there is, a contact sheet of its pictures, and its sounds."""

import base64
from collections.abc import Sequence

from remint.cli.cells import number, seconds
from remint.cli.output import size_text
from remint.cli.pages.charts import shares, waveform
from remint.cli.pages.html import Html, tag
from remint.cli.pages.shell import page, section
from remint.core.artifact import Artifact
from remint.ports.showing import FilesSummary, Looked, Picture, Sound

MOST_SUFFIXES = 12


def files_page(name: str, artifact: Artifact, found: FilesSummary) -> str:
    """Return the page of a set of files.

    Args:
        name: as the person wrote it.
        artifact: the set.
        found: what is said of it, with thumbnails.
    """
    figures = [("Files", f"{found.files:,}", ""), ("Size", size_text(found.size_bytes), "")]
    figures += [("Pictures", f"{found.pictures:,}", "")] if found.pictures else []
    figures += [("Sounds", f"{found.sounds:,}", "")] if found.sounds else []
    content = [*_sheet(found), *_sounds(found)]
    if found.files:
        content.append(section("Kinds", "by suffix", _kinds(found)))
        content.append(section("Largest files", "", _list(found.largest)))
    if found.first:
        listed = [(path, held) for path, _, held in found.first]
        content.append(section("First files", f"{len(listed):,} of {found.files:,}", _list(listed)))
    return page(name, f"files {artifact.digest}", figures, content)


def _shown(looked: int, count: int) -> str:
    return f"all {count:,}" if looked == count else f"{looked:,} of {count:,}, spread evenly over the set"


def _sheet(found: FilesSummary) -> list[Html]:
    looked = [(one, one.picture) for one in found.looked if one.picture is not None]
    if not found.pictures:
        return []
    tiles = [_tile(one, picture) for one, picture in looked]
    return [section("Pictures", _shown(len(looked), found.pictures), tag("div", tiles, class_="sheet"))]


def _tile(one: Looked, picture: Picture) -> Html:
    if picture.thumbnail:
        kind = "png" if picture.thumbnail.startswith(b"\x89PNG") else "jpeg"
        source = f"data:image/{kind};base64," + base64.b64encode(picture.thumbnail).decode()
        inside = tag("img", src=source, alt=one.path, loading="lazy", decoding="async")
    else:
        inside = tag("span", picture.why_not or "no thumbnail", class_="refused")
    words = [f"{number(picture.width)} × {number(picture.height)}"] if picture.width else []
    words += [picture.mode] if picture.mode not in {"", "RGB", "RGBA", "L", "P"} else []
    words += [f"{picture.frames:,} frames"] if picture.frames > 1 else []
    words.append(size_text(one.size_bytes))
    caption = tag("figcaption", tag("b", one.path.rpartition("/")[2]), tag("span", ", ".join(words)))
    return tag("figure", tag("div", inside, class_="frame"), caption, title=one.path)


def _sounds(found: FilesSummary) -> list[Html]:
    looked = [(one, one.sound) for one in found.looked if one.sound is not None]
    if not found.sounds:
        return []
    cards = [_sound(one, sound) for one, sound in looked]
    return [section("Sounds", _shown(len(looked), found.sounds), tag("div", cards, class_="sounds"))]


def _sound(one: Looked, sound: Sound) -> Html:
    name = one.path.rpartition("/")[2]
    if sound.why_not:
        told = tag("p", sound.why_not, class_="note")
        return tag("article", tag("header", tag("h3", name)), told, class_="card", title=one.path)
    length = seconds(sound.seconds)
    chart = waveform(sound.waveform, f"{name}: loudness over {length}")
    kind = {1: "mono", 2: "stereo"}.get(sound.channels, f"{sound.channels} channels")
    about = tag("div", tag("span", f"{number(sound.rate)} Hz, {sound.bits} bits"), tag("span", kind), class_="ends")
    header = tag("header", tag("h3", name), tag("span", length))
    return tag("article", header, chart, about, class_="card", title=one.path)


def _kinds(found: FilesSummary) -> Html:
    by_count = sorted(((count, suffix) for suffix, count, _ in found.suffixes), reverse=True)
    rows = [(suffix or "(none)", count) for count, suffix in by_count[:MOST_SUFFIXES]]
    left = found.files - sum(count for _, count in rows)
    rows += [(f"{len(found.suffixes) - MOST_SUFFIXES:,} more", left)] if left else []
    return tag("div", tag("div", shares(rows, found.files), class_="card kinds"), class_="cards")


def _list(listed: Sequence[tuple[str, int]]) -> Html:
    lines = [tag("tr", tag("td", path), tag("td", size_text(held), class_="num")) for path, held in listed]
    head = tag("tr", tag("th", "path", scope="col"), tag("th", "size", scope="col", class_="num"))
    held = tag("table", tag("thead", head), tag("tbody", lines))
    return tag("div", held, class_="panel", tabindex="0", role="region", aria_label="files")
