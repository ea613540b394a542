"""What tests share: no test module and no ``conftest.py`` is imported by another module."""

from pathlib import Path

import pytest

_PARTS = sorted(path.stem for path in Path(__file__).parent.iterdir())

# So that an assertion in here says as much as one in a test.
pytest.register_assert_rewrite(*(f"{__name__}.{part}" for part in _PARTS))
