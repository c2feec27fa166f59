"""Gates: what must be shown before a change may be merged. Pure judgement over evidence."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import partial
from operator import itemgetter
from typing import Any

from remint.core import attestation, keeping, validation
from remint.core.attestation import Attested
from remint.core.digest import Digest
from remint.core.scan import SEVERITIES
from remint.core.validation import Validation
from remint.errors import Invalid

LEVELS = ("metrics", "predictions", "content", "bytes")


@dataclass(frozen=True, slots=True)
class Evaluation:
    """An evaluation of a model, as signed evidence says it.

    Attributes:
        run: the id of the run that made it.
        inputs: artifacts it read, by argument name.
        metrics: numbers it found, by name.
        told_by: whose client carried it out and told of it; empty if that was done where the project is.
    """

    run: str
    inputs: Mapping[str, Digest]
    metrics: Mapping[str, float]
    told_by: str = ""

    @property
    def source(self) -> str:
        """What is added to words about it."""
        return f", as the client of {self.told_by} told" if self.told_by else ""


@dataclass(frozen=True, slots=True)
class CodeOrigin:
    """Where the code of a run came from.

    Attributes:
        commit: of the git checkout; empty outside git.
        is_clean: nothing was uncommitted.
        reviewed_in: branches, of those asked about, that the commit is reachable from.
    """

    run: str
    commit: str
    is_clean: bool
    reviewed_in: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything gates are judged by.

    Attributes:
        old: the champion; None if there is none.
        new: what is proposed.
        evaluations: of `new`, newest first.
        reproduced: best level at which `new` was regenerated; None if it never was.
        external: why `new` cannot be made again here at all, in words; empty if it could.
        unknown: ancestors of `new` that nobody knows the origin of.
        code: where the code of every run behind `new` came from.
        cpu_us: CPU time of every run behind `new`, in microseconds.
        looks: how many other models were measured on each artifact that an evaluation of `new` read.
        attested: what principals, trusted keys and scans say of `new`, newest first.
        validations: of `new`.
        contracts: what is known of `new` and each contract that a gate names, by its ref.
        now_us: the time of judgement.
    """

    old: Digest | None
    new: Digest
    evaluations: Sequence[Evaluation] = ()
    reproduced: str | None = None
    unknown: Sequence[str] = ()
    code: Sequence[CodeOrigin] = ()
    cpu_us: int = 0
    looks: Mapping[Digest, int] = field(default_factory=dict)
    attested: Sequence[Attested] = ()
    validations: Sequence[Validation] = ()
    now_us: int = 0
    external: str = ""
    contracts: Mapping[str, keeping.Kept] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class GateResult:
    """The judgement of one gate, with its reason in words."""

    name: str
    passed: bool
    reason: str


Spec = Mapping[str, Any]


def gates_for(ref_path: str, table: Mapping[str, Mapping[str, Spec]]) -> list[dict[str, Any]]:
    """Return the gates of a ref: those of every pattern that matches it, as records a change can keep.

    Numbers become text, because what is hashed holds no floats.

    Raises:
        Invalid: a gate is unknown or lacks what it needs.

    Example:
        >>> gates_for("model/delay", {"model/*": {"better": {"metric": "auc", "gain": 0.005}}})
        [{'gain': '0.005', 'gate': 'better', 'metric': 'auc'}]
    """
    found: dict[str, dict[str, Any]] = {}
    for pattern, gates in table.items():
        if not fnmatchcase(ref_path, pattern):
            continue
        for name, spec in gates.items():
            if name not in _GATES:
                raise Invalid(
                    f"there is no gate {name}",
                    why=f"gates are {', '.join(sorted(_GATES))}",
                    next_step="mend [gates] in remint.toml",
                )
            _require_keys(name, spec)
            kept = {key: value if isinstance(value, str | bool | list) else repr(value) for key, value in spec.items()}
            found[name] = {"gate": name, **kept}
    return [dict(sorted(gate.items())) for _, gate in sorted(found.items())]


def _require_keys(name: str, spec: Spec) -> None:
    needed = _NEEDS.get(name, frozenset())
    missing, wrong = sorted(needed - set(spec)), [key for key in sorted(_NUMBERS & set(spec)) if not _is_number(spec[key])]
    unfit = [words for key, (is_fit, words) in sorted(_WORDS.items()) if key in spec and not is_fit(spec[key])]
    if missing or wrong or (name in SPELLED_GATES and unfit):
        raise Invalid(
            f"the gate {name} cannot be judged",
            why=f"it lacks {', '.join(missing)}" if missing else f"{wrong[0]} is no number" if wrong else unfit[0],
            next_step="mend [gates] in remint.toml; docs/settings.md lists what each gate needs",
        )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value  # noqa: PLR0124 - not NaN


