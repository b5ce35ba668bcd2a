"""Much at one time: outages, attackers, and clients of every kind. What must hold is that nothing
is lost that need not be, that memory stays within its bounds, and that nothing is left behind.

The sizes are those of the suite; `STORM=full` makes them those of docs/benchmarks.md, prints what
was measured, and is for a release build (DELTAD).
"""
