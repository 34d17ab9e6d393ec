"""Asks a model for a stream of tokens: URL, read timeout in seconds, attempts.

An answer is whole when its end marker has come, and only then. A request is made again as long as
nothing of an answer has come, after the pause that the server asks for or else 0.5 s, 1 s, 2 s.
"""
import json
import sys
import time
import urllib.error
import urllib.request

url, timeout, attempts = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
question = json.dumps({"model": "m", "stream": True, "max_tokens": 1000,
                       "messages": [{"role": "user", "content": "count"}]}).encode()


def ask():
    """Tokens, how the stream ended, the longest silence between two of them."""
    request = urllib.request.Request(url, question, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=timeout) as response:
        tokens, longest, before = 0, 0.0, None
        try:
            for line in response:
                if line.startswith(b"data: [DONE]"):
                    return tokens, "whole", longest
                if not line.startswith(b"data: "):
                    continue  # a comment, the name of an event, the end of one
                event = json.loads(line[6:])
                if event.get("type") == "message_stop":
                    return tokens, "whole", longest
                if "error" in event:
                    return tokens, "error " + event["error"]["type"], longest
                delta = event.get("delta") or (event.get("choices") or [{}])[0].get("delta") or {}
                if delta.get("content") or delta.get("text"):
                    now = time.monotonic()
                    longest = max(longest, now - (before or now))
                    before, tokens = now, tokens + 1
        except OSError as error:
            return tokens, f"{type(error).__name__}: {error}", longest
        return tokens, "no end marker", longest


def pause_after(error, attempt):
    if error.headers.get("retry-after-ms"):
        return float(error.headers["retry-after-ms"]) / 1000
    return float(error.headers.get("Retry-After") or 0.5 * 2 ** attempt)


for attempt in range(attempts):
    try:
        tokens, end, longest = ask()
        print(f"{tokens} tokens, {end}, longest gap {longest:.2f} s")
        sys.exit(end != "whole")
    except urllib.error.HTTPError as error:
        if error.code not in (429, 503, 529) or attempt + 1 == attempts:
            print(f"status {error.code}")
            sys.exit(1)
        time.sleep(pause_after(error, attempt))
    except OSError as error:
        print(f"no answer: {error}")
        sys.exit(1)
