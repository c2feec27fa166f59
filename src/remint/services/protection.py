"""Protected refs: only an approved change moves them."""

from remint.core.ref import RefName, is_protected
from remint.errors import Denied
from remint.ports.usecases.context import Context
from remint.services.access import Access


def require_unprotected(access: Access, context: Context, ref: RefName, patterns: tuple[str, ...], next_step: str) -> None:
    """Refuse to move a protected ref by hand, and record the refusal.

    Args:
        access: records it.
        context: who would move it.
        ref: that would be moved.
        patterns: of protected refs.
        next_step: what to do instead.

    Raises:
        Denied: rule `protected-ref`.
    """
    if not is_protected(ref, patterns=patterns):
        return
    with access.recording(context, "ref:move", str(ref)):
        raise Denied(
            f"{ref} was not moved",
            why="rule protected-ref: only an approved change moves it",
            next_step=next_step,
            rule="protected-ref",
        )
