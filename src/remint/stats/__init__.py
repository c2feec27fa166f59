"""Numeric measures of binary classifiers and of drift, on numpy alone; they know nothing of artifacts or runs.

Every function takes plain arrays and returns plain numbers or a frozen dataclass of them. Input that has no answer (no rows,
one class where two are needed, scores that are not numbers) raises ValueError; it never comes back as a silent NaN.

Sums over rows are numpy's own and not matrix products: those go to a threaded library, whose last bits depend on the number of
threads, and a figure that a gate judges has to come out the same again.
"""
