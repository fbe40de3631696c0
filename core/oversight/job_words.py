"""What each job of the monitor does, in a few words for people; a job's name may have its kind's behind it."""

from __future__ import annotations

from core.sentences import Sentence

WORDS = {
    "rank": Sentence("rank everybody who is to be called"),
    "feed": Sentence("add what was recorded to the feed of changes"),
    "settle": Sentence("finish calls that were half recorded, and end pauses"),
    "level": Sentence("let the level of the scores follow the outcomes"),
    "indicators": Sentence("fetch the figures of the economy, and judge their age"),
    "drift": Sentence("compare the people who came last with those before"),
    "performance": Sentence("judge the champion by the newest outcomes"),
    "parity": Sentence("score logged requests again, as training would"),
    "trial": Sentence("follow the canary's trial, and decide"),
    "refresh": Sentence("mix refreshes with the champion, and decide"),
    "incidents": Sentence("open, follow up and close incidents"),
    "retrain": Sentence("ask for a training when one is due"),
    "deletions": Sentence("ask for the deletion of campaigns"),
    "erasures": Sentence("ask for the erasure of people"),
    "retention": Sentence("ask once a day to clear what is old"),
    "notify": Sentence("send the messages that wait"),
    "digest": Sentence("make the digest of the week"),
    "remind": Sentence("remind people of a hold that lasts"),
    "watch": Sentence("look at the machine and at all services"),
    "kinds": Sentence("look for new or changed campaign kinds"),
}
