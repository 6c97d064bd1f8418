"""Random effects against printed output of Stata and of R's plm, and maximum likelihood by its definition."""

from pathlib import Path

import linearmodels
import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from linearmodels.datasets import wage_panel
from scipy import stats
from scipy.optimize import approx_fprime

import posterity as po
from posterity.data.errors import InputError
from posterity.data.panel.panel import Panel
from posterity.data.sample.build import build_design
from posterity.data.study.spec import Cluster, Spec
from posterity.models.frequentist.random_effects import check_random, hausman, random_effects
from posterity.models.frequentist.random_likelihood import most_likely

from ...there import there

STATA = Path(linearmodels.__file__).parent / "tests" / "panel" / "results"


def design_of(frame, formula, entity, time, estimator="random", cluster=None):
    spec = Spec(formula=formula, estimator=estimator, vcov=Cluster(cluster=cluster) if cluster else "iid")
    return build_design(Panel.of(frame, entity=entity, time=time, source="test"), spec)


def munnell():
    study = po.load("munnell-1990")
    formula = "log_gsp ~ log_pcap + log_pc + log_emp + unemp | state"
    return build_design(study.panel(), Spec(formula=formula, estimator="random"))


def grunfeld(rows=200):
    """The ten firms of plm's data, of which the last row of all is Diamond Match 1954."""
    frame = sm.datasets.grunfeld.load_pandas().data
    frame = frame[frame["firm"] != "American Steel"].reset_index(drop=True)
    last = (frame["firm"] == "Diamond Match") & (frame["year"] == 1954)
    return design_of(frame[~last] if rows < 200 else frame, "invest ~ value + capital | firm", "firm", "year")


def shown(found):
    fit = found.least_squares
    return [[*fit.coef], [*fit.std_error], [found.sigma_e**2, found.sigma_u**2]]


def test_munnell_as_plm_prints_it():
    """R's plm 2.6: plm(log(gsp) ~ log(pcap) + log(pc) + log(emp) + unemp, Produc, model = "random")."""
    found = random_effects(munnell())
    got = list(zip(found.least_squares.coef, found.least_squares.std_error, strict=True))
    printed = [
        (0.00443859, 0.02341732), (0.31054843, 0.01980475), (0.72967053, 0.02492022),
        (-0.00617247, 0.00090728), (2.13541100, 0.13346149),
    ]  # fmt: skip
    np.testing.assert_allclose(got, printed, atol=6e-9)
    assert found.theta == pytest.approx(np.full(48, 0.8888), abs=5e-5)


# plm's inst/tests/test_Estimators.Rout.save: balanced, and without the last row of Grunfeld's data
PLM_GRUNFELD = {
    200: ([0.109781, 0.308113, -57.834415], [0.010493, 0.017180, 28.898935], [2784.46, 7089.80]),
    199: ([0.109784, 0.308110, -57.846046], [0.010519, 0.017224, 28.969526], [2799.34, 7124.82]),
}


@pytest.mark.parametrize("rows", PLM_GRUNFELD)
def test_grunfeld_as_plm_prints_it(rows):
    got = shown(random_effects(grunfeld(rows), "random_sa"))
    for found, printed, atol in zip(got, PLM_GRUNFELD[rows], (6e-7, 6e-7, 6e-3), strict=True):
        np.testing.assert_allclose(found, printed, atol=atol)


def test_the_two_formulas_are_one_on_balanced_panels_and_differ_on_unbalanced_ones():
    def slopes(rows, name):
        return random_effects(grunfeld(rows), name).least_squares.coef

    np.testing.assert_array_equal(slopes(200, "random"), slopes(200, "random_sa"))
    assert abs(slopes(199, "random") - slopes(199, "random_sa"))[-1] > 1e-3


def stata(kind, missing):
    """Coefficients and standard errors of Stata 13's xtreg, re as linearmodels keeps its output."""
    lines = (STATA / "stata-panel-simulated-results.txt").read_text().splitlines()
    at = next(i for i, line in enumerate(lines) if f"!random_effect-{kind}--{missing}!" in line)
    first = lines.index("\tb/t/p", at) + 1
    found = {}
    while not lines[first].startswith("rss"):
        name, value = lines[first].split("\t")
        found[name] = (float(value), float(value) / float(lines[first + 1]))
        first += 3
    return np.array(list(found.values()))


