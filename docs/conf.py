"""Sphinx: Markdown by MyST, API from docstrings, equations as MathML so that no page needs the network."""

from __future__ import annotations

from importlib import metadata
from typing import Any

from docutils.utils.math.latex2mathml import tex2mathml

project = "posterity"
author = "posterity maintainers"
project_copyright = "posterity maintainers; Apache-2.0"
release = metadata.version("posterity")
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_*", "README.md"]
html_extra_path = ["_extra"]
html_theme = "furo"
html_title = f"posterity {release}"
html_show_sourcelink = False
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
suppress_warnings = ["myst.xref_missing"]  # links to files of the repository, which are no pages
napoleon_google_docstring = False
napoleon_use_rtype = False
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
html_math_renderer = "mathml"


def _equation(self: Any, node: Any) -> None:
    from docutils import nodes

    self.body.append(tex2mathml(node.astext(), as_block=isinstance(node, nodes.math_block)))
    raise nodes.SkipNode


def setup(app: Any) -> None:
    app.add_html_math_renderer("mathml", (_equation, None), (_equation, None))
