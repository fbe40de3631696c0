"""Compares what was acknowledged with what the appliance has."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from core.calls.lifecycle import LIVE, STANDARD, Result
from core.scoring.logged import every_row
from core.stores import event_log
from core.stores.mongo import Db, Document, count
from core.values.keys import same_key
from tests.faults.laboratory.witness import Said, Witness

AT_ONCE = 500


@dataclass
class Findings:
    """What is wrong; nothing, if all lists are empty."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    claimed_twice: list[str] = field(default_factory=list)
    against_wish: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def sentences(self) -> list[str]:
        """All of it, as sentences."""
        return [f"{kind}: {what}" for kind, found in vars(self).items() for what in found]

    def add(self, later: Findings) -> list[str]:
        """Keep what `later` has beyond these, as sentences too. What is found once stays, also if it is gone later."""
        known = self.sentences()
        for kind, found in vars(self).items():
            found += [what for what in getattr(later, kind) if what not in found]
        return [sentence for sentence in later.sentences() if sentence not in known]


def examine(db: Db, witness: Witness) -> Findings:
    """What is lost, doubled, or against the rules, of all that `witness` was told. Nobody may be at work."""
    found = Findings()
    _calls(db, witness, found)
    _wishes(db, witness, found)
    _scores(db, witness, found)
    _imports(db, witness, found)
    _claims(witness, found)
    _events(db, witness, found)
    return found


def _pages(keys: Sequence[str]) -> Iterator[list[str]]:
    for start in range(0, len(keys), AT_ONCE):
        yield list(keys[start : start + AT_ONCE])


def _calls(db: Db, witness: Witness, found: Findings) -> None:
    told = {line["key"]: line for _, line in witness.of("call", "wish")}
    begun = {line["key"] for _, line in witness.of("begun")}
    held: dict[str, Document] = {call["_id"]: call for call in db.calls.find({})}
    outcomes = Counter(one["_id"] for one in db.outcomes.find({"agent": {"$ne": "import"}}, {"_id": 1}))
    for key, line in told.items():
        call = held.get(key)
        if call is None or (call["agent"], call["result"]) != (line["agent"], line["result"]):
            found.lost.append(f"the call {key}: {line} is {call}")
        elif outcomes[key] != int(Result(line["result"]).is_outcome):
            found.lost.append(f"{outcomes[key]} outcomes of {key}, {line['result']}")
    found.doubled += [f"the call {key} was never asked for" for key in held if key not in told and key not in begun]
    found.doubled += [f"the outcome {key} has no call" for key in outcomes if key not in held]
    numbers = Counter(call["prospect"] for call in held.values())
    for page in _pages(list(numbers)):
        for prospect in db.prospects.find({"_id": {"$in": page}}, {"calls": 1}):
            if prospect["calls"] != numbers[prospect["_id"]]:
                found.broken.append(f"{prospect['_id']} counts {prospect['calls']} of {numbers[prospect['_id']]} calls")


def _wishes(db: Db, witness: Witness, found: Findings) -> None:
    entries = {entry["_id"]: entry for entry in db.do_not_call.find({})}
    for _, line in witness.of("wish"):
        entry = entries.get(same_key(line["ref"]))
        if entry is None or entry["lifted"] or entry["wish"]["call"] != line["key"]:
            found.lost.append(f"the wish of {line['ref']}: {entry}")
    wished = {same_key(line["ref"]) for _, line in witness.of("wish")}
    for prospect in db.prospects.find({"status": {"$in": list(LIVE)}}, {"ref": 1}):
        if same_key(prospect["ref"]) in wished:
            found.against_wish.append(f"{prospect['_id']} is on a list")


def _scores(db: Db, witness: Witness, found: Findings) -> None:
    held: dict[str, list[tuple[float, str, str]]] = defaultdict(list)
    for row in every_row(db):
        if str(row["request"]).startswith("lab-"):
            held[row["_id"]].append((row["score"], row["version"], row["route"]))
    told = {row[0]: (row[1], row[2], row[3]) for _, line in witness.of("score") for row in line["rows"]}
    for key, answer in told.items():
        if answer not in held.get(key, []):
            found.lost.append(f"the prediction {key}: {answer} is {held.get(key)}")
    found.doubled += [f"the prediction {key}: {rows}" for key, rows in held.items() if len(rows) > 1]
    found.doubled += [f"the prediction {key} was never acknowledged" for key in held if key not in told]


def _imports(db: Db, witness: Witness, found: Findings) -> None:
    for _, line in witness.of("import"):
        many = count(db.prospects, {"campaign": line["campaign"]})
        if many < line["people"]:
            found.lost.append(f"{line['people'] - many} people of {line['campaign']}")
        elif many > line["people"]:
            found.doubled.append(f"{many - line['people']} people of {line['campaign']}")


def _claims(witness: Witness, found: Findings) -> None:
    wishes: dict[str, int] = {}
    for place, line in witness.of("wish"):
        wishes.setdefault(same_key(line["ref"]), place)
    held: dict[str, Said] = {}
    called: set[str] = set()
    refused: set[tuple[str, str]] = set()
    for _, line in witness.of("claim", "call", "wish", "refused"):
        key = line["prospect"]
        if line["kind"] == "refused":
            refused.add((key, line["agent"]))
            continue
        if line["kind"] != "claim":
            called.add(key)
            continue
        if wishes.get(same_key(line["ref"]), line["after"] + 1) <= line["after"]:
            found.against_wish.append(f"{line['agent']} got {key} after the wish")
        # A claim holds a person until it runs out, and a result takes them off the list for at least the pause.
        free = STANDARD.pause if key in called else STANDARD.claim
        first, held[key] = held.get(key), line
        if first is None or line["at"] - first["at"] >= free.total_seconds():
            continue
        # Whose result was refused holds the person still, and gets them again.
        if first["agent"] != line["agent"] or (key, line["agent"]) not in refused:
            found.claimed_twice.append(f"{key} by {first['agent']} and {line['agent']}")


def _events(db: Db, witness: Witness, found: Findings) -> None:
    if (place := event_log.first_broken(db)) is not None:
        found.broken.append(f"the chain of events breaks at {place}")
    for _, line in witness.of("event"):
        event = db.events.find_one({"_id": line["key"]})
        if event is None or event["subject"] != line["subject"]:
            found.lost.append(f"the event {line}")
    for _, line in witness.of("decision"):
        decision = db.models.find_one({"_id": line["key"]})
        if decision is None or decision["version"] != line["version"]:
            found.lost.append(f"the decision {line}: {decision}")
