"""Actions: the one table of what can be done. Routes, tokens, policies, audit log and documents take their words from it."""

from collections.abc import Mapping
from dataclasses import dataclass

VIEWER, MEMBER, APPROVER, AUDITOR, OWNER = "viewer", "member", "approver", "auditor", "owner"
ROLES = (VIEWER, MEMBER, APPROVER, AUDITOR, OWNER)
"""Roles that carry actions by themselves. A project may give others, such as `risk`: they count in approvals and policies."""

READ, WRITE, REVIEW, OWN = "read", "write", "review", "own"
SCOPES = (READ, WRITE, REVIEW, OWN)
"""What a token may be limited to; each action belongs to one scope."""


@dataclass(frozen=True, slots=True)
class Action:
    """Something that can be done to a resource.

    Attributes:
        name: as it stands in the audit log: a noun and a verb.
        about: what it does, in words.
        scope: the scope of a token that includes it.
        roles: roles that carry it.
        leaves: it may change what lies outside the workspace of who does it, so nothing bound to a sandbox may do it.
    """

    name: str
    about: str
    scope: str
    roles: frozenset[str]
    leaves: bool = False


def _table(*rows: tuple[str, str, str, str, bool]) -> Mapping[str, Action]:
    return {
        name: Action(name, about, scope, frozenset(roles.split()) | {OWNER}, leaves)
        for name, about, scope, roles, leaves in rows
    }


_ALL = "viewer member approver auditor"
_WORK = "member approver"

ACTIONS = _table(
    ("catalog:read", "read records: refs, runs, changes, lineage, principals", READ, _ALL, False),
    ("artifact:read", "read the content of an artifact", READ, _ALL, False),
    ("audit:read", "read or verify the audit log", READ, "auditor", True),
    ("artifact:add", "keep a file, a folder, a model or a report", WRITE, _WORK, False),
    ("table:store", "keep a version of a table", WRITE, _WORK, False),
    ("log:seal", "keep a piece of a usage log", WRITE, _WORK, False),
    ("ref:move", "point a ref that is not protected at an artifact", WRITE, _WORK, False),
    ("run:start", "carry out a recipe", WRITE, _WORK, False),
    ("run:end", "record how a run ended", WRITE, _WORK, False),
    ("model:regenerate", "make an artifact again and compare", WRITE, _WORK, False),
    ("evidence:sign", "sign evidence about an artifact", WRITE, _WORK, False),
    ("evidence:add", "record what somebody signed elsewhere about an artifact", WRITE, _WORK, False),
    ("source:read", "keep the rows of a source as a version", WRITE, _WORK, True),
    ("source:pin", "record a version that a source keeps", WRITE, _WORK, True),
    ("source:fetch", "read a pinned version from its source", WRITE, _WORK, True),
    ("source:check", "ask a source whether it still keeps a version", WRITE, _WORK, True),
    ("remote:push", "copy versions to a remote", WRITE, _WORK, True),
    ("remote:pull", "copy versions from a remote", WRITE, _WORK, True),
    ("remote:collect", "give up what nothing needs in a remote", OWN, "", True),
    ("store:collect", "give up what nothing needs in the store", OWN, "", True),
    ("catalog:backup", "copy the project's state to another place", OWN, "", True),
    ("catalog:restore", "put a copy of the project's state back", OWN, "", True),
    ("catalog:migrate", "copy all records to another database", OWN, "", True),
    ("hold:add", "hold a version against collection and erasure", WRITE, _WORK, True),
    ("hold:release", "end a hold", OWN, "approver", True),
    ("subject:erase", "remove the rows of a person from every version", OWN, "", True),
    ("subject:remove", "remove the bytes that an erasure left", OWN, "", True),
    ("sandbox:create", "fork a workspace", WRITE, _WORK, False),
    ("change:open", "propose moves of protected refs", WRITE, _WORK, False),
    ("change:approve", "approve a change one did not help to make", REVIEW, "approver", True),
    ("change:reject", "reject a change", REVIEW, "approver member", True),
    ("change:withdraw", "take back one's own change", WRITE, _WORK, False),
    ("change:merge", "move the refs of an approved change", WRITE, _WORK, True),
    ("change:review", "look at a change that was merged in an emergency", REVIEW, "approver", True),
    ("glass:confirm", "confirm an emergency that somebody else opened", OWN, "glass", True),
    ("glass:open", "open an emergency: merge without what is missing, for a while, with a reason", OWN, "glass", True),
    ("inventory:set", "say who answers for a ref, and what it is for", WRITE, _WORK, True),
    ("validation:open", "open a validation of what one did not help to make", REVIEW, "approver validator", True),
    ("validation:step", "record runs, findings or the result of one's own validation", REVIEW, "approver validator", True),
    ("validation:fix", "say what was done about a finding", WRITE, _WORK, True),
    ("validation:waive", "let a finding not count for a while", REVIEW, "approver", True),
    ("principal:create", "make a principal", OWN, "", True),
    ("principal:change", "give or take roles, or let a principal leave", OWN, "", True),
    ("budget:create", "make a budget", OWN, "", True),
    ("budget:change", "set the limit of a budget, or close it", OWN, "", True),
    ("budget:refund", "give back what a run was charged", OWN, "", True),
    ("budget:reserve", "set aside what a run may cost", WRITE, _WORK, False),
    ("budget:settle", "charge a run what it cost", WRITE, _WORK, False),
    ("budget:save", "record what a run cost that need not be carried out again", WRITE, _WORK, False),
    ("secret:set", "set or remove the value of a secret", OWN, "", True),
    ("secret:grant", "let a principal use a secret, or no more", OWN, "", True),
    ("secret:use", "get a secret in a run, where it is granted", WRITE, _WORK, False),
    ("principal:link", "say whom an issuer of identities means by a subject", OWN, "", True),
    ("team:create", "make a team", OWN, "", True),
    ("team:change", "let principals join or part, or give or take the roles of a team", OWN, "", True),
    ("session:begin", "show who one is: by a token, or by the word of an issuer", READ, _ALL, False),
    ("token:create", "make a token for oneself, never wider than the one in use", READ, _ALL, False),
    ("token:grant", "make a token of a service", OWN, "", True),
    ("token:exchange", "get a short token for the proof of a workload", READ, _ALL, False),
    ("token:revoke", "end a token, never a wider one than the one in use", READ, _ALL, False),
)
