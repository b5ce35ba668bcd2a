"""The page and the module for front ends, in a real Chromium."""
