"""A model that streams its answer, and thinks before it says something.

/anthropic  message_start at once, a ping every 5 s while it thinks for 20 s, then the answer.
/openai     a first chunk with the role at once, comments every 15 s while it thinks for 120 s, then
            the answer and [DONE]. /openai-silent: the same without comments.
"""
import http.server
import json
import time


def openai(delta, reason=None):
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    return f"data: {json.dumps({'object': 'chat.completion.chunk', 'choices': [choice]})}\n\n"


def anthropic(kind, **more):
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **more})}\n\n"


class Model(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            if self.path == "/anthropic":
                self.anthropic()
            else:
                self.openai(comments=self.path == "/openai")
            self.say("")
        except OSError:
            self.close_connection = True

    def anthropic(self):
        self.say(anthropic("message_start", message={"role": "assistant"}))
        for _ in range(4):
            time.sleep(5)
            self.say(anthropic("ping"))
        self.say(anthropic("content_block_start", index=0))
        for word in ("One", " two", " three"):
            self.say(anthropic("content_block_delta", index=0, delta={"text": word}))
            time.sleep(0.2)
        self.say(anthropic("message_stop"))

    def openai(self, comments):
        self.say(openai({"role": "assistant", "content": ""}))
        for _ in range(8):
            time.sleep(15)
            if comments:
                self.say(": still here\n\n")
        for word in ("One", " two", " three"):
            self.say(openai({"content": word}))
        self.say(openai({}, "stop"))
        self.say("data: [DONE]\n\n")

    def say(self, text):
        self.wfile.write(f"{len(text):x}\r\n{text}\r\n".encode())

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("", 9000), Model).serve_forever()