@pytest.mark.parametrize("missing", ["", "_light", "_heavy"])
@pytest.mark.parametrize("cluster", [None, "firm"])
def test_simulated_panels_as_stata_prints_them(missing, cluster):
    """Balanced and unbalanced, conventional and clustered: all of the twelve digits that Stata wrote."""
    frame = pd.read_stata(STATA / "simulated-panel.dta")
    frame["time"] = frame["time"].dt.year
    names = [f"x{j}{missing}" for j in range(1, 6)]
    formula = f"y{missing} ~ {' + '.join(names)} | firm"
    design = design_of(frame, formula, "firm", "time", cluster=cluster)
    fit = random_effects(design, "random", Cluster(cluster=cluster) if cluster else "iid").least_squares
    got = np.column_stack([fit.coef, fit.std_error])
    np.testing.assert_allclose(got, stata("cluster" if cluster else "conventional", missing), rtol=1e-9)


# plm 2.6.7 on the wage panel of Vella and Verbeek, from linearmodels' re-variance-components-reference.csv:
# black, hisp and educ do not vary within men; exper is collinear with the years within men and not between.
WAGES = "lwage ~ black + hisp + exper + expersq + married + educ + union | nr"
PLM_WAGES = {
    f"{WAGES} + year": (
        [-0.139376734111937, 0.0217317306549108, 0.105754523245461, -0.00472394273755648,
         0.0639860359475824, 0.091876272649444, 0.106134422744568, 0.0235864096542448],
        [0.0477228164328931, 0.042606290027916, 0.0153668157460012, 0.00068949694503348,
         0.0167742437355273, 0.0106597040958363, 0.0178538555251242, 0.150668257591444],
        [0.123193989960515, 0.105367200462246],
    ),
    WAGES: (
        [-0.144130691111868, 0.0201510730060844, 0.112119493522384, -0.00406885475618792,
         0.0627951179727595, 0.101224614698513, 0.107378852592373, -0.107464203974044],
        [0.0476148274269489, 0.042601124174701, 0.00826087205583039, 0.000591825600027988,
         0.0167728540561277, 0.00891328987417564, 0.0178300147703687, 0.110705725594299],
        [0.123380320307742, 0.105343909168843],
    ),
}  # fmt: skip


@pytest.mark.parametrize("formula", PLM_WAGES)
def test_regressors_that_do_not_vary_within_entities_as_plm_has_them(formula):
    design = design_of(wage_panel.load(), formula, "nr", "year")
    for got, printed in zip(shown(random_effects(design)), PLM_WAGES[formula], strict=True):
        np.testing.assert_allclose(got, printed, rtol=1e-9)


def test_hausman_as_plm_and_baltagi_print_it():
    """plm's inst/tests/test_phtest_Hausman_regression.Rout.save, and Baltagi's 9.525 for Munnell's data."""
    design = grunfeld()
    found = there(hausman(design, random_effects(design)))
    assert found.terms == ("value", "capital")
    assert found.chi2 == pytest.approx(2.3303669, abs=6e-8)
    assert found.p == pytest.approx(0.3118654, abs=6e-8)
    public = there(hausman(munnell(), random_effects(munnell())))
    assert public.chi2 == pytest.approx(9.525, abs=5e-4)
    assert public.chi2_common > public.chi2


def test_hausman_compares_what_varies_within_entities_alone():
    design = design_of(wage_panel.load(), f"{WAGES} + year", "nr", "year")
    assert there(hausman(design, random_effects(design))).terms == ("expersq", "married", "union")
    flat = design_of(wage_panel.load(), "lwage ~ black + educ | nr", "nr", "year")
    assert hausman(flat, random_effects(flat)) is None


def deviance(y, X, entity, theta):
    """-log L of dense normal densities, one an entity."""
    coef, a, b = theta[:-2], theta[-2], theta[-1]
    total = 0.0
    for i in np.unique(entity):
        rows = entity == i
        V = a * np.eye(rows.sum()) + b
        total -= stats.multivariate_normal.logpdf((y - X @ coef)[rows], np.zeros(rows.sum()), V)
    return total


