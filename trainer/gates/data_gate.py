"""The data gate: Great Expectations, with a suite generated from the campaign schema.

Its report is JSON, because it is stored for years: Great Expectations' HTML loads its style and scripts from other
servers.
"""

from __future__ import annotations

import json
from typing import Any

import great_expectations as gx
import great_expectations.expectations as gxe
import pandas as pd
from great_expectations.core.expectation_validation_result import ExpectationSuiteValidationResult
from great_expectations.expectations.row_conditions import Column as Cell

from core.models.gates import Gate
from core.schema import Schema
from core.schema.column import LONGEST_WORD, Column, ColumnType
from trainer.data.snapshot import AT, OUTCOME, PROSPECT
from trainer.gates.verdict import Verdict

REPORT = "expectations.json"


def validate(frame: pd.DataFrame, schema: Schema, *, minimum_outcomes: int) -> Verdict:
    """Check a snapshot's frame (n outcomes) against the schema's suite."""
    context = gx.get_context(mode="ephemeral")
    context.enable_analytics(False)
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}
    # Expectations on order compare numbers; milliseconds since 1970 keep the order of the times.
    data = frame.assign(**{AT: frame[AT].astype("int64")})
    batch = (
        context.data_sources.add_pandas("outcomes")
        .add_dataframe_asset("snapshot")
        .add_batch_definition_whole_dataframe("all")
        .get_batch({"dataframe": data})
    )
    result = batch.validate(suite(schema, minimum_outcomes=minimum_outcomes))
    report = json.dumps(result.to_json_dict(), indent=1, sort_keys=True)
    broken = _broken(result)
    if not broken:
        why = f"{len(frame)} outcomes keep all {len(result.results)} rules of the schema"
        return Verdict(Gate.DATA, True, why, REPORT, report, {"expectations": len(result.results)})
    more = f" (and {len(broken) - 1} more broken rules)" if len(broken) > 1 else ""
    return Verdict(Gate.DATA, False, broken[0] + more, REPORT, report, {"expectations": len(result.results)})


def suite(schema: Schema, *, minimum_outcomes: int) -> gx.ExpectationSuite:
    """The rules of the schema, each with its name and place in `meta`; the verdict names the first broken one."""
    rules: list[tuple[str, Any, dict[str, Any]]] = [
        (f"at least {minimum_outcomes} outcomes", gxe.ExpectTableRowCountToBeBetween, {"min_value": minimum_outcomes}),
        ("both outcomes", gxe.ExpectColumnDistinctValuesToContainSet, {"column": OUTCOME, "value_set": [0, 1]}),
        ("0 or 1", gxe.ExpectColumnValuesToBeInSet, {"column": OUTCOME, "value_set": [0, 1]}),
        ("in time order", gxe.ExpectColumnValuesToBeIncreasing, {"column": AT}),
        ("not empty", gxe.ExpectColumnValuesToNotBeNull, {"column": PROSPECT}),
    ]
    for column in schema.features:
        rules += _column_rules(column)
    return gx.ExpectationSuite(
        name=schema.name,
        expectations=[kind(**values, meta={"rule": rule, "place": n}) for n, (rule, kind, values) in enumerate(rules)],
    )


def _column_rules(column: Column) -> list[tuple[str, Any, dict[str, Any]]]:
    at = {"column": column.name}
    # A blank word is a word, so only numbers may be empty.
    rules: list[tuple[str, Any, dict[str, Any]]] = []
    if column.is_category or not column.optional:
        rules.append(("not empty", gxe.ExpectColumnValuesToNotBeNull, at))
    if column.open:
        longest = {**at, "min_value": 1, "max_value": LONGEST_WORD}
        return [*rules, (column.rule, gxe.ExpectColumnValueLengthsToBeBetween, longest)]
    if column.is_category:
        return [*rules, (column.rule, gxe.ExpectColumnValuesToBeInSet, {**at, "value_set": sorted(column.allowed)})]
    if column.type is ColumnType.INTEGER and not column.optional:
        rules.append(("a whole number", gxe.ExpectColumnValuesToBeOfType, {**at, "type_": "int64"}))
    if column.minimum is not None or column.maximum is not None:
        within = {**at, "min_value": column.minimum, "max_value": column.maximum}
        if column.special:  # codes such as "never contacted" may be outside the range
            within["row_condition"] = Cell(column.name).is_not_in(list(column.special))
        rules.append((column.rule, gxe.ExpectColumnValuesToBeBetween, within))
    return rules


def _broken(result: ExpectationSuiteValidationResult) -> list[str]:
    failed = [item for item in result.results if not item.success]
    return [_sentence(item) for item in sorted(failed, key=lambda item: item.expectation_config.meta["place"])]


def _sentence(item: Any) -> str:
    rule, column = item.expectation_config.meta["rule"], item.expectation_config.kwargs.get("column")
    seen = item.result or {}
    if column is None:
        return f"the rule '{rule}' does not hold: there are {seen.get('observed_value')}"
    where = f"column '{column}' breaks the rule '{rule}'"
    if "unexpected_count" in seen:
        examples = [value for value in seen.get("partial_unexpected_list", []) if not pd.isna(value)]
        shown = f", for example {examples[0]!r}" if examples and column != AT else ""
        return f"{where} in {seen['unexpected_count']} of {seen['element_count']} outcomes{shown}"
    if not seen:
        return f"{where}: it is missing or cannot be read"
    observed = seen.get("observed_value")
    return f"{where}: it holds {observed}" if observed is not None else where
