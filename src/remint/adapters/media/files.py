"""Looking into pictures and sounds (see ports.showing.Media)."""

from remint.adapters.media.pictures import look_at_picture
from remint.adapters.media.sounds import listen
from remint.ports.showing import Picture, Sound


class FileMedia:
    """See ports.showing.Media."""

    def picture(self, content: bytes, *, edge: int = 0) -> Picture:
        """Return what a picture is, with a thumbnail if `edge` is above 0."""
        return look_at_picture(content, edge=edge)

    def sound(self, content: bytes, *, parts: int) -> Sound:
        """Return what a sound is."""
        return listen(content, parts=parts)