@pytest.fixture
def unbalanced(simulate):
    frame = simulate(n_entity=14, n_time=6, seed=3, missing=0.2)
    design = design_of(frame, "y ~ x1 + x2 | city", "city", "year")
    return design.y, np.column_stack([design.X, np.ones(design.n)]), design.entity


def test_maximum_likelihood_against_its_definition(unbalanced):
    """The gradient is 0, the covariance the inverse of the Hessian, clusters the sandwich of the scores."""
    y, X, entity = unbalanced
    found = most_likely(y, X, entity, entity % 7)
    at = np.array([*found.coef, found.sigma2_e, found.sigma2_u])

    def gradient(theta, rows=slice(None)):
        return approx_fprime(theta, lambda t: deviance(y[rows], X[rows], entity[rows], t), 1e-6)

    assert found.sigma2_u > 0.01
    assert abs(gradient(at)).max() < 2e-3
    steps = np.diag(1e-4 * np.maximum(abs(at), 0.1))
    columns = [(gradient(at + s) - gradient(at - s)) / (2 * s.sum()) for s in steps]
    bread = np.linalg.inv((np.array(columns) + np.array(columns).T) / 2)
    np.testing.assert_allclose(found.covariance, bread[:3, :3], rtol=2e-3, atol=1e-7)
    scores = np.array([gradient(at, entity % 7 == g) for g in range(7)])
    robust = 7 / 6 * bread @ scores.T @ scores @ bread
    np.testing.assert_allclose(np.diag(found.robust), np.diag(robust)[:3], rtol=2e-2)


def test_maximum_likelihood_as_statsmodels_has_it(unbalanced):
    y, X, entity = unbalanced
    found = most_likely(y, X, entity)
    other = sm.MixedLM(y, X, groups=entity).fit(reml=False, method="bfgs", gtol=1e-9)
    np.testing.assert_allclose(found.coef, other.fe_params, rtol=1e-5)
    np.testing.assert_allclose(np.sqrt(np.diag(found.covariance)), other.bse_fe, rtol=1e-4)
    assert found.sigma2_u == pytest.approx(float(np.squeeze(other.cov_re)), rel=1e-4)
    assert found.sigma2_e == pytest.approx(other.scale, rel=1e-5)


def test_maximum_likelihood_of_grunfeld_as_baltagi_prints_it():
    """Baltagi, Econometric Analysis of Panel Data, Table 2.1, IMLE."""
    found = random_effects(grunfeld(), "random_mle")
    np.testing.assert_allclose(found.least_squares.coef[:2], [0.110, 0.308], atol=5e-4)
    np.testing.assert_allclose(found.least_squares.std_error[:2], [0.010, 0.017], atol=5e-4)
    np.testing.assert_allclose([found.sigma_u, found.sigma_e], [80.30, 52.49], atol=5e-3)


@pytest.mark.parametrize("estimator", ["random", "random_sa", "random_mle"])
def test_without_differences_between_entities_it_is_pooled_least_squares(simulate, estimator):
    frame = simulate(n_entity=14, n_time=6, seed=3)
    of = frame.groupby("city")["y"]
    frame["y"] = frame["y"] - of.transform("mean")
    design = design_of(frame, "y ~ x1 | city", "city", "year")
    found = random_effects(design, estimator)
    pooled = np.linalg.lstsq(np.column_stack([design.X, np.ones(design.n)]), design.y, rcond=None)[0]
    assert found.sigma_u == 0
    np.testing.assert_allclose(found.least_squares.coef, pooled, atol=1e-9)


def test_what_random_effects_cannot_be_estimated_from_is_refused(simulate):
    frame = simulate(n_entity=4, n_time=6, seed=3).assign(
        x3=lambda f: f["x1"] ** 2, half=lambda f: f["year"] % 2
    )
    with pytest.raises(InputError, match="random effects of 4 city entities need fewer than 3 regressors"):
        check_random(design_of(frame, "y ~ x1 + x2 + x3 | city", "city", "year"))
    with pytest.raises(
        InputError, match="is in more than one cluster; clusters of random effects hold whole"
    ):
        check_random(design_of(frame, "y ~ x1 | city", "city", "year", cluster="half"))
    with pytest.raises(
        InputError, match=r"makes the effects of 'city' random; name them in the formula: '\.\.\."
    ):
        design_of(frame, "y ~ x1 | year", "city", "year")