def judge(gate: Mapping[str, Any], findings: Findings) -> GateResult:
    """Return the judgement of one gate. Missing evidence is never a pass."""
    passed, reason = _GATES[gate["gate"]](gate, findings)
    return GateResult(gate["gate"], passed, reason)


def _eval_passed(gate: Mapping[str, Any], findings: Findings) -> tuple[bool, str]:
    metric = gate["metric"]
    for evaluation in findings.evaluations:
        if metric not in evaluation.metrics:
            continue
        value, source = evaluation.metrics[metric], evaluation.source
        if "minimum" in gate and not value >= float(gate["minimum"]):
            return False, f"{metric} is {value:.4f}, below {gate['minimum']}{source}"
        if "maximum" in gate and not value <= float(gate["maximum"]):
            return False, f"{metric} is {value:.4f}, above {gate['maximum']}{source}"
        return True, f"{metric} is {value:.4f}{source}"
    return False, f"no evaluation of it reports {metric}"


def _comparison(gate: Mapping[str, Any], findings: Findings) -> tuple[Evaluation | None, str]:
    metric = gate["metric"]
    for evaluation in findings.evaluations:
        has = all(f"gain.{metric}.{part}" in evaluation.metrics for part in ("difference", "low", "high"))
        if has and findings.old in evaluation.inputs.values():
            return evaluation, ""
    return None, f"no evaluation compares it with the champion in {metric} on the same data"


def _interval(evaluation: Evaluation, metric: str) -> tuple[float, float, float]:
    gain = [evaluation.metrics[f"gain.{metric}.{part}"] for part in ("difference", "low", "high")]
    return gain[0], gain[1], gain[2]


def _against_champion(
    gate: Mapping[str, Any], findings: Findings, verdict: Callable[[float, float, str], tuple[bool, str]]
) -> tuple[bool, str]:
    """Judge by gain and lower limit; without a champion everything passes, without a comparison nothing does."""
    if findings.old is None:
        return True, "there is no champion yet"
    evaluation, why = _comparison(gate, findings)
    if evaluation is None:
        return False, why
    gain, low, high = _interval(evaluation, gate["metric"])
    words = f"gain in {gate['metric']} {gain:+.4f} (interval {low:+.4f} to {high:+.4f}){evaluation.source}"
    return verdict(gain, low, words)


def _better(gate: Mapping[str, Any], findings: Findings) -> tuple[bool, str]:
    return _against_champion(gate, findings, partial(_is_better, float(gate.get("gain", "0"))))


def _is_better(needed: float, gain: float, low: float, words: str) -> tuple[bool, str]:
    if low <= 0:
        return False, f"{words}: it may be no gain at all"
    if gain < needed:
        return False, f"{words}: less than the minimum of {needed}"
    return True, words


def _not_worse(gate: Mapping[str, Any], findings: Findings) -> tuple[bool, str]:
    return _against_champion(gate, findings, partial(_is_not_worse, float(gate.get("margin", "0"))))


def _is_not_worse(margin: float, _gain: float, low: float, words: str) -> tuple[bool, str]:
    if low < -margin:
        return False, f"{words}: it may be worse by more than {margin}"
    return True, words


def _reproduced(gate: Mapping[str, Any], findings: Findings) -> tuple[bool, str]:
    wanted = gate.get("level", "content")
    if findings.reproduced is None:
        return False, findings.external or "it was never regenerated"
    if LEVELS.index(findings.reproduced) < LEVELS.index(wanted):
        return False, f"it was regenerated at the level {findings.reproduced}, below {wanted}"
    return True, f"it was regenerated at the level {findings.reproduced}"


def _lineage_complete(_gate: Mapping[str, Any], findings: Findings) -> tuple[bool, str]:
    if findings.unknown:
        return False, f"the origin of {', '.join(findings.unknown[:3])} is unknown"
    return True, "every ancestor is known"


def _slices_ok(gate: Mapping[str, Any], findings: Findings) -> tuple[bool, str]:
    metric, prefix = gate["metric"], gate.get("prefix", "slice.")
    for evaluation in findings.evaluations:
        slices = {
            name: value
            for name, value in evaluation.metrics.items()
            if name.endswith(f".{metric}") and (name.startswith(prefix) or f".{prefix}" in name)
        }
        if not slices:
            continue
        low = {name: value for name, value in slices.items() if not value >= float(gate.get("minimum", "-inf"))}
        high = {name: value for name, value in slices.items() if not value <= float(gate.get("maximum", "inf"))}
        if low or high:
            name, value = min(low.items(), key=itemgetter(1)) if low else max(high.items(), key=itemgetter(1))
            bound = f"below {gate['minimum']}" if low else f"above {gate['maximum']}"
            return False, f"{name} is {value:.4f}, {bound} ({len(low | high)} of {len(slices)} slices are outside)"
        return True, f"{metric} is within bounds in all of {len(slices)} slices"
    return False, f"no evaluation of it reports {metric} by slice"


