"""Fixtures that several rooms' tests need."""

import pytest
from support.monitoring import make_monitoring


@pytest.fixture
def monitoring():
    """A small project: K15 measured twice, R20 planted inside the period."""
    return make_monitoring()
