"""A page as Streamlit's own test runner draws it: what its settings are, and what a person reads on it."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

# The object store is away, which no page but the campaigns' may mind.
SETTINGS = {
    "S3_ENDPOINT_URL": "http://127.0.0.1:9",
    "S3_ACCESS_KEY": "nobody",
    "S3_SECRET_KEY": "not-a-real-one",
}


def texts(test: AppTest) -> str:
    """All sentences."""
    shown = [*test.markdown, *test.caption, *test.error, *test.warning, *test.success, *test.info]
    return "\n".join(str(element.value) for element in shown).replace("\\", "")


def tables(test: AppTest) -> str:
    """All tables."""
    return "\n".join(table.value.to_string() for table in test.table).replace("\\", "")
