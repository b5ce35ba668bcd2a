"""The daemons that run beside a test, so that its report can show what they logged."""

import processes

UPSTREAM_KEY = "sk-upstream-7Qh2vX"  # what the daemon presents; it must not show up anywhere else
running = []


def start(configuration, folder, **options):
    daemon = processes.Daemon(configuration, folder, **options)
    running.append(daemon)
    return daemon


def stop(daemon):
    # What it logged belongs into the report of a failed teardown too: it stays listed until then.
    daemon.stop()
    running.remove(daemon)
    assert UPSTREAM_KEY not in daemon.log()


def stop_unless_ended(daemon):
    if daemon.process.poll() is None:
        stop(daemon)
    else:
        running.remove(daemon)
