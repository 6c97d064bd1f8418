"""The papers' own estimators and tests."""
