"""A server of its own for the tests: the real binary, with a scripted model provider behind it."""

import json
import os
import pathlib
import subprocess
import time
import urllib.error
import urllib.request

import pytest
from upstream import Upstream

EMAIL = "owner@example.org"
PASSWORD = "correct horse battery staple"
DEADLINE = 30
ROOT = pathlib.Path(__file__).parents[2]


class Server:
    """A running server and the owner's API key."""

    def __init__(self, url, key, folder):
        self.url, self.key, self.folder = url, key, folder

    def environment(self):
        """What the README's examples read from the environment."""
        return {"PATH": os.environ["PATH"], "COLLOQUY": self.url, "KEY": self.key}

    def log(self):
        return (self.folder / "stderr").read_text()


def post(url, body, headers=None):
    """The answer to a JSON request, and its headers."""
    request = urllib.request.Request(url, json.dumps(body).encode(), {"content-type": "application/json", **(headers or {})})
    with urllib.request.urlopen(request, timeout=DEADLINE) as answer:
        return json.load(answer), answer.headers


def wait_for(what, attempt):
    """Tries until there is something."""
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        found = attempt()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"waited {DEADLINE} s in vain for {what}")


def is_ready(url):
    try:
        with urllib.request.urlopen(url + "/health/ready", timeout=DEADLINE) as answer:
            return answer.status == 200
    except (urllib.error.URLError, ConnectionError):
        return False


@pytest.fixture(scope="session")
def upstream():
    with Upstream() as running:
        yield running


@pytest.fixture(scope="module")
def server(upstream, tmp_path_factory):
    """One server for the tests of a file."""
    folder = tmp_path_factory.mktemp("server")
    password_file, address_file = folder / "password", folder / "address"
    password_file.write_text(PASSWORD)
    environment = {
        "COLLOQUY_SERVER__LISTEN": "127.0.0.1:0",
        "COLLOQUY_DATA_DIR": str(folder / "data"),
        "COLLOQUY_MODELS__DISCOVER_LOCAL": "false",
        "COLLOQUY_MODELS__RETRY__ATTEMPTS": "0",
        "COLLOQUY_OWNER_EMAIL": EMAIL,
        "COLLOQUY_OWNER_PASSWORD_FILE": str(password_file),
        "COLLOQUY_PROVIDERS__MOCK__KIND": "openai-compatible",
        "COLLOQUY_PROVIDERS__MOCK__BASE_URL": upstream.url,
        "COLLOQUY_PROVIDERS__MOCK__MODELS": "echo,tools,broken",
        # Generated requests sign in as often as they like.
        "COLLOQUY_APPLICATION__SIGN_INS_PER_MINUTE": "1000000",
        "COLLOQUY_APPLICATION__SIGN_INS_PER_DAY": "1000000",
    }
    command = [os.environ["COLLOQUY_BIN"], "serve", "--address-file", str(address_file)]
    with open(folder / "stdout", "wb") as stdout, open(folder / "stderr", "wb") as stderr:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=stdout, stderr=stderr)
    try:
        def address():
            assert process.poll() is None, (folder / "stderr").read_text()
            return address_file.exists() and address_file.read_text().strip()

        url = "http://" + wait_for("the server's address", address)
        wait_for("readiness", lambda: is_ready(url))
        signed_in, headers = post(url + "/api/v1/auth/login", {"email": EMAIL, "password": PASSWORD})
        session = {
            "cookie": headers["set-cookie"].split(";")[0],
            "x-csrf-token": signed_in["csrf_token"],
            "origin": url,
        }
        key, _ = post(url + "/api/v1/api-keys", {"name": "tests"}, session)
        yield Server(url, key["key"], folder)
        assert process.poll() is None, "the server must survive the tests\n" + (folder / "stderr").read_text()
    finally:
        process.terminate()
        try:
            process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            process.kill()
            raise


def readme_example(language, containing):
    """The README's only code block of a language that contains a text."""
    blocks = (ROOT / "README.md").read_text().split("```")[1::2]
    found = [
        block.removeprefix(language + "\n") for block in blocks if block.startswith(language + "\n") and containing in block
    ]
    assert len(found) == 1, f"the README has {len(found)} examples in {language} with {containing!r}"
    return found[0]


def pytest_sessionfinish(session, exitstatus):
    """A filter that is meant for other tests may match none of these."""
    if exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and session.config.option.keyword:
        session.exitstatus = pytest.ExitCode.OK
