"""How Sphinx builds the documentation: `python -m sphinx -W -n --keep-going -b html docs build/docs`."""

from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

import spacy_trend

project = "spacy_trend"
author = "The spacy_trend developers"
release = version = spacy_trend.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
html_theme = "furo"
html_show_copyright = False
html_title = f"spacy_trend {release}"

myst_enable_extensions = ["colon_fence"]
# Links to a heading of a page, as code hosts name it.
myst_heading_anchors = 3
suppress_warnings = ["myst.header"]

# Docstrings have single backticks for code, as Markdown does.
default_role = "code"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_preserve_defaults = True

# There is no inventory of these without a network.
nitpick_ignore_regex = [
    (r"py:.*", r"(collections|numbers|os|pathlib|typing)\..*"),
    (r"py:.*", r"(np|numpy|pandas|pyarrow|sklearn|spacy|torch)\..*"),
]


class DarkPictures(SphinxTransform):
    """Puts a picture's dark variant beside it: the theme shows one of the two."""

    default_priority = 400

    def apply(self, **kwargs: object) -> None:
        """Look for a file named as the picture, with -dark at its end."""
        for image in list(self.document.findall(nodes.image)):
            path = Path(image["uri"])
            dark = path.with_name(f"{path.stem}-dark{path.suffix}")
            if (Path(self.env.doc2path(self.env.docname)).parent / dark).is_file():
                other = image.copy()
                other["uri"], other["classes"] = dark.as_posix(), [*image["classes"], "only-dark"]
                image["classes"].append("only-light")
                image.parent.insert(image.parent.index(image) + 1, other)


def setup(app: Sphinx) -> None:
    """Register what is defined here."""
    app.add_transform(DarkPictures)
