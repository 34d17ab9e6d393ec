"""Asks up to seven times, with pauses that grow, by one of the kinds of jitter (AWS Architecture Blog,
"Exponential Backoff And Jitter"): none, full, equal, decorrelated; or proportional, as gRPC has it.

fixed and growing are what is written instead by mistake: a pause of 0.1 s, and one without jitter.
"""
import random
import sys
import time
import urllib.request

url, kind = sys.argv[1], sys.argv[2]
base, cap = 0.1, 2.0
chance = random.Random(7)
pause = base
for attempt in range(7):
    try:
        urllib.request.urlopen(url, timeout=5).read()
        break
    except OSError:
        pass
    ceiling = min(cap, base * 2**attempt)
    if kind == "none":
        pause = ceiling
    elif kind == "full":
        pause = chance.uniform(0, ceiling)
    elif kind == "equal":
        pause = ceiling / 2 + chance.uniform(0, ceiling / 2)
    elif kind == "proportional":
        pause = ceiling * chance.uniform(0.8, 1.2)
    elif kind == "decorrelated":
        pause = min(cap, chance.uniform(base, 3 * pause))
    elif kind == "fixed":
        pause = base
    elif kind == "growing":
        pause = min(cap, base * 3**attempt) / 2
    if attempt < 6:
        time.sleep(pause)
