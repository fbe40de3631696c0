"""The two kinds of model over encoded columns: a weighted sum, and a sum of trees; both give the log-odds of a sale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from core.models.compiled.encoding import Vector

CHUNK = 1_000
"""Rows whose way through all trees is followed at once."""


@dataclass(frozen=True)
class Linear:
    """`intercept` and the sum of the inputs with their `weights`, shape [width]."""

    weights: Vector
    intercept: float

    def log_odds(self, inputs: Vector) -> Vector:
        """The log-odds of n rows with these `inputs` [n, width]."""
        odds: Vector = inputs @ self.weights + self.intercept
        return odds


@dataclass(frozen=True)
class Trees:
    """`baseline` and the sum of the leaves of all trees; the nodes of all trees are in one row, `roots` among them.

    A row goes to `left` where its input `feature` is at most `threshold`, or where it is blank and `blank_left` says
    so; else to `right`. A leaf leads to itself and has a `value`.
    """

    baseline: float
    roots: npt.NDArray[np.intp]
    feature: npt.NDArray[np.intp]
    threshold: Vector
    blank_left: npt.NDArray[np.bool_]
    left: npt.NDArray[np.intp]
    right: npt.NDArray[np.intp]
    value: Vector
    depth: int

    @classmethod
    def from_predictors(cls, baseline: float, predictors: Sequence[Any]) -> Self:
        """The trees of a fitted gradient boosting, of which `predictors` has one a tree."""
        trees = [predictor.nodes for predictor in predictors]
        roots = np.cumsum([0, *(len(nodes) for nodes in trees[:-1])]).astype(np.intp)
        nodes = np.concatenate(trees)
        leaf = nodes["is_leaf"].astype(bool)
        own = np.arange(len(nodes), dtype=np.intp)
        first = np.repeat(roots, [len(tree) for tree in trees])
        return cls(
            baseline=baseline,
            roots=roots,
            feature=np.where(leaf, 0, nodes["feature_idx"]).astype(np.intp),
            threshold=nodes["num_threshold"].astype(np.float64),
            blank_left=nodes["missing_go_to_left"].astype(bool),
            left=np.where(leaf, own, first + nodes["left"]).astype(np.intp),
            right=np.where(leaf, own, first + nodes["right"]).astype(np.intp),
            value=np.where(leaf, nodes["value"], 0.0),
            depth=int(nodes["depth"].max()),
        )

    def log_odds(self, inputs: Vector) -> Vector:
        """The log-odds of n rows with these `inputs` [n, width]."""
        found = [self._of(inputs[start : start + CHUNK]) for start in range(0, len(inputs), CHUNK)]
        return np.concatenate(found) if found else np.empty(0)

    def _of(self, inputs: Vector) -> Vector:
        cells, blanks = inputs.ravel(), bool(np.isnan(inputs).any())
        # One line a tree: where each row begins in `cells`, and the node at which it is.
        begins = np.arange(len(inputs), dtype=np.intp) * inputs.shape[1]
        node = np.repeat(self.roots, len(inputs)).reshape(len(self.roots), len(inputs))
        for _ in range(self.depth):
            seen = cells.take(self.feature.take(node) + begins)
            to_left = seen <= self.threshold.take(node)
            if blanks:
                to_left |= np.isnan(seen) & self.blank_left.take(node)
            node = np.where(to_left, self.left.take(node), self.right.take(node))
        # The trees are added one after the other, as scikit-learn does, so that the sums are the same.
        odds = np.full(len(inputs), self.baseline)
        for leaves in self.value.take(node):
            odds += leaves
        return odds
