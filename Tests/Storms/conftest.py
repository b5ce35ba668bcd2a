from Relay.conftest import daemon, model, name, pytest_runtest_makereport, start

__all__ = ["daemon", "model", "name", "pytest_runtest_makereport", "start"]
