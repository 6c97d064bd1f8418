"""Simulation-based calibration: data are simulated from a model and the truth is ranked among the draws."""
