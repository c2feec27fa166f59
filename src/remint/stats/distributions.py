"""Upper tails of the two distributions the drift tests need, so that a base install carries no scipy."""

import math

_EPSILON = 2.0**-52
_TINY = 1e-300


def chi_square_tail(statistic: float, degrees: int) -> float:
    """Return the chance that a chi-square variable of `degrees` degrees of freedom is at least `statistic`.

    Raises:
        ValueError: `statistic` is negative or NaN, or there are no degrees of freedom.

    Example:
        >>> round(chi_square_tail(3.841, 1), 4)
        0.05
    """
    if degrees < 1 or not statistic >= 0.0:
        raise ValueError(f"chi-square of {statistic} with {degrees} degrees of freedom is not defined")
    return gamma_tail(degrees / 2.0, statistic / 2.0)


def gamma_tail(shape: float, at: float) -> float:
    """Return the regularised upper incomplete gamma function Q(shape, at).

    Below `shape + 1` the power series of the lower function converges fast and the result is not small, so that the
    subtraction from one is harmless; above, the continued fraction gives small tails with full relative precision.

    Args:
        shape: > 0.
        at: >= 0.

    Raises:
        ValueError: an argument is out of range.

    Source:
        NIST Digital Library of Mathematical Functions, 8.7.1 (series) and 8.9.2 (continued fraction), the latter evaluated
        forwards as in W. J. Lentz, Applied Optics 15 (1976).

    Example:
        >>> round(gamma_tail(1.0, 2.0), 6) == round(math.exp(-2.0), 6)
        True
    """
    if not shape > 0.0 or not at >= 0.0:
        raise ValueError(f"Q({shape}, {at}) is not defined")
    if at == 0.0:
        return 1.0
    if math.isinf(at):
        return 0.0
    scale = math.exp(shape * math.log(at) - at - math.lgamma(shape))
    terms = 500 + int(20.0 * math.sqrt(shape))
    if at < shape + 1.0:
        return max(0.0, 1.0 - scale * _lower_series(shape, at, terms))
    return scale * _upper_fraction(shape, at, terms)


def _lower_series(shape: float, at: float, terms: int) -> float:
    term = total = 1.0 / shape
    for step in range(1, terms):
        term *= at / (shape + step)
        total += term
        if term < total * _EPSILON:
            break
    return total


def _upper_fraction(shape: float, at: float, terms: int) -> float:
    denominator = at + 1.0 - shape
    c = 1.0 / _TINY
    d = 1.0 / denominator
    value = d
    for step in range(1, terms):
        numerator = -step * (step - shape)
        denominator += 2.0
        d = numerator * d + denominator
        d = 1.0 / (d if abs(d) > _TINY else _TINY)
        c = denominator + numerator / c
        c = c if abs(c) > _TINY else _TINY
        value *= c * d
        if abs(c * d - 1.0) < 2.0 * _EPSILON:
            break
    return value


def kolmogorov_tail(at: float) -> float:
    """Return the chance that the limit of sqrt(n) * D, the Kolmogorov distance, is at least `at`.

    Raises:
        ValueError: `at` is negative or NaN.

    Source:
        A. Kolmogorov (1933); the two series of one theta function, each used where it converges in a few terms.

    Example:
        >>> round(kolmogorov_tail(1.358), 3)
        0.05
    """
    if not at >= 0.0:
        raise ValueError(f"the Kolmogorov distance {at} is not a number from 0 up")
    if at < 0.04:
        return 1.0
    if at < 1.0:
        inner = -(math.pi**2) / (8.0 * at * at)
        lower = sum(math.exp(inner * odd * odd) for odd in (1, 3, 5, 7))
        return 1.0 - math.sqrt(2.0 * math.pi) / at * lower
    return 2.0 * sum((-1.0) ** (k - 1) * math.exp(-2.0 * k * k * at * at) for k in range(1, 6))
