"""Gates: what must be shown before a change may be merged. Pure judgement over evidence."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from typing import Any

from remint.core.digest import Digest
from remint.errors import Invalid

LEVELS = ("metrics", "predictions", "content", "bytes")


@dataclass(frozen=True, slots=True)
class Evaluation:
    """An evaluation of a model, as signed evidence says it.

    Attributes:
        run: the id of the run that made it.
        inputs: artifacts it read, by argument name.
        metrics: numbers it found, by name.
    """

    run: str
    inputs: Mapping[str, Digest]
    metrics: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything gates are judged by.

    Attributes:
        old: the champion; None if there is none.
        new: what is proposed.
        evaluations: of `new`, newest first.
        reproduced: best level at which `new` was regenerated; None if it never was.
        unknown: ancestors of `new` that nobody knows the origin of.
    """

    old: Digest | None
    new: Digest
    evaluations: Sequence[Evaluation] = ()
    reproduced: str | None = None
    unknown: Sequence[str] = ()


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
            kept = {key: value if isinstance(value, str | bool) else repr(value) for key, value in spec.items()}
            found[name] = {"gate": name, **kept}
    return [dict(sorted(gate.items())) for _, gate in sorted(found.items())]


def judge(gate: Mapping[str, Any], findings: Findings) -> GateResult:
    """Return the judgement of one gate. Missing evidence is never a pass."""
    passed, reason = _GATES[gate["gate"]](gate, findings)
    return GateResult(gate["gate"], passed, reason)


def _eval_passed(gate: Mapping[str, Any], findings: Findings) -> tuple[bool, str]:
    metric = gate["metric"]
    for evaluation in findings.evaluations:
        if metric not in evaluation.metrics:
            continue
        value = evaluation.metrics[metric]
        if "minimum" in gate and not value >= float(gate["minimum"]):
            return False, f"{metric} is {value:.4f}, below {gate['minimum']}"
        if "maximum" in gate and not value <= float(gate["maximum"]):
            return False, f"{metric} is {value:.4f}, above {gate['maximum']}"
        return True, f"{metric} is {value:.4f}"
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
    return verdict(gain, low, f"gain in {gate['metric']} {gain:+.4f} (interval {low:+.4f} to {high:+.4f})")


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
        return False, "it was never regenerated"
    if LEVELS.index(findings.reproduced) < LEVELS.index(wanted):
        return False, f"it was regenerated at the level {findings.reproduced}, below {wanted}"
    return True, f"it was regenerated at the level {findings.reproduced}"


def _lineage_complete(_gate: Mapping[str, Any], findings: Findings) -> tuple[bool, str]:
    if findings.unknown:
        return False, f"the origin of {', '.join(findings.unknown[:3])} is unknown"
    return True, "every ancestor is known"


_GATES: dict[str, Callable[[Mapping[str, Any], Findings], tuple[bool, str]]] = {
    "better": _better,
    "eval-passed": _eval_passed,
    "lineage-complete": _lineage_complete,
    "not-worse": _not_worse,
    "reproduced": _reproduced,
}
