"""The reference distribution of a printed t, where the printed numbers are all the evidence."""

from __future__ import annotations

from ...data.published import Printed
from ...data.sample.counts import counts_of_column
from ...data.study.file import StudyFile
from ...data.study.spec import Cluster, Spec

NORMAL_DF = 1e6


def degrees_of_freedom(file: StudyFile, spec: Spec, printed: Printed) -> float:
    """Degrees of freedom of a printed t.

    They are what the specification states, else what the study states, else the clusters of its sample less
    one, else n less coefficients and absorbed effects. An interval is read as normal.
    """
    if printed.std_error_source == "interval":
        return NORMAL_DF
    stated = spec.df or file.tables.df
    if stated is not None:
        return stated
    counts = counts_of_column(file, spec)
    if counts.clusters is not None and counts.clusters > 1:
        return float(counts.clusters - 1)
    return NORMAL_DF if printed.n is None else float(counts.most_df(printed.n))


def clusters_unknown(file: StudyFile, spec: Spec, printed: Printed) -> bool:
    """Whether a printed t is read on n less coefficients for want of the number of clusters."""
    stated = spec.df or file.tables.df
    if stated is not None or printed.std_error_source == "interval" or not isinstance(spec.vcov, Cluster):
        return False
    clusters = counts_of_column(file, spec).clusters
    return clusters is None or clusters < 2
