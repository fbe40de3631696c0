"""A search of everything there is for a person: not of the places that are known, but of all that can be read."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pygit2

from trainer.privacy.row_fingerprints import RowFingerprints


def texts(house: Any) -> Iterator[tuple[str, str]]:
    """Every document, object and file of `house`, with where it lies, as text; packed ones unpacked."""
    for name in house.db.list_collection_names():
        for document in house.db[name].find():
            yield f"mongo {name} {document['_id']}", repr(document)
    for key, content in objects(house):
        yield f"s3 {key}", unpacked(content)
    registry = house.settings.callwise_data_registry
    for folder in (registry, house.spool_file):
        for path in folder.rglob("*"):
            if path.is_file():
                yield str(path), unpacked(path.read_bytes())
    git = pygit2.Repository(str(registry))
    for blob in git.odb:
        yield f"git {blob}", git.odb.read(blob)[1].decode("utf-8", "replace")
    for version in house.trainer.models.versions():
        yield f"mlflow {version.version}", repr(version)


def objects(house: Any) -> Iterator[tuple[str, bytes]]:
    """Every object of the datasets, and those of the models that are this test's own."""
    for key in house.store.keys(""):
        yield key, house.store.get(key)
    for key in house.artifacts.keys(f"{house.experiment}/"):
        yield key, house.artifacts.get(key)


def unpacked(content: bytes) -> str:
    """`content` as text; a parquet file as the rows that it holds."""
    if content[:4] == b"PAR1":
        return str(pd.read_parquet(io.BytesIO(content)).to_csv())
    return content.decode("utf-8", "replace")


def rows(house: Any, traces: RowFingerprints, known: frozenset[str]) -> list[str]:
    """Where the person's values still stand, by key of the object: parquet rows, and rows in JSON."""
    found = []
    for key, content in objects(house):
        if content[:4] == b"PAR1":
            given = pd.read_parquet(io.BytesIO(content)).to_dict("records")
        elif key.endswith(".json") and b"euribor3m" in content:
            said = json.loads(content)
            said = said.get("dataframe_split", said)
            given = said.get("inputs") or [dict(zip(said["columns"], row, strict=True)) for row in said.get("data", [])]
        else:
            continue
        found += [key for row in given if traces.is_made_from({str(k): v for k, v in row.items()}, known)]
    return found


def where(house: Any, word: str) -> list[str]:
    """The places in which `word` stands."""
    return [place for place, text in texts(house) if word in text]
