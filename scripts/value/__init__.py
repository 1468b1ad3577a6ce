"""Maximum likelihood of the models behind the value predictions: BG/NBD for purchases, Gamma-Gamma for money."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

Floats = npt.NDArray[np.float64]
Likelihood = Callable[[Floats], tuple[float, Floats]]  # of parameters: the value and its slope by each
# outside of these a parameter is at its bound: the data do not tell it from infinity or nothing
LEAST, GREATEST = 1e-4, 1e4


@dataclass(frozen=True)
class Fit:
    """A maximum: parameters by name, log-likelihood, and the names of those that ran into a bound."""

    parameters: dict[str, float]
    log_likelihood: float
    bounded: tuple[str, ...]


def maximise(
    names: tuple[str, ...],
    starts: Sequence[tuple[float, ...]],
    likelihood: Likelihood,
    weight: float,
) -> Fit:
    """The best of several climbs over the logarithms of the parameters, with the gradient, between the bounds.

    `weight` is the number of people.
    """

    def loss(logs: Floats) -> tuple[float, Floats]:
        values = np.exp(logs)
        value, gradient = likelihood(values)
        return -value / weight, -gradient * values / weight

    bounds = [(np.log(LEAST), np.log(GREATEST))] * len(names)
    options = {"ftol": 1e-15, "gtol": 1e-9, "maxiter": 1000, "maxls": 50}
    climbs = [
        minimize(loss, np.log(np.array(start)), jac=True, method="L-BFGS-B", bounds=bounds, options=options)
        for start in starts
    ]
    best = min(climbs, key=lambda climb: float(climb.fun))
    found = dict(zip(names, (float(value) for value in np.exp(best.x)), strict=True))
    bounded = tuple(name for name, value in found.items() if value < LEAST * 1.01 or value > GREATEST / 1.01)
    return Fit(found, -float(best.fun) * weight, bounded)
