"""What tests of the desk share with those of calls: people in two campaigns, and a clock that is moved by hand."""

from tests.contract.core.calls.conftest import spring, watch  # noqa: F401  fixtures
