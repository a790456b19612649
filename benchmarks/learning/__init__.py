"""What the models learn of worlds whose truth is known: harm captured, calibration, intervals."""
