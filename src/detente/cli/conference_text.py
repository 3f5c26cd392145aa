"""Conferences as people read them on a terminal."""

from __future__ import annotations

from detente.cli.node_client import Json, print_json, say, short_time
from detente.cli.room import title_of


def tell(found: Json, as_json: bool) -> None:
    """All of a conference, for people or for programs."""
    if as_json:
        print_json(found)
    else:
        tell_conference(found)


def tell_conference(found: Json) -> None:
    """All of a conference."""
    say(f"conference  {found['id']}  {title_of(found)}")
    mark = "" if found["status"] == "actual" else f"{found['status'].upper()}, "
    state = f"closed {short_time(found['closed'])}" if found["closed"] else "open"
    say(f"state       {mark}{state}, hosted by {found['host']}, in room {found['room']}")
    ends = f" to {short_time(found['ends'])}" if found["ends"] else ""
    say(f"time        {short_time(found['begins'])}{ends}")
    if found["dial_in"]:
        say(f"dial in     {found['dial_in']}")
    for each in found["agenda"]:
        say(f"item {each['item']:6} {title_of(each)}")
    for each in found["attendance"]:
        people = ", ".join(
            f"{one['name']} ({one['function']})" if one.get("function") else one["name"]
            for one in each["people"]
        )
        say(f"{each['party']:11} {each['words']['en']}{': ' if people else ''}{people}")
    for each in found["proposals"]:
        tell_proposal(each)
    for each in found["minutes"]:
        tell_minutes(each)
    for each in found["dissents"]:
        say(f"dissent     {each['party']}, {short_time(each['stated'])}: {_text(each['text'])}")
    for party in found["contradicting"]:
        say(f"CONTRADICTION  {party} has stated two different things under one number")
    if found["ignored"]:
        say(f"ignored     {found['ignored']} statements that count for nothing")


def tell_proposal(each: Json, *, whole: bool = False) -> None:
    """A proposal; whole: with its text and what proves it."""
    decided = f" {short_time(each['decided'])}" if each["decided"] else ""
    say(f"proposal    {each['proposal']}  {each['fate']}{decided}  {title_of(each)}")
    for one in each["stances"]:
        why = f"  {_text(one['text'])}" if one["text"] else ""
        say(f"            {one['party']}: {one['fate']}, {short_time(one['stated'])}{why}")
    if not whole:
        return
    stated = short_time(each["stated"])
    say(f"            in {each['conference']}, stated {stated}, entry {each['index']}")
    say(f"            SHA-256 {each['sha256']}")
    say(f"            {_text(each['text'])}")
    for one in each["receipts"]:
        received = short_time(one["received"])
        say(f"            receipt of {one['party']}: {received}, its entry {one['index']}")


def tell_minutes(each: Json) -> None:
    """A text of the minutes, its signatures, and in what it differs from the record."""
    say(f"minutes     {each['minutes']}  {each['words']['en']}")
    say(f"            SHA-256 {each['sha256']}")
    for line in each["signatures"]:
        signed = "not signed"
        if line["signed"]:
            signed = f"{line['officer']}, {short_time(line['signed'])}"
        say(f"            {line['party']}: {signed}")
    for one in each["differences"]:
        say(f"            DIFFERS  {one['en']}")
    if each["left_out"]:
        say(f"            LEFT OUT  {', '.join(each['left_out'])}")


def _text(text: Json) -> str:
    return str(text.get("en") or next(iter(text.values()), ""))
