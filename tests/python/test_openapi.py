"""The HTTP interface does what its OpenAPI document says, whatever is sent to it: schemathesis with all its checks."""

import json
import subprocess
import sys
import urllib.request

import pytest

# Enough to reach every rule of every field; the run stays below three minutes on a small machine.
EXAMPLES = 25


def schemathesis(server, folder, *arguments):
    command = [
        sys.executable, "-m", "schemathesis.cli", "run", server.url + "/api/openapi.json",
        "--checks", "all",
        "--max-examples", str(EXAMPLES),
        "--seed", "1",
        "--request-timeout", "20",
        "--suppress-health-check", "all",
        "--no-color",
        *arguments,
    ]
    ran = subprocess.run(command, cwd=folder, capture_output=True, timeout=600)
    output = ran.stdout.decode() + ran.stderr.decode()
    assert ran.returncode == 0, output
    return output


def test_no_request_of_the_owner_breaks_the_contract(server, tmp_path):
    schemathesis(server, tmp_path, "--header", f"Authorization: Bearer {server.key}", "--phases", "examples,coverage,fuzzing,stateful")


def test_no_request_of_a_stranger_breaks_the_contract(server, tmp_path):
    schemathesis(server, tmp_path, "--phases", "examples,coverage", "--exclude-checks", "positive_data_acceptance")


@pytest.fixture(scope="module")
def document(server):
    with urllib.request.urlopen(server.url + "/api/openapi.json", timeout=30) as answer:
        return json.load(answer)


def test_every_operation_says_who_may_ask_and_what_can_go_wrong(document):
    assert document["openapi"].startswith("3.1")
    operations = [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if isinstance(operation, dict) and "responses" in operation
    ]
    assert len(operations) > 25
    ids = [operation["operationId"] for _, _, operation in operations]
    assert len(ids) == len(set(ids))
    for path, method, operation in operations:
        where = f"{method} {path}"
        assert operation.get("summary"), where
        assert any(status.startswith(("4", "5", "default")) for status in operation["responses"]), where
        is_open = operation.get("security") == [] or "security" not in operation and "security" not in document
        assert is_open or "401" in operation["responses"] or "default" in operation["responses"], where
