"""Run Flask-JWT-Extended's own suite: ``python -m tests.compat [--newest]``."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from .comparison import compare
from .figures import absent, table
from .newest import newest
from .source import Layout, SourceMissingError, lay_out, pinned
from .suite import SuiteError


def show(layout: Layout) -> bool:
    """Print the figures of the pinned version; return whether all is as it has to be."""
    results = compare(layout)
    print("\n".join(table(results)))
    for name in absent(results[-1], layout.submodules):
        print(f"the bridge has no module {name}")
    wrong = [result for result in results if result.complaints]
    for result in wrong:
        print(f"\n{result.report.output}\n{result.run.name}:", file=sys.stderr)
        print("\n".join(result.complaints), file=sys.stderr)
    return not wrong


def main() -> int | str:
    """Run what the command line asks for; return its status, or what stood in the way."""
    parser = argparse.ArgumentParser(prog="python -m tests.compat", description=__doc__)
    parser.add_argument("--newest", action="store_true", help="newest versions, for information")
    if parser.parse_args().newest:
        print("\n".join(newest()))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        try:
            return int(not show(lay_out(pinned(), Path(folder))))
        except (SourceMissingError, SuiteError) as error:
            return str(error)


if __name__ == "__main__":
    sys.exit(main())
