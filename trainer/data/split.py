"""The split of the training data by time: later outcomes are never used to learn or judge earlier ones."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from core.errors import InputError


@dataclass(frozen=True)
class Split:
    """Three windows, one after the other: `fit` (the oldest), `calibration`, `test` (the newest outcomes)."""

    fit: pd.DataFrame
    calibration: pd.DataFrame
    test: pd.DataFrame

    @property
    def sizes(self) -> dict[str, int]:
        """Rows of each window."""
        return {"fit": len(self.fit), "calibration": len(self.calibration), "test": len(self.test)}

    @property
    def whole(self) -> pd.DataFrame:
        """The rows of all three windows, the oldest first."""
        return pd.concat([self.fit, self.calibration, self.test], ignore_index=True)

    def shifted(self) -> Split:
        """The same rows, with the newest ones used to learn and calibrate.

        No rows are left to judge by: test and calibration window are the same, and its figures are no evidence.
        """
        rows, size = self.whole, len(self.calibration)
        newest = rows.iloc[-size:].reset_index(drop=True)
        return Split(fit=rows.iloc[:-size].reset_index(drop=True), calibration=newest, test=newest)


def by_time(frame: pd.DataFrame, outcome: str, *, calibration_share: float, test_share: float) -> Split:
    """Cut `frame` (n rows, the oldest first) into its three windows.

    Raises InputError when a window lacks one of the two outcomes: nothing can be learnt or judged on it.
    """
    test_from = len(frame) - round(len(frame) * test_share)
    calibration_from = test_from - round(len(frame) * calibration_share)
    windows = {
        "fit": frame.iloc[:calibration_from],
        "calibration": frame.iloc[calibration_from:test_from],
        "test": frame.iloc[test_from:],
    }
    for name, window in windows.items():
        if window[outcome].nunique() < 2:
            raise InputError(
                f"the {name} window ({len(window)} of {len(frame)} outcomes) lacks sales or refusals",
                column=outcome,
                kept="The champion is unchanged.",
                next="Record more outcomes, or change the shares of the windows.",
            )
    return Split(**{name: window.reset_index(drop=True) for name, window in windows.items()})
