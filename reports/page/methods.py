"""BibTeX of the methods that a fit used, and of those only."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from ...analyses.judge.interval import judged_slopes
from ...analyses.judge.winners_curse import field_of
from ...analyses.run.fits import Fit
from ...analyses.run.results import SpecFit
from ...data.study.spec import Cluster
from ...models.printed.shrinkage import COCHRANE
from ..kinds import KINDS
from ..robustness import PARTS
from .templating import TEMPLATES

ENTRY = re.compile(r"@\w+\{(\w+),.*?\n\}", re.DOTALL)
FIELD = re.compile(r"(\w+) = \{(.*?)\}(?=,\s+\w+ = |,?\n)")
ACCENTS = {r'{\"u}': "ü", r"{\'e}": "é"}  # fmt: skip


@dataclass(frozen=True)
class Reference:
    """One entry of the bibliography, and what it was used for."""

    key: str
    bibtex: str
    link: str
    short: str
    use: str

    @property
    def name(self) -> str:
        """What a page calls the link: its DOI, or the address where the entry has none."""
        return self.link.replace("https://doi.org/", "doi:")


@cache
def entries() -> dict[str, str]:
    """BibTeX by key."""
    text = (TEMPLATES / "methods.bib").read_text(encoding="utf-8")
    return {match[1]: match[0] for match in ENTRY.finditer(text)}


def references(fit: Fit) -> list[Reference]:
    """The methods behind a fit, in the order of use."""
    return [_reference(key, use) for key, use in used(fit).items()]


def used(fit: Fit) -> dict[str, str]:
    """Keys of the bibliography with what each was used for."""
    parts = [p for one in fit.specs.values() for p in (one, one.with_effects) if p is not None]
    kinds = {p.view.kind for p in parts} if fit.evidence != "tables" else set()
    found = {"abrilpla2023pymc": "models as PyMC models"}
    if fit.evidence == "tables":
        found["dickey1971weighted"] = "Bayes factors"
        found["andrews2019identification"] = "estimates given that significance favours print"
        found["vanzwet2021significance"] = "shrinkage by the z-values of a field"
        if any(field_of(one) is COCHRANE for one in fit.specs.values()):
            found["vanzwet2021statistical"] = "the z-values of clinical trials"
        found["gelman2014beyond"] = "type S and type M errors"
    else:
        found |= _of_panels(parts)
    for name, kind in KINDS.items():
        found |= kind.methods if name in kinds else {}
    if any(_by_nuts(p) for p in parts) or fit.agreement is not None:
        found["hoffman2014nuts"] = "sampling by NUTS"
        found["vehtari2021rhat"] = "R-hat and effective sample size"
    found |= _of_widening(fit)
    found["kumar2019arviz"] = "summaries and storage of posteriors"
    found["vehtari2024psis"] = "k-hat, and other priors by weights"
    for name in dict.fromkeys(name for records in fit.robustness.values() for name in records):
        found |= {key: f"robustness: {name}" for key in PARTS[name].methods if key not in found}
    return found


def _of_panels(parts: list[SpecFit]) -> dict[str, str]:
    found = {}
    if any(p.form == "mundlak" or p.view.spec.rules.between for p in parts):
        found["mundlak1978pooling"] = "within slopes beside effects that correlate with regressors"
    if any(p.form in ("mundlak", "random") for p in parts):
        found["gelman2006variance"] = "priors of the spreads of effects"
    if any(p.form and p.engine == "collapsed" for p in parts):
        found["harville1977variance"] = "integrating effects out"
        found["wallace1969error"] = "eigenspaces of a balanced panel"
    if any(p.engine == "collapsed" and not _by_nuts(p) for p in parts):
        found["geweke1989importance"] = "independent draws by importance sampling"
    errors = [p.view.spec.vcov for p in parts if p.least_squares is not None]
    if any(isinstance(v, Cluster) for v in errors):
        found["liang1986longitudinal"] = "clustered standard errors"
    if "hetero" in errors:
        found["white1980heteroskedasticity"] = "robust standard errors"
    if any("twins" not in p.tree for p in parts):
        found["dickey1971weighted"] = "Bayes factors"
    return found


def _of_widening(fit: Fit) -> dict[str, str]:
    """What judged intervals are compared with, and what widens them."""
    ratios = [w.factor for one in fit.specs.values() for w in judged_slopes(one).widening.values()]
    ratios += [
        one.widening[term].factor
        for one in fit.specs.values()
        for term in one.unjudged.keys() & one.widening.keys()
    ]
    found = {}
    if ratios:
        found["bell2002bias"] = "cluster-robust standard errors of the model, corrected for leverage (CR2)"
    if any(ratio > 1 for ratio in ratios):
        found["muller2013risk"] = "intervals widened to the cluster-robust standard error"
    return found


def _by_nuts(part: SpecFit) -> bool:
    return part.engine == "nuts" or part.tree.attrs.get("method") == "nuts"


def _reference(key: str, use: str) -> Reference:
    bibtex = entries()[key]
    fields = {name: _plain(value) for name, value in FIELD.findall(bibtex)}
    names = [author.split(",")[0] for author in fields["author"].split(" and ")]
    who = (
        f"{names[0]} et al."
        if len(names) > 3
        else " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
    )
    short = f"{who} ({fields['year']}). {fields['title']}. {fields['journal']}."
    link = f"https://doi.org/{fields['doi']}" if "doi" in fields else fields["url"]
    return Reference(key, bibtex, link, short, use)


def _plain(text: str) -> str:
    for tex, letter in ACCENTS.items():
        text = text.replace(tex, letter)
    text = text.replace(r"$\widehat{R}$", "R-hat").replace(r"\&", "&").replace("--", "–").replace("`", "‘")
    return text.replace("{", "").replace("}", "")
