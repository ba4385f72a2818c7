"""What several files here load."""

import pytest
from load_helpers import make_package, users


@pytest.fixture
def package(tmp_path):
    return make_package(tmp_path / "packages" / "one", users(*range(1, 11)))
