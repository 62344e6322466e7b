"""Open-set recognition: calibration of scores and of "unknown"."""

from hesp.openset.calibration import BankCalibration, Curves, VocabularyCalibration, fit_curves

__all__ = ["BankCalibration", "Curves", "VocabularyCalibration", "fit_curves"]
