"""What the sections on robustness say of themselves: how many models, which groups, what they leave out."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from markupsafe import Markup, escape

from posterity.reports.drawing.figure_files import Section
from posterity.reports.page import sections as sections_module
from posterity.reports.page.sections import sections
from posterity.reports.page.templating import parted
from posterity.reports.page.widening import OF_PARTS
from posterity.reports.page.words import uncovered
from posterity.reports.robustness.clusters.section import section as clusters
from posterity.reports.robustness.models.figure import Bar, limits
from posterity.reports.robustness.part import Part
from posterity.reports.robustness.slopes.section import section as slopes
from posterity.reports.rows import rows_of

from ...there import there

AT = {"mean": 0.5, "sd": 0.1, "low": 0.3, "high": 0.7, "prob_positive": 1.0, "doubtful": 0}
SHOCKS = {"sd_cluster": 0.4, "rho_cluster": 0.6}


def cluster_records(term, models, sizes):
    tests = {"t": [5.0], "p_value": [0.001], "wild": [0.01]}
    at = {
        "term": term,
        "tests": tests,
        "robust": [0.5, 0.2, 0.8],
        "wild": [0.5, 0.1, 0.9],
        "posterior": models,
    }
    return {
        "cluster": "省份", "clusters": len(sizes), "sizes": sizes, "df": len(sizes) - 1, "weights": "webb",
        "smallest": 0.0001, "smallest_by_signs": 0.01, "panels": 1, "synthetic": False, "terms": [at],
    }  # fmt: skip


def body_of(fit, make, name, records):
    row = rows_of(fit)[0]
    made = there(make(replace(fit, robustness={row.spec_id: {name: records}}), rows_of(fit)))
    return made, re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", str(made.body)))


@pytest.mark.parametrize(
    ("names", "said", "not_said"),
    [
        (("independent",), "one posterior . Errors", ("shocks", "slope may")),
        (("independent", "shocks"), "two posteriors . Errors", ("slope may", "slopes differ")),
        (("independent", "shocks", "slopes"), "three posteriors . Errors", ()),
    ],
)
def test_clusters_count_the_models_that_were_fitted(panel_fit, names, said, not_said):
    models = {name: AT | (SHOCKS if name == "shocks" else {}) for name in names}
    term = rows_of(panel_fit)[0].term
    made, text = body_of(panel_fit, clusters, "clusters", cluster_records(term, models, [8, 8, 7]))
    assert f"Beside the tests {said.replace(' .', '.')}" in text
    assert "With 3 clusters (rows: 8, 8, 7) the t" in text
    assert not [words for words in not_said if words in text]
    assert ("correlation 0.60" in text) == ("shocks" in names)
    assert str(made.body).count('<th scope="col"') == 7 + len(names)
    assert ">–<" not in str(made.body)


def test_clusters_of_one_size_say_it_once(panel_fit):
    records = cluster_records(rows_of(panel_fit)[0].term, {"independent": AT}, [20] * 11)
    assert (
        "With 11 clusters of 20 rows the t has 10 degrees"
        in body_of(panel_fit, clusters, "clusters", records)[1]
    )


@pytest.mark.parametrize("grouped", [True, False])
def test_slopes_name_groups_where_there_are_groups(panel_fit, grouped):
    at = [0.5, 0.3, 0.7, 1.0]
    group = {
        "by": "region",
        "way": "as published",
        "names": ["north", "south"],
        "sizes": [5, 3],
        "least_squares": [[0.5, 0.1]] * 2,
        "apart": [at] * 2,
        "pooled": [at] * 2,
        "only": [at] * 2,
        "shrinkage": 0.5,
        "spreads": [0.5, 1, 2],
        "doubtful": 0,
        "differences": [],
    }
    entities = {"sd": at, "common": at, "rows": [at[:3]] * 8, "names": [f"省{i}" for i in range(8)]}
    term = rows_of(panel_fit)[0].term
    records = {"panels": 1, "terms": [{"term": term, "groups": [group] * grouped, "entities": entities}]}
    made, text = body_of(panel_fit, slopes, "slopes", records)
    assert made.title == "Slopes that differ"
    assert ("entities of a group in parentheses" in text) == grouped
    assert text.count("Lines are 95% intervals") == 1 + grouped
    assert ("slopes that differ by 省份" in text) != grouped


def test_columns_that_robustness_leaves_out_are_named_once(tables_fit):
    rows = rows_of(tables_fit)
    term = {"term": rows[0].term, "t": 2.5, "df": 3.0, "p_value": 0.09, "normal": 0.01}
    records = {"T1.1": {"clusters": {"cluster": "省份", "panels": 0, "terms": [term]}}}
    fit = replace(tables_fit, robustness=records)
    said = "Not covered by robustness: T1.2 (effects), T2.1 (pooled)."
    assert uncovered(fit) == said
    bodies = {part.id: str(part.body) for part in sections(fit, rows)}
    assert bodies["clusters"].startswith(f"<p>{said}</p>")
    assert sum(said in body for body in bodies.values()) == 1
    assert not any("Not covered" in str(part.body) for part in sections(tables_fit, rows))
    assert uncovered(replace(fit, robustness=dict.fromkeys(fit.specs, records["T1.1"]))) == ""


def test_the_axis_of_a_multiverse_holds_what_was_published():
    """By hand: members up to 0.3, a published interval up to 0.38; one of 9 may not make the rest flat."""
    members = [Bar(0.2, 0.1, 0.3, {}, "member")] * 100
    assert limits(members) == (0.0, 0.3)
    assert limits([*members, Bar(0.25, 0.13, 0.38, {}, "paper")]) == (0.0, 0.38)
    assert limits([*members, Bar(-0.2, -0.25, 0.1, {}, "errors")]) == (-0.25, 0.3)
    assert limits([*members, Bar(1.0, -7.0, 9.0, {}, "paper")]) == pytest.approx((-0.3, 0.6))
    assert limits([*members, Bar(0.5, 0.4, 0.9, {}, "member")]) == (0.0, 0.3)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("0.05 [0.01, 0.09]", "0.05 [0.01,_0.09]"),
        ("0.01 to 0.09", "0.01 to_0.09"),
        ("5.00 (4.95 to 5.06)", "5.00 (4.95_to_5.06)"),
        ("> 0.999", ">_0.999"),
    ],
)
def test_numbers_of_a_crowded_table_break_where_one_would(text, shown):
    assert parted(text).replace("\N{NO-BREAK SPACE}", "_") == shown


def test_parts_with_intervals_that_are_not_widened_say_so(widened_fit, tables_fit, monkeypatch):
    body = Markup("<p>what was found</p>")
    part = Part(lambda fit, rows: Section("robust-priors", "Robustness to priors", body))
    monkeypatch.setattr(sections_module, "PARTS", {"priors": part})

    def shown(fit, covered):
        fit = replace(fit, robustness={spec_id: {"priors": {}} for spec_id in covered})
        found = sections(fit, rows_of(fit))
        return next(one.body for one in found if one.id == "robust-priors")

    assert f'<p class="caveat">{escape(OF_PARTS["priors"])}</p>' in shown(widened_fit, ["T1.1"])
    assert "widened" not in shown(widened_fit, ["T1.2"])
    assert "widened" not in shown(tables_fit, ["T1.1", "T1.2", "T2.1"])
