"""Starting and ending the LiteLLM proxy, a model gateway of another make, for tests in Python.

It runs from its own environment, .venv-litellm below the root (Tests/python-env makes it), and
answers with mock responses: it asks nobody, and what it would fetch or report is turned off.
"""

import json
import os
import re
import subprocess

from processes import ROOT, wait_until

PYTHON = os.environ.get("LITELLM_PYTHON", str(ROOT / ".venv-litellm/bin/python"))
STARTUP = 60.0  # seconds; it imports for many of them

# Nothing of the caller's environment decides what it does: keys of real providers above all.
ENVIRONMENT = {
    "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LITELLM_MODE": "PRODUCTION",
    "LITELLM_TELEMETRY": "False",
    "HF_HUB_OFFLINE": "1",
    "NO_PROXY": "*",
    "PYTHONUNBUFFERED": "1",
}


class LiteLLM:
    """A running proxy that takes `key` and has `models`, a dictionary from names to mock responses.

    Its files are in `folder`.
    """

    def __init__(self, models, key, folder):
        configuration = {
            "model_list": [
                {
                    "model_name": name,
                    "litellm_params": {
                        "model": f"openai/{name}",
                        "api_key": "none",
                        "mock_response": response,
                        "max_retries": 0,
                    },
                }
                for name, response in models.items()
            ],
            "general_settings": {"master_key": key},
            "litellm_settings": {"telemetry": False, "num_retries": 0},
            "router_settings": {"num_retries": 0, "disable_cooldowns": True},
        }
        file = folder / "litellm.yaml"
        # JSON is YAML, but for pairs of surrogate escapes.
        file.write_text(json.dumps(configuration, indent=2, ensure_ascii=False), "utf-8")
        self.log_file = folder / "litellm.log"
        arguments = ["--config", str(file), "--host", "127.0.0.1", "--port", "0"]
        with self.log_file.open("wb") as log:
            self.process = subprocess.Popen(
                [PYTHON, "-c", "from litellm import run_server; run_server()", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=folder,
                env={**ENVIRONMENT, "HOME": str(folder)},
            )
        try:
            self.port = self._await_port()
        except BaseException:
            self.stop()
            raise

    def _await_port(self):
        def said():
            log = self.log_file.read_text(errors="replace")
            assert self.process.poll() is None, f"LiteLLM has ended\n{log[-4000:]}"
            found = re.search(r"Uvicorn running on http://127\.0\.0\.1:(\d+)", log)
            return found and int(found[1])

        return wait_until(said, "LiteLLM to listen", patience=STARTUP)

    @property
    def base_url(self):
        return f"http://127.0.0.1:{self.port}/v1"

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
