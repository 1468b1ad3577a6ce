"""BG/NBD (Fader, Hardie and Lee 2005): purchases at a person's own rate until she drops out after one of them."""

from __future__ import annotations

import numpy as np
from scipy.special import gammaln, psi

from value import Fit, Floats, Likelihood, maximise


def purchase_likelihood(counts: Floats, recencies: Floats, tenures: Floats, people: Floats) -> Likelihood:
    """The log-likelihood and its gradient as a function of r, alpha, a, b; arguments as for fit_purchases."""
    repeats, place = np.unique(counts, return_inverse=True)
    again = counts > 0
    least_one = np.maximum(counts, 1)

    def likelihood(values: Floats) -> tuple[float, Floats]:
        r, alpha, a, b = values
        by_count = gammaln(r + repeats) + gammaln(b + repeats) - gammaln(a + b + repeats)
        common = r * np.log(alpha) - gammaln(r) + gammaln(a + b) - gammaln(b)
        log_tenure, log_recency = np.log(alpha + tenures), np.log(alpha + recencies)
        lasting = -(r + counts) * log_tenure
        dropped = np.where(again, np.log(a) - np.log(b + least_one - 1) - (r + counts) * log_recency, -np.inf)
        both = np.logaddexp(lasting, dropped)
        share = np.exp(dropped - both)
        value = float((people * (by_count[place] + common + both)).sum())
        digamma = psi(a + b) - psi(a + b + repeats)
        slope_r = (psi(r + repeats) - psi(r))[place] + np.log(alpha) - (1 - share) * log_tenure - share * log_recency
        slope_alpha = r / alpha - (r + counts) * ((1 - share) / (alpha + tenures) + share / (alpha + recencies))
        slope_a = digamma[place] + share / a
        slope_b = (digamma + psi(b + repeats) - psi(b))[place] - share / (b + least_one - 1)
        return value, np.array([(people * slope).sum() for slope in (slope_r, slope_alpha, slope_a, slope_b)])

    return likelihood


def fit_purchases(counts: Floats, recencies: Floats, tenures: Floats, people: Floats) -> Fit | None:
    """r, alpha, a, b from groups of people: repeat purchases, weeks from first to last, weeks since the first, people.

    None where nobody bought again: then no rate is better than another.
    """
    if not float((counts * people).sum()) > 0:
        return None
    likelihood = purchase_likelihood(counts, recencies, tenures, people)
    mean = float((counts * people).sum() / people.sum())
    weeks = max(float((tenures * people).sum() / people.sum()), 1e-3)
    starts = [(1.0, max(weeks / mean, 0.01), 1.0, 2.0), (0.3, max(0.3 * weeks / mean, 0.01), 0.5, 5.0)]
    return maximise(("r", "alpha", "a", "b"), starts, likelihood, float(people.sum()))
