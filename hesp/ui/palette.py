"""Colours of the curves: told apart by colour-blind people, stable while words come and go.

Labels come in, one `LineStyle` per label goes out. A label keeps its style for the whole visit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

# Okabe and Ito's palette without its black and yellow (lost on a dark and a light page), grown greedily by colours far
# (CIEDE2000) from all others for normal, protanope and deuteranope eyes; contrast is at least 2.2:1 on both pages.
COLORS = (
    "#E69F00",
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#56B4E9",
    "#AA2266",
    "#666644",
    "#006666",
    "#AA66EE",
)
# Dotted is kept for the unknown curve.
DASHES = ("solid", "dash", "dashdot", "longdash")


@dataclass(frozen=True)
class LineStyle:
    """How the curve of one label is drawn: a colour as #RRGGBB and one of plotly's dash names."""

    color: str
    dash: str


STYLES = tuple(LineStyle(color, dash) for dash, color in product(DASHES, COLORS))


def assign_styles(labels: Sequence[str], kept: Mapping[str, LineStyle]) -> dict[str, LineStyle]:
    """A style for each of `labels`: the one in `kept` if it is still free, else the first that no label uses.

    Styles of labels that are gone are remembered as well, so that a word put back looks as before.
    """
    styles = dict(kept)
    taken = {styles[label] for label in labels if label in styles}
    for label in labels:
        if label in styles:
            continue
        remembered = set(styles.values())
        free = [style for style in STYLES if style not in taken]
        styles[label] = next((style for style in free if style not in remembered), free[0])
        taken.add(styles[label])
    return styles
