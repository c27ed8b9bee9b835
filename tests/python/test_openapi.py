"""The HTTP interface does what its OpenAPI document says, whatever is sent to it: schemathesis with all its checks."""

import json
import os
import pathlib
import subprocess
import sys
import urllib.request

import pytest

# Enough to try every rule of every field. The run stays below three minutes on a small machine.
EXAMPLES = 40
SETTINGS = pathlib.Path(__file__).with_name("schemathesis.toml")
NOBODY = "[checks.positive_data_acceptance]\nexpected-statuses = [200, 302, 401, 403, 404, 409, 422]\n"


def schemathesis(server, folder, settings, *arguments):
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(settings)]
    command += ["run", server.url + "/api/openapi.json", "--checks", "all", "--max-examples", str(EXAMPLES)]
    command += ["--seed", "1", "--request-timeout", "20", "--suppress-health-check", "all", "--continue-on-failure"]
    environment = {**os.environ, "COLLOQUY_KEY_FOR_TESTS": server.key, "NO_COLOR": "1"}
    ran = subprocess.run([*command, *arguments], cwd=folder, env=environment, capture_output=True, timeout=900)
    assert ran.returncode == 0, ran.stdout.decode() + ran.stderr.decode()


def test_no_request_of_the_owner_breaks_the_contract(server, tmp_path):
    schemathesis(server, tmp_path, SETTINGS)


def test_no_request_of_a_stranger_breaks_the_contract(server, tmp_path):
    settings = tmp_path / "schemathesis.toml"
    settings.write_text(NOBODY)
    schemathesis(server, tmp_path, settings, "--phases", "examples,coverage")


@pytest.fixture(scope="module")
def document(server):
    with urllib.request.urlopen(server.url + "/api/openapi.json", timeout=30) as answer:
        return json.load(answer)


def test_every_operation_says_what_it_does_who_may_ask_and_what_can_go_wrong(document):
    assert document["openapi"].startswith("3.1")
    operations = {
        f"{method.upper()} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if isinstance(operation, dict) and "responses" in operation
    }
    assert len(operations) > 25
    names = [operation["operationId"] for operation in operations.values()]
    assert len(names) == len(set(names))
    for where, operation in operations.items():
        assert operation.get("summary"), where
        answers = operation["responses"]
        assert any(status.startswith(("4", "5", "default")) for status in answers), where
        needs_somebody = operation.get("security", document.get("security"))
        assert not needs_somebody or {"401", "4XX", "default"} & set(answers), where
