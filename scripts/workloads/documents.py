"""json and re: read the records, index their words, change them, write them again."""
import collections
import json
import re
import sys

with open(sys.argv[1], encoding="ascii") as file:
    records = json.load(file)
index = collections.defaultdict(set)
for record in records:
    for word in re.findall(r"[a-z]{4,}", record["note"].lower()):
        index[word].add(record["id"])
    record["note"] = re.sub(r"\b([a-z])([a-z]*)\b", r"\2\1", record["note"])
by_tag = collections.Counter(tag for record in records for tag in record["tags"])
common = sorted(index, key=lambda word: (-len(index[word]), word))[:500]
pairs = {(a, b): len(index[a] & index[b]) for a in common[:60] for b in common[:60] if a < b}
print(len(json.dumps(records, indent=1)), len(index), by_tag.most_common(3), sum(pairs.values()))
