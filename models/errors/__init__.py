"""Laws of errors, one file a law; `law.py` says what a law is, and `inference` draws from posteriors under
any.

A new law is a new file, its entry here, and its name in `data/study/kinds.py`, which refuses names that it
does not know.
"""

from . import ar1, cluster, entity_variance, gaussian, student_t
from .law import Law

LAWS: dict[str, Law] = {
    "gaussian": gaussian.LAW,
    "student_t": student_t.LAW,
    "ar1": ar1.LAW,
    "entity_variance": entity_variance.LAW,
    "cluster": cluster.LAW,
}
