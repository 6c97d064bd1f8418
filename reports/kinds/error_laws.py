"""The laws of errors in words: a short name for axes and captions, and a sentence."""

from __future__ import annotations

NAMES = {
    "student_t": "Student-t",
    "ar1": "AR(1)",
    "entity_variance": "variance by entity",
    "cluster": "cluster shocks",
}
MEANING = {
    "student_t": "Errors are Student t with ν degrees of freedom, so that single rows far off pull less.",
    "ar1": (
        "Errors of an entity are correlated from one time to the next, with ρ to the power of the gap between"
        " them."
    ),
    "entity_variance": "Each entity has an error variance of its own, drawn towards that of the others.",
    "cluster": "Rows of a cluster share a shock at each time, and the shocks persist.",
}
