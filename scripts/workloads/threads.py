"""Four threads take lines from one queue and put what they made of them into another."""
import hashlib
import json
import queue
import sys
import threading
import zlib

todo, done = queue.Queue(64), queue.Queue()


def work():
    while (batch := todo.get()) is not None:
        packed = zlib.compress("".join(batch).encode())
        words = [word.lower() for line in batch for word in line.split()]
        done.put((hashlib.sha256(packed).hexdigest(), json.dumps({w: len(w) for w in words})))


threads = [threading.Thread(target=work) for _ in range(4)]
for thread in threads:
    thread.start()
with open(sys.argv[1], encoding="ascii") as file:
    lines = file.readlines()
for start in range(0, len(lines), 16):
    todo.put(lines[start:start + 16])
for thread in threads:
    todo.put(None)
for thread in threads:
    thread.join()
results = [done.get() for _ in range(done.qsize())]
print(len(results), min(results)[0], sum(len(text) for _, text in results))
