"""The stand-in by itself, over HTTP."""

import pytest
from sandbox_client import running_sandbox


@pytest.fixture(scope="module")
def server():
    with running_sandbox() as client:
        yield client


@pytest.fixture
def sandbox(server):
    server.reset()
    return server
