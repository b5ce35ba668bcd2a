"""The proxies whose configurations are in etc/, in front of the daemon.

What is tested is what ships: `configurations.py` replaces addresses, paths and times, and fails
when what it replaces is no longer there. The proxies are Debian's, each in a folder of its own.
"""
