"""A scripted model provider that speaks OpenAI's wire format."""

import http.server
import json
import threading

USAGE = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
CALL = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Zürich"}'}}


class Upstream:
    """`echo` repeats what was said last, `tools` calls a tool, `broken` fails."""

    def __enter__(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.answer(200, {"object": "list", "data": [{"id": "echo", "object": "model"}]})

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if asked["model"] == "broken":
            self.answer(500, {"error": {"message": "it broke", "type": "server_error"}})
        elif asked.get("stream"):
            self.stream(asked)
        else:
            message, finish_reason = whole(asked)
            choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish_reason}
            self.answer(200, {**head(asked, ""), "choices": [choice], "usage": USAGE})

    def answer(self, status, body):
        body = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def stream(self, asked):
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        self.close_connection = True
        message, finish_reason = whole(asked)
        deltas = [{"content": word + " "} for word in (message.get("content") or "").split()]
        for index, call in enumerate(message.get("tool_calls", [])):
            function = call["function"]
            deltas.append({"tool_calls": [{**call, "index": index, "function": {**function, "arguments": ""}}]})
            for letter in function["arguments"]:
                deltas.append({"tool_calls": [{"index": index, "function": {"arguments": letter}}]})
        chunks = [[{"index": 0, "delta": delta, "finish_reason": None}] for delta in deltas]
        chunks.append([{"index": 0, "delta": {}, "finish_reason": finish_reason}])
        for choices in chunks:
            self.event({**head(asked, ".chunk"), "choices": choices})
        if (asked.get("stream_options") or {}).get("include_usage"):
            self.event({**head(asked, ".chunk"), "choices": [], "usage": USAGE})
        self.wfile.write(b"data: [DONE]\n\n")

    def event(self, data):
        self.wfile.write(f"data: {json.dumps(data)}\n\n".encode())


def head(asked, kind):
    return {"id": "chatcmpl-1", "object": "chat.completion" + kind, "created": 1_700_000_000, "model": asked["model"]}


def whole(asked):
    """The message, and why it ended."""
    last = asked["messages"][-1]
    if asked["model"] == "tools" and last["role"] != "tool":
        return {"content": None, "tool_calls": [CALL]}, "tool_calls"
    said = last["content"]
    if isinstance(said, list):
        said = "".join(part.get("text", "") for part in said)
    return {"content": f"You said: {said}"}, "stop"
