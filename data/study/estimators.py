"""Estimators of random-effects columns: what a study file calls them, and which command prints which."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from .laws import known

# On a balanced panel the first two are one estimator.
ESTIMATORS = {
    "random": "Swamy-Arora, as Stata's xtreg, re: unbalanced panels by the harmonic mean of the lengths",
    "random_sa": 'Swamy-Arora after Baltagi and Chang, as plm(model = "random") and Stata\'s xtreg, re sa',
    "random_mle": 'maximum likelihood, as Stata\'s xtreg, mle and lme(method = "ML")',
}
Estimator = Annotated[str, AfterValidator(lambda name: known(name, ESTIMATORS))]
