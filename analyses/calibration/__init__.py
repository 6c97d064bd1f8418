"""Calibration of each kind of model: how data are simulated from it, and where the truth ranks among the draws."""
