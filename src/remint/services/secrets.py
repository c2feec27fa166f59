"""Secrets: who may use them, and handing them to runs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from remint.core.entry import Entry
from remint.core.ids import PrincipalId
from remint.core.pipeline import StepSpec
from remint.core.ref import PRODUCTION, require_name
from remint.core.run import Start
from remint.core.secret import EVERYWHERE, GRANT, REMOVE, REVOKE, SET, Secret, SecretStep, require_value, secrets_after
from remint.errors import Denied, NotFound
from remint.ports.catalog import Catalog, Transaction
from remint.ports.clock import Clock
from remint.ports.compute import Given
from remint.ports.secrets import Vault
from remint.ports.usecases.context import Context
from remint.services.access import Access


@dataclass(frozen=True)
class SecretService:
    """See ports.usecases.secrets.Secrets."""

    catalog: Catalog
    access: Access
    vault: Vault
    clock: Clock

    def set(self, context: Context, name: str, value: bytes, *, about: str = "") -> Secret:
        """Set the value of a secret: kept before it is recorded, and the earlier one until then."""
        require_name(name, what="secret")
        require_value(name, value)
        with self.access.begin(context, "secret:set", _resource(name)) as tx:
            before = secrets_after(tx.secrets.steps(secret=name)).get(name)
            at_us = max(self.clock.now_us(), before.set_us + 1 if before else 0)
            self.vault.put(name, at_us, value)
            about = about or (before.about if before else "")
            made = _record(tx, SecretStep(name, SET, context.principal, at_us, about=about))
        self.vault.drop(name, but=at_us)
        return made[name]

    def grant(self, context: Context, name: str, whom: str, *, workspace: str = PRODUCTION, profile: str = "") -> Secret:
        """Let a principal use a secret."""
        with self.access.begin(context, "secret:grant", _resource(name)) as tx:
            held = _held(tx, name)
            to = tx.principals.get(PrincipalId(whom))
            if to is None or to.left_us is not None:
                raise NotFound(
                    f"secret {name} was not granted",
                    why=f"there is no principal {whom}" if to is None else f"{whom} has left",
                    next_step="see `remint principals list`",
                )
            if workspace != EVERYWHERE and tx.workspaces.get(workspace) is None:
                raise NotFound(
                    f"secret {name} was not granted",
                    why=f"there is no workspace {workspace}",
                    next_step="see `remint sandboxes list`",
                )
            step = SecretStep(name, GRANT, context.principal, self.clock.now_us(), to.id, workspace, profile)
            if any((one.whom, one.workspace, one.profile) == (to.id, workspace, profile) for one in held.grants):
                return held
            return _record(tx, step)[name]

    def revoke(self, context: Context, name: str, whom: str) -> Secret:
        """Take every grant from a principal."""
        with self.access.begin(context, "secret:grant", _resource(name)) as tx:
            held, at_us = _held(tx, name), self.clock.now_us()
            for one in held.grants:
                if one.whom == whom:
                    step = SecretStep(name, REVOKE, context.principal, at_us, one.whom, one.workspace, one.profile)
                    held = _record(tx, step)[name]
        return held

    def remove(self, context: Context, name: str) -> None:
        """Remove a secret and its value."""
        with self.access.begin(context, "secret:set", _resource(name)) as tx:
            _held(tx, name)
            _record(tx, SecretStep(name, REMOVE, context.principal, self.clock.now_us()))
        self.vault.drop(name)

    def list(self) -> Sequence[Secret]:
        """Return all secrets."""
        with self.catalog.read() as tx:
            return tuple(secrets_after(tx.secrets.steps()).values())

    def values(self, step: StepSpec) -> tuple[Given, ...]:
        """Return what a step gets whose run was allowed to have it."""
        if not step.secrets:
            return ()
        with self.catalog.read() as tx:
            held = {name: _held(tx, name).set_us for name in step.secrets.values()}
        return tuple(Given(name, variable, self.vault.get(name, held[name])) for variable, name in step.secrets.items())

    def check(self, context: Context, step: StepSpec, *, profile: str = "") -> None:
        """Refuse a step whose secrets the caller may not use, before anything runs; a refusal is an entry."""
        for name in step.secrets.values():
            with self.access.recording(context, "secret:use", _resource(name)), self.catalog.read() as tx:
                self._usable(tx, context, name, profile=profile, doing=f"step {step.name} was not run")

    def give(self, tx: Transaction, start: Start, names: Iterable[str], *, profile: str = "") -> None:
        """Record that a run gets secrets.

        Raises:
            Denied: its principal may not use one there.
            NotFound: there is none of a name, or its value is not here.
        """
        for name in names:
            context = Context(start.by, start.workspace)
            self._usable(tx, context, name, profile=profile, doing=f"run {start.id.short} was not started")
            tx.entries.append(Entry("secret:use", _resource(name), start.by, start.at_us, {"run": start.id}))

    def lend(self, context: Context, name: str, *, what: str) -> bytes:
        """Return a value for reading a source, and record that.

        Raises:
            Denied: the caller may not use the secret there.
            NotFound: there is none of that name, or its value is not here.
        """
        with self.access.recording(context, "secret:use", _resource(name)), self.catalog.begin() as tx:
            held = self._usable(tx, context, name, profile="", doing=f"{what} was not read")
            tx.entries.append(Entry("secret:use", _resource(name), context.principal, self.clock.now_us(), {"for": what}))
        return self.vault.get(name, held.set_us)

    def _usable(self, tx: Transaction, context: Context, name: str, *, profile: str, doing: str) -> Secret:
        by, where = context.principal, context.workspace
        self.access.require(tx, context, "secret:use", _resource(name), workspace=where, doing=doing)
        held = _held(tx, name)
        if not any(one.covers(by, where, profile) for one in held.grants):
            there = f"in {where}" + (f" under profile {profile}" if profile else "")
            options = f" -w {where}" if where != PRODUCTION else ""
            raise Denied(
                doing,
                why=f"rule secret-grant: {by} may not use {_resource(name)} {there}",
                next_step=f"an owner grants it: `remint secrets grant {name} {by}{options}`",
                rule="secret-grant",
            )
        self.vault.get(name, held.set_us)
        return held


def _resource(name: str) -> str:
    return f"secret {name}"


def _held(tx: Transaction, name: str) -> Secret:
    found = secrets_after(tx.secrets.steps(secret=name)).get(name)
    if found is None:
        raise NotFound(
            f"there is no secret {name}",
            why="none of that name was set, or it was removed",
            next_step=f"an owner sets it: `remint secrets set {name}`",
        )
    return found


def _record(tx: Transaction, step: SecretStep) -> Mapping[str, Secret]:
    """Record a step and its entry; return the secret after it, by name."""
    tx.secrets.add(step)
    action = "secret:set" if step.verb in {SET, REMOVE} else "secret:grant"
    facts: dict[str, str] = {"verb": step.verb}
    if step.whom is not None:
        facts |= {"whom": step.whom, "workspace": step.workspace, "profile": step.profile}
    tx.entries.append(Entry(action, _resource(step.secret), step.by, step.at_us, facts))
    return secrets_after(tx.secrets.steps(secret=step.secret))
