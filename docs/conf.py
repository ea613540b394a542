"""Configure the documentation."""

import sys
from importlib.metadata import version as installed_version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "jwtpolicy"
author = "the jwtpolicy authors"
copyright = "2026, the jwtpolicy authors"
version = release = installed_version("jwtpolicy")

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.doctest",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "myst_parser",
    "sizing",
    "sphinx_copybutton",
    "changelog",
    "checklist_table",
    "constructors",
    "diagrams",
    "fault_rows",
    "layers",
    "not_yet",
    "performance",
    "reference_api",
    "reference_claims",
    "reference_cli",
    "reference_endpoints",
    "reference_logs",
    "reference_policies",
    "reference_schema",
    "reference_settings",
    "reference_standards",
    "requirements",
    "tables",
    "troubleshooting",
    "versions",
]
html_theme = "furo"
html_title = "jwtpolicy"
exclude_patterns = ["_build", "**/*.inc.rst"]

autodoc_typehints = "description"
autodoc_member_order = "bysource"
autodoc_class_signature = "mixed"
default_role = "py:obj"
nitpicky = True
# Other projects' objects: their inventories would need the network.
nitpick_ignore_regex = [
    # What a preset passes on is what `Issuer` takes, whose page lists it.
    (r"py:.*", r"jwtpolicy\.issuers\.issuer_arguments\.IssuerArguments"),
    (
        r"py:.*",
        r"(flask|werkzeug|marshmallow|cryptography|jwt|typing|collections|enum|datetime)\..*",
    ),
    # A setting that does not exist is a warning. JWT_TOKEN is a variable of the commands.
    (r"py:(class|exc|obj|data|meth|func)", r"^(?!jwtpolicy\.|JWT_(?!<KIND>_|TOKEN$)).*"),
    # Parts that nobody outside has to know: type variables, protocols, the types of sentinels.
    (r"py:.*", r"jwtpolicy\.(policy\.program|policy\.matchers|app|guards)\..*"),
    (r"py:.*", r"jwtpolicy\.(extension\.(AnyCheck|AnyHook|Schema)|settings\..*)"),
    (r"py:.*", r"jwtpolicy\.(sessions\.users\.User|views\.(View|Resource))"),
    (r"py:.*", r"jwtpolicy\.testing\.strategies\.schema_users\.User"),
    (r"py:.*", r"jwtpolicy\.markers\.(Any_|Never|NotGiven|Own)"),
    (
        r"py:.*",
        r"jwtpolicy\.(policy\.request\.(PolicyServices|PolicySettings)|tokens\.status\.TokenStatus|decision\.(Cure|Finding))",
    ),
]
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
