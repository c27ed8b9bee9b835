"""The official OpenAI SDK, with nothing changed but its base URL and its key."""

import subprocess
import sys

import openai
import pytest
from conftest import readme_example

QUESTION = [{"role": "user", "content": "Grüße aus Zürich 🐻"}]
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "weather",
            "description": "The weather in a city",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        },
    }
]


@pytest.fixture
def client(server):
    with openai.OpenAI(base_url=server.url + "/v1", api_key=server.key, max_retries=0, timeout=30) as client:
        yield client


def test_an_answer_comes_whole(client):
    answer = client.chat.completions.create(model="mock/echo", messages=QUESTION, temperature=0.2, max_tokens=50)
    assert answer.choices[0].message.content == "You said: Grüße aus Zürich 🐻"
    assert answer.choices[0].message.role == "assistant"
    assert answer.choices[0].finish_reason == "stop"
    assert answer.model == "mock/echo"
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens, answer.usage.total_tokens) == (7, 3, 10)


def test_an_answer_comes_in_chunks(client):
    chunks = list(client.chat.completions.create(model="mock/echo", messages=QUESTION, stream=True))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert text.strip() == "You said: Grüße aus Zürich 🐻"
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert {chunk.id for chunk in chunks} == {chunks[0].id}


def test_the_last_chunk_tells_the_usage_where_that_is_asked_for(client):
    options = {"include_usage": True}
    chunks = list(
        client.chat.completions.create(model="mock/echo", messages=QUESTION, stream=True, stream_options=options)
    )
    assert chunks[-1].choices == [] and chunks[-1].usage.total_tokens == 10
    assert all(chunk.usage is None for chunk in chunks[:-1])


def test_the_helper_for_streams_puts_the_answer_together(client):
    with client.chat.completions.stream(model="mock/echo", messages=QUESTION) as stream:
        for _ in stream:
            pass
        answer = stream.get_final_completion()
    assert answer.choices[0].message.content.strip() == "You said: Grüße aus Zürich 🐻"


@pytest.mark.parametrize("streamed", [False, True])
def test_a_tool_is_called_and_its_result_is_answered(client, streamed):
    asked = {"model": "mock/tools", "messages": QUESTION, "tools": TOOLS}
    if streamed:
        with client.chat.completions.stream(**asked) as stream:
            answer = stream.get_final_completion()
    else:
        answer = client.chat.completions.create(**asked)
    choice = answer.choices[0]
    assert choice.finish_reason == "tool_calls"
    (call,) = choice.message.tool_calls
    assert (call.id, call.function.name, call.function.arguments) == ("call_1", "weather", '{"city":"Zürich"}')

    result = {"role": "tool", "tool_call_id": call.id, "content": "sunny"}
    said = {"role": "assistant", "content": None, "tool_calls": [call.to_dict()]}
    asked["messages"] = [*QUESTION, said, result]
    answer = client.chat.completions.create(**asked)
    assert answer.choices[0].message.content == "You said: sunny"


def test_models_are_listed(client):
    models = {model.id: model for model in client.models.list()}
    assert {"mock/echo", "mock/tools", "builtin/recall"} <= set(models)
    assert models["mock/echo"].object == "model"


def test_a_wrong_key_is_an_authentication_error(server):
    with openai.OpenAI(base_url=server.url + "/v1", api_key="sk-wrong", max_retries=0) as stranger:
        with pytest.raises(openai.AuthenticationError) as raised:
            stranger.chat.completions.create(model="mock/echo", messages=QUESTION)
        assert raised.value.code == "invalid_api_key"
        with pytest.raises(openai.AuthenticationError):
            stranger.models.list()


def test_an_unknown_model_is_not_found(client):
    with pytest.raises(openai.NotFoundError) as raised:
        client.chat.completions.create(model="no-such-model", messages=QUESTION)
    assert raised.value.code == "model_not_found" and raised.value.param == "model"


def test_a_wrong_field_is_a_bad_request_that_names_it(client):
    with pytest.raises(openai.BadRequestError) as raised:
        client.chat.completions.create(model="mock/echo", messages=QUESTION, temperature=17)
    assert raised.value.param == "temperature"
    with pytest.raises(openai.BadRequestError) as raised:
        client.chat.completions.create(model="mock/echo", messages=[{"role": "king", "content": "Hi"}])
    assert raised.value.param.startswith("messages")


@pytest.mark.parametrize("streamed", [False, True])
def test_a_failing_provider_is_a_server_error(client, streamed):
    with pytest.raises(openai.InternalServerError) as raised:
        client.chat.completions.create(model="mock/broken", messages=QUESTION, stream=streamed)
    assert raised.value.status_code == 502


def test_a_stored_exchange_is_a_conversation(client):
    raw = client.chat.completions.with_raw_response.create(model="mock/echo", messages=QUESTION, store=True)
    assert raw.parse().choices[0].message.content.startswith("You said")
    assert len(raw.headers["x-colloquy-conversation"]) == 36


def test_the_built_in_responder_answers_without_a_model(client):
    answer = client.chat.completions.create(model="builtin/recall", messages=QUESTION)
    assert answer.choices[0].message.content


def test_the_example_in_the_readme_works_as_written(server):
    code = readme_example("python", "from openai import OpenAI")
    ran = subprocess.run([sys.executable, "-c", code], env=server.environment(), capture_output=True, timeout=60)
    assert ran.returncode == 0, ran.stderr.decode()
    assert ran.stdout.strip()
