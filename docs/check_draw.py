"""Check one firm's draw: python check_draw.py proof.json commit.json result.json."""

import csv
import json
import sys
from hashlib import sha256
from pathlib import Path

proof, commit, result = (json.loads(Path(name).read_bytes()) for name in sys.argv[1:4])
text = json.dumps(commit, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
own = sha256(text.encode()).digest()  # 1. proof and result belong to the published commit
holds = {"same commit": proof["commit_sha256"] == result["commit_sha256"] == own.hex()}
node = sha256(b"\0" + f"{proof['row']},{proof['salt']}".encode()).digest()
place, last = proof["index"], commit["firms"] - 1  # 2. the row was in the frame
for sibling in map(bytes.fromhex, proof["path"]):
    while last and place == last and place % 2 == 0:
        place, last = place // 2, last // 2
    node = sha256(b"\1" + (sibling + node if place % 2 else node + sibling)).digest()
    place, last = place // 2, last // 2
holds["row in frame"] = place == last == 0 and node.hex() == commit["merkle_root"]
seen, drand = result["revealed"], commit["beacon"]["kind"] == "drand"
randomness = sha256(bytes.fromhex(seen) if drand else seen.encode()).digest()
seed = sha256(own + randomness).digest()  # 3. the seed is commit and public randomness
holds["seed"] = (result["randomness"], result["seed"]) == (randomness.hex(), seed.hex())
firm, stratum, _, _, p, floor = next(csv.reader([proof["row"]]))[:6]
names = (f"draw|{firm}", f"arm|{firm}", f"start|{stratum}")  # 4. the number decides
x, y, z = (int.from_bytes(sha256(seed + n.encode()).digest()[:8], "big") for n in names)
p, a, value, drawn = int(p), 2 * (x >> 12) + 1, "", int(p) == 10**9
if 0 < p < 10**9 and commit["method"] == "pareto":
    q = a / (2**53 - a) * ((10**9 - p) / p)
    value, drawn = repr(q), q <= float(result["strata"][stratum]["last_q"])
elif 0 < p < 10**9:
    value, drawn = proof["number"], ((z * 10**9 >> 64) - int(proof["number"])) % 10**9 < p
arm = ("floor" if y * p >> 64 < int(floor) else "index") if drawn else None
holds["number"] = (value, drawn, arm) == tuple(proof[k] for k in ("number", "drawn", "arm"))
print(f"compare with what was published: commit {own.hex()}, {commit['beacon']}: {seen}")
print(f"{firm}: number {value}, drawn {drawn}, arm {arm}; checks that hold: {holds}")
sys.exit(not all(holds.values()))