def _holdout_fresh(gate: Mapping[str, Any], findings: Findings) -> tuple[bool, str]:
    most = int(gate.get("looks", "0"))
    read = [digest for evaluation in findings.evaluations[:1] for digest in evaluation.inputs.values()]
    looks = {digest: findings.looks[digest] for digest in read if digest in findings.looks}
    if not looks:
        return False, "no evaluation of it says what data it read"
    digest, count = max(looks.items(), key=itemgetter(1))
    words = f"{count} other models were measured on {digest.short} before"
    return (True, words) if count <= most else (False, f"{words}, more than {most}: a choice among them fits it by chance")


def _code_reviewed(gate: Mapping[str, Any], findings: Findings) -> tuple[bool, str]:
    branch = gate["branch"]
    if not findings.code:
        return False, "no run made it, so nobody knows its code"
    for origin in findings.code:
        if not origin.commit:
            return False, f"run {origin.run[:8]} ran outside git"
        if not origin.is_clean:
            return False, f"run {origin.run[:8]} ran with changes that were not committed"
        if branch not in origin.reviewed_in:
            return False, f"commit {origin.commit[:12]} of run {origin.run[:8]} is not reachable from {branch}"
    return True, f"all code behind it is reachable from {branch}"


def _cost_within(gate: Mapping[str, Any], findings: Findings) -> tuple[bool, str]:
    hours, most = findings.cpu_us / 3.6e9, float(gate["cpu_hours"])
    words = f"all runs behind it took {hours:.2f} CPU hours"
    return (True, words) if hours <= most else (False, f"{words}, more than {gate['cpu_hours']}")


def _signed(gate: Mapping[str, Any], findings: Findings) -> tuple[bool, str]:
    return attestation.signed(gate, findings.attested, now_us=findings.now_us)


def _scanned(gate: Mapping[str, Any], findings: Findings) -> tuple[bool, str]:
    return attestation.scanned(gate, findings.attested, now_us=findings.now_us)


def _card_complete(gate: Mapping[str, Any], findings: Findings) -> tuple[bool, str]:
    return attestation.described(gate, findings.attested)


def _validated(gate: Mapping[str, Any], findings: Findings) -> tuple[bool, str]:
    return validation.validated(gate, findings.validations, now_us=findings.now_us)


def _data_contract(gate: Mapping[str, Any], findings: Findings) -> tuple[bool, str]:
    return keeping.judged(gate, findings.contracts)


def _is_contract(value: object) -> bool:
    return isinstance(value, str) and value.startswith(f"{keeping.FACT}/") and "@" not in value and ":" not in value


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, str) and one.strip() for one in value)


ATTESTED_GATES = frozenset({"card-complete", "scanned", "signed", "validated"})
"""Gates over what somebody signed."""

SPELLED_GATES = ATTESTED_GATES | {keeping.GATE}
"""Gates whose words are checked when a change is opened."""

_WORDS: dict[str, tuple[Callable[[object], bool], str]] = {
    "by": (lambda value: isinstance(value, str) and bool(value), "`by` is the name of a principal, or `key:NAME`"),
    "contract": (_is_contract, "`contract` is the name of a ref such as contract/orders"),
    "conditions": (lambda value: isinstance(value, bool), "`conditions` is true or false"),
    "headings": (_are_texts, "`headings` is a list of texts"),
    "predicate": (lambda value: isinstance(value, str), "`predicate` is a text"),
    "severity": (lambda value: value in SEVERITIES, f"`severity` is one of {', '.join(SEVERITIES)}"),
}
_NEEDS = {
    "better": frozenset({"metric"}),
    "card-complete": frozenset({"headings"}),
    "code-reviewed": frozenset({"branch"}),
    "cost-within": frozenset({"cpu_hours"}),
    keeping.GATE: frozenset({"contract"}),
    "eval-passed": frozenset({"metric"}),
    "not-worse": frozenset({"metric"}),
    "signed": frozenset({"by"}),
    "slices-ok": frozenset({"metric"}),
}
_NUMBERS = frozenset({"cpu_hours", "gain", "looks", "margin", "max_days", "maximum", "minimum"})
_GATES: dict[str, Callable[[Mapping[str, Any], Findings], tuple[bool, str]]] = {
    "better": _better,
    "card-complete": _card_complete,
    "code-reviewed": _code_reviewed,
    "cost-within": _cost_within,
    keeping.GATE: _data_contract,
    "eval-passed": _eval_passed,
    "holdout-fresh": _holdout_fresh,
    "lineage-complete": _lineage_complete,
    "not-worse": _not_worse,
    "reproduced": _reproduced,
    "scanned": _scanned,
    "signed": _signed,
    "slices-ok": _slices_ok,
    "validated": _validated,
}
