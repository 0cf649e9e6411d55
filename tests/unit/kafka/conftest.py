"""Sinks on the mock cluster."""

from collections.abc import AsyncIterator
from functools import partial

import pytest

from tests.parts.mock_cluster import MockCluster
from tests.parts.sinks import MakeSink, opening_sinks


@pytest.fixture
async def make_sink(mock_cluster: MockCluster) -> AsyncIterator[MakeSink]:
    """Opens a sink on the mock cluster, with further properties (``_`` for ``.``)."""
    mock_cluster.create_topic("t")
    mock_cluster.create_topic("u")
    async with opening_sinks() as make:
        yield partial(make, mock_cluster.bootstrap)
