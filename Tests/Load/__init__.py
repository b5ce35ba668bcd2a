"""Tests of the load generator, with the real daemon and its own mock model."""
