"""The README's examples for WebSocket and curl, as written, and the `websockets` package against the protocol."""

import asyncio
import json
import shutil
import subprocess
import sys

import pytest
from conftest import readme_example
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedError, InvalidStatus


def socket(server, **options):
    url = server.url.replace("http", "ws") + "/api/v1/ws"
    return connect(url, proxy=None, **options)


def authenticated(server, **options):
    return socket(server, additional_headers={"Authorization": "Bearer " + server.key}, **options)


async def expect(connection, **fields):
    """The next frame with these fields."""
    async with asyncio.timeout(30):
        while True:
            frame = json.loads(await connection.recv())
            if all(frame.get(name) == value for name, value in fields.items()):
                return frame


def test_the_websocket_example_in_the_readme_works_as_written(server):
    code = readme_example("python", "from websockets")
    ran = subprocess.run([sys.executable, "-c", code], env=server.environment(), capture_output=True, timeout=60)
    assert ran.returncode == 0, ran.stderr.decode()
    assert ran.stdout.strip(), "the answer is printed"


@pytest.mark.skipif(not shutil.which("curl") or not shutil.which("bash"), reason="there is no curl on this machine")
def test_the_curl_example_in_the_readme_works_as_written(server):
    example = readme_example("console", "/messages")
    lines = [line.removeprefix("$ ") for line in example.splitlines()]
    ran = subprocess.run(["bash", "-ec", "\n".join(lines)], env=server.environment(), capture_output=True, timeout=60)
    assert ran.returncode == 0, ran.stderr.decode()
    events = [line for line in ran.stdout.decode().splitlines() if line.startswith("event: ")]
    assert events[-1] == "event: run.completed", ran.stdout.decode()


def test_a_question_is_answered_in_deltas_that_make_up_what_is_stored(server):
    async def talk():
        async with authenticated(server) as connection:
            await expect(connection, type="welcome")

            async def command(name, **params):
                frame = {"type": "command", "id": name, "name": name, "params": params}
                await connection.send(json.dumps(frame))

            await command("conversation.create", model="mock/echo")
            conversation = (await expect(connection, reply_to="conversation.create"))["result"]["id"]
            subscribe = {"type": "subscribe", "id": "s", "channel": f"conversation:{conversation}"}
            await connection.send(json.dumps(subscribe))
            await expect(connection, type="subscribed", reply_to="s")
            await command("message.send", conversation_id=conversation, text="Grüße 🐻")
            text = ""
            async with asyncio.timeout(30):
                while True:
                    frame = json.loads(await connection.recv())
                    if frame["type"] == "delta":
                        text += frame["text"]
                    elif frame["type"] == "snapshot":
                        text = "".join(part["text"] for part in frame["state"]["parts"])
                    elif frame["type"] == "part.started":
                        text += frame["content"].get("text", "") if "content" in frame else frame["part"].get("text", "")
                    elif frame["type"] == "run.completed":
                        return text, frame

    text, end = asyncio.run(talk())
    assert text.strip() == "You said: Grüße 🐻"
    assert end["finish_reason"] == "stop" and end["usage"]["output_tokens"] == 3


def test_a_token_in_hello_authenticates(server):
    async def greet():
        async with socket(server) as connection:
            await connection.send(json.dumps({"type": "hello", "id": "1", "token": server.key}))
            return await expect(connection, reply_to="1")

    welcome = asyncio.run(greet())
    assert welcome["type"] == "welcome" and welcome["user"]["email"] == "owner@example.org"


def test_a_wrong_token_is_refused_with_4401_and_a_foreign_page_before_the_upgrade(server):
    async def intrude():
        async with socket(server) as connection:
            await connection.send(json.dumps({"type": "hello", "id": "1", "token": "clq_wrong"}))
            error = await expect(connection, type="error")
            with pytest.raises(ConnectionClosedError) as closed:
                await connection.recv()
        with pytest.raises(InvalidStatus) as refused:
            async with authenticated(server, origin="https://evil.example"):
                pass
        return error, closed.value.rcvd.code, refused.value.response.status_code

    error, code, status = asyncio.run(intrude())
    assert (error["problem"]["status"], code, status) == (401, 4401, 403)


def test_a_large_message_in_fragments_and_pings_work_and_one_too_large_is_closed_with_1009(server):
    async def exaggerate():
        async with authenticated(server) as connection:
            await expect(connection, type="welcome")
            await (await connection.ping(b"are you there"))
            question = json.dumps({"type": "ping", "id": "x" * 60_000})
            await connection.send(question[at : at + 1_000] for at in range(0, len(question), 1_000))
            await expect(connection, type="pong")
            await connection.send("x" * 70_000)
            with pytest.raises(ConnectionClosedError) as closed:
                while True:
                    await connection.recv()
        return closed.value.rcvd.code

    assert asyncio.run(exaggerate()) == 1009
