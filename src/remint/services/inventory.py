"""The inventory: saying who answers for what, and looking it up."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from remint.core.action import OWNER
from remint.core.digest import Digest
from remint.core.entry import Entry
from remint.core.ids import PrincipalId
from remint.core.inventory import LISTED, WEIGHED, Answer, Item, Listed, parse_item_ref, said
from remint.core.principal import PrincipalKind
from remint.core.ref import PRODUCTION, Ref, RefName
from remint.errors import Denied, Invalid, NotFound
from remint.ports.catalog import Catalog, Transaction
from remint.ports.clock import Clock
from remint.ports.usecases.context import Context
from remint.services.access import Access
from remint.services.owners import Owners


@dataclass(frozen=True)
class InventoryService:
    """See ports.usecases.inventory.Inventories."""

    catalog: Catalog
    access: Access
    clock: Clock
    owners: Owners

    def set(self, context: Context, ref: str, **facts: str | None) -> Listed:
        """Say who answers for a ref, and what it is."""
        name = parse_item_ref(ref)
        with self.access.begin(context, "inventory:set", str(name)) as tx:
            before = tx.inventory.get(name.path)
            after = said(before, facts, ref=name.path)
            changed = {key for key, value in after.items() if value != (getattr(before, key) if before else "")}
            if changed:
                _require_may(tx, context, before, name, changed)
                if "owner" in changed:
                    _require_person(tx, name, after["owner"])
                _record(tx, name, after, by=context.principal, at_us=self.clock.now_us())
            return self._listed(tx, name)

    def show(self, ref: str) -> Listed:
        """Return what is said of one ref."""
        name = parse_item_ref(ref)
        with self.catalog.read() as tx:
            found = self._listed(tx, name)
        if found.artifact is None and found.item is None:
            raise NotFound(
                f"{name} is not in the inventory",
                why="it does not exist, and nobody answers for it",
                next_step="see `remint inventory list`",
            )
        return found

    def list(self, *, kind: str = "", orphaned: bool = False) -> Sequence[Listed]:
        """Return the refs of the inventory, by name."""
        with self.catalog.read() as tx:
            items = {item.ref: item for item in tx.inventory.newest()}
            refs = {ref.name.path: ref.artifact for one in LISTED for ref in _refs(tx, one)}
            found = []
            for path in sorted({*items, *refs}):
                if kind and not path.startswith(f"{kind}/"):
                    continue
                name = RefName(PRODUCTION, *path.split("/", 1))
                item, artifact = items.get(path), refs.get(path) or _artifact(tx, name)
                found.append(Listed(path, artifact, item, *self.owners.answer(tx, path, item)))
        return [one for one in found if not orphaned or one.answer is Answer.ORPHANED]

    def history(self, ref: str) -> Sequence[Item]:
        """Return what was said of a ref, newest first."""
        name = parse_item_ref(ref)
        with self.catalog.read() as tx:
            return list(reversed(tx.inventory.all(ref=name.path)))

    def _listed(self, tx: Transaction, name: RefName) -> Listed:
        item = tx.inventory.get(name.path)
        return Listed(name.path, _artifact(tx, name), item, *self.owners.answer(tx, name.path, item))


def _artifact(tx: Transaction, name: RefName) -> Digest | None:
    found = tx.refs.get(name)
    return found.artifact if found else None


def _refs(tx: Transaction, kind: str) -> Iterator[Ref]:
    after = ""
    while page := tx.refs.seen_from(PRODUCTION, kind=kind, after=after):
        yield from page
        after = page[-1].name.path


def _require_may(tx: Transaction, context: Context, before: Item | None, name: RefName, changed: set[str]) -> None:
    """Let owners of the project say everything, and who answers for a ref all but what its materiality rests on."""
    asking = tx.principals.get(context.principal)
    if asking is not None and OWNER in asking.roles:
        return
    is_its_owner = before is not None and before.owner == context.principal
    weighed = sorted(changed & set(WEIGHED))
    if is_its_owner and not weighed:
        return
    raise Denied(
        f"the inventory was not told of {name.path}",
        why=f"rule owners-only: an owner of the project says {weighed[0]}"
        if is_its_owner
        else "rule owners-only: an owner of the project, or who answers for it now, says so",
        next_step="ask an owner; see `remint principals list`",
        rule="owners-only",
    )


def _require_person(tx: Transaction, name: RefName, owner: str) -> None:
    found = tx.principals.get(PrincipalId(owner))
    if found is None or found.left_us is not None:
        raise NotFound(
            f"{owner} does not answer for {name.path}",
            why=f"there is no principal {owner}" if found is None else f"{owner} has left",
            next_step="see `remint principals list`",
        )
    if found.kind is not PrincipalKind.PERSON or not found.roles:
        raise Invalid(
            f"{owner} does not answer for {name.path}",
            why="only a person with a role answers for something",
            next_step="name a person; see `remint principals list`",
        )


def _record(tx: Transaction, name: RefName, facts: Mapping[str, str], *, by: PrincipalId, at_us: int) -> None:
    rest = {key: value for key, value in facts.items() if key != "owner"}
    made = tx.inventory.add(Item(0, name.path, PrincipalId(facts["owner"]), by=by, at_us=at_us, **rest))
    told = {"owner": made.owner, "record": made.digest()}
    tx.entries.append(Entry("inventory:set", str(name), by, at_us, told))
