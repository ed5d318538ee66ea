"""Small records in a dictionary, and through JSON and back: README's example."""
import json

words = {}
for i in range(60000):
    words.setdefault("w%d" % (i * 7919 % 5003), []).append({"at": i, "tag": "t%d" % (i % 97)})
text = json.dumps(words)
print(len(text), len(json.loads(text)))
