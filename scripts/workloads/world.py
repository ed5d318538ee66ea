"""A game-like server: players walk through a world of chunks of 64 KiB to 4 MiB, which are
unpacked when somebody comes near and packed and dropped when all have left; each has
entities with names and properties."""
import random
import zlib

random.seed(11)
SIDE, NEAR, PLAYERS = 24, 1, 3
stored = {}
loaded = {}


def generate(place):
    length = 1 << random.randrange(16, 23)
    length -= random.randrange(length // 2)
    line = random.randbytes(1024)
    return zlib.compress(line * (length // len(line)), 1)


def load(place):
    packed = stored.pop(place, None) or generate(place)
    blocks = bytearray(zlib.decompress(packed))
    entities = [{"name": f"entity {i} of {place}", "health": random.random(),
                 "items": [bytes(random.randrange(8, 900)) for _ in range(random.randrange(6))]}
                for i in range(random.randrange(20, 160))]
    loaded[place] = (blocks, entities)


def drop(place):
    blocks, entities = loaded.pop(place)
    if random.randrange(3) == 0:
        stored[place] = zlib.compress(bytes(blocks), 1)


players = [[random.randrange(SIDE), random.randrange(SIDE)] for _ in range(PLAYERS)]
for tick in range(70):
    for player in players:
        axis = random.randrange(2)
        player[axis] = (player[axis] + random.choice((-1, 1, 1))) % SIDE
    near = {((x + dx) % SIDE, (y + dy) % SIDE) for x, y in players
            for dx in range(-NEAR, NEAR + 1) for dy in range(-NEAR, NEAR + 1)}
    for place in sorted(near - loaded.keys()):
        load(place)
    for place in sorted(loaded.keys() - near):
        drop(place)
    for blocks, entities in loaded.values():
        blocks[tick % len(blocks)] = tick & 255
        entities.append({"name": f"seen at {tick}", "health": 1.0, "items": [bytes(600)]})
print(len(loaded), len(stored), sum(len(blocks) for blocks, _ in loaded.values()))
