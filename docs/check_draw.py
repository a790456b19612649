"""Check one firm's draw: python check_draw.py proof.json commit.json result.json."""

import csv
import json
import sys
from hashlib import sha256
from pathlib import Path
from time import gmtime, strftime

proof, commit, result = (json.loads(Path(name).read_bytes()) for name in sys.argv[1:4])
text = json.dumps(commit, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
own = sha256(text.encode()).digest()  # 1. proof and result belong to the published commit
holds = {"same commit": proof["commit_sha256"] == result["commit_sha256"] == own.hex()}
node = sha256(b"\0" + f"{proof['row']},{proof['salt']}".encode()).digest()  # 2. the row was in it
place, end, seen, beacon = proof["index"], commit["firms"] - 1, result["revealed"], commit["beacon"]
for sibling in map(bytes.fromhex, proof["path"]):
    while end and place == end and place % 2 == 0:
        place, end = place // 2, end // 2
    node = sha256(b"\1" + (sibling + node if place % 2 else node + sibling)).digest()
    place, end = place // 2, end // 2
holds["row in frame"] = place == end == 0 and node.hex() == commit["merkle_root"]
due = strftime("%Y-%m-%dT%H:%M:%SZ", gmtime(1692803364 + 3 * beacon.get("round", 0)))
holds["time"] = beacon["kind"] != "drand" or beacon["due"] == due  # 3. when its source is due
randomness = sha256(bytes.fromhex(seen) if beacon["kind"] == "drand" else seen.encode()).digest()
seed = sha256(own + randomness).digest()  # 4. the seed is commit and public randomness
holds["seed"] = (result["randomness"], result["seed"]) == (randomness.hex(), seed.hex())
firm, stratum, _, _, p, floor = next(csv.reader([proof["row"]]))[:6]
names = (f"draw|{firm}", f"arm|{firm}", f"start|{stratum}")  # 5. the number decides
x, y, z = (int.from_bytes(sha256(seed + n.encode()).digest()[:8], "big") for n in names)
p, a, value, drawn = int(p), 2 * (x >> 12) + 1, "", int(p) == 10**9
if 0 < p < 10**9 and commit["method"] == "pareto":
    q = a / (2**53 - a) * ((10**9 - p) / p)
    value, drawn = repr(q), q <= float(result["strata"][stratum]["last_q"])
elif 0 < p < 10**9:
    value, drawn = proof["number"], ((z * 10**9 >> 64) - int(proof["number"])) % 10**9 < p
arm = ("floor" if y * p >> 64 < int(floor) else "index") if drawn else None
holds["number"] = (value, drawn, arm) == tuple(proof[k] for k in ("number", "drawn", "arm"))
print(f"compare with what was published: commit {own.hex()}, {beacon}: {seen}")
print(f"{firm}: number {value}, drawn {drawn}, arm {arm}; checks that hold: {holds}")
sys.exit(not all(holds.values()))
