"""Gamma-Gamma (Fader and Hardie 2013): what a purchase brings, by person, whatever the rate of purchases."""

from __future__ import annotations

import numpy as np
from scipy.special import gammaln, psi

from value import Fit, Floats, Likelihood, maximise


def money_likelihood(counts: Floats, means: Floats, mean_logs: Floats, people: Floats) -> Likelihood:
    """The log-likelihood and its gradient as a function of p, q, gamma; arguments as for fit_money."""
    repeats, place = np.unique(counts, return_inverse=True)

    def likelihood(values: Floats) -> tuple[float, Floats]:
        p, q, gamma = values
        shape = p * repeats
        by_count = gammaln(shape + q) - gammaln(shape) + shape * np.log(repeats)
        log_sum = np.log(gamma + counts * means)
        common = q * np.log(gamma) - gammaln(q)
        value = by_count[place] + common + (p * counts - 1) * mean_logs - (p * counts + q) * log_sum
        digamma = psi(shape + q)
        slope_p = counts * ((digamma - psi(shape) + np.log(repeats))[place] + mean_logs - log_sum)
        slope_q = digamma[place] - psi(q) + np.log(gamma) - log_sum
        slope_gamma = q / gamma - (p * counts + q) / (gamma + counts * means)
        slopes = (slope_p, slope_q, slope_gamma)
        return float((people * value).sum()), np.array([(people * slope).sum() for slope in slopes])

    return likelihood


def fit_money(counts: Floats, means: Floats, mean_logs: Floats, people: Floats) -> Fit | None:
    """p, q, gamma from groups of people: purchases, their mean value, the mean of its logarithm, people.

    None with fewer than three groups: three parameters need more.
    """
    if len(counts) < 3:
        return None
    scale = float((people * means).sum() / people.sum())
    likelihood = money_likelihood(counts, means / scale, mean_logs - np.log(scale), people)
    fit = maximise(("p", "q", "gamma"), [(2.0, 3.0, 1.0), (6.0, 4.0, 0.5)], likelihood, float(people.sum()))
    # back from the scale: gamma is an amount, and a density of amounts is one per unit of money
    parameters = {**fit.parameters, "gamma": fit.parameters["gamma"] * scale}
    return Fit(parameters, fit.log_likelihood - float(people.sum()) * np.log(scale), fit.bounded)
