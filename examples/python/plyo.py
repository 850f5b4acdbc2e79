#!/usr/bin/env python3
"""A client of Plyo: logs a workout so that a retry is safe, and follows what comes of it without a gap.

    plyo.py sign-up
    plyo.py log 2026-11-23T18:30:00+01:00    # the same time again is the same workout
    plyo.py follow                           # until Ctrl-C; at the next start it goes on where it stopped
    plyo.py history

PLYO_URL, PLYO_EMAIL and PLYO_PASSWORD say where and who.
"""

import json
import os
import sys
import time
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import connect

URL = os.environ.get("PLYO_URL", "http://127.0.0.1:3000")
EMAIL = os.environ.get("PLYO_EMAIL", "ada@example.org")
PASSWORD = os.environ.get("PLYO_PASSWORD", "a long enough password")
POSITION = Path("position")
TEMPORARY = {429, 502, 503, 504}  # 502 and 504 are a proxy's.


class Refused(Exception):
    """An answer that the same request would get again."""


def request(method, path, body=None, token=None, key=None):
    """Sends until there is an answer. A timeout says nothing of whether the command was stored: the same key and the
    same bytes again make it the same command, so it is done once."""
    headers = {"content-type": "application/json"}
    if token:
        headers["authorization"] = f"Bearer {token}"
    if key:
        headers["idempotency-key"] = key
    data = None if body is None else json.dumps(body).encode()
    pause = 0.2
    while True:
        try:
            with urlopen(Request(f"{URL}/api/v1{path}", data, headers, method=method), timeout=10) as response:
                if response.status != 202:
                    return json.load(response)
                why = "it is stored, and not yet handled"  # 202: the same request again asks for the outcome.
        except HTTPError as error:
            why = error
            if error.code not in TEMPORARY:
                problem = json.load(error)
                if problem["code"] != "in_flight":
                    raise Refused(f"{error.code} {problem['code']}: {problem['detail']}") from None
            pause = max(pause, float(error.headers.get("retry-after", 0)))
        except (OSError, HTTPException) as error:
            why = error
        print(f"again in {pause} s: {why}", file=sys.stderr)
        time.sleep(pause)
        pause = min(pause * 2, 5)


known = {"token": "", "until": 0}


def access_token():
    """One that is good for 90 s at least: a token lasts ten minutes."""
    if time.monotonic() > known["until"] - 90:
        answer = request("POST", "/auth/login", {"email": EMAIL, "password": PASSWORD})
        known.update(token=answer["access_token"], until=time.monotonic() + answer["expires_in"])
    return known["token"]


def log(started_at):
    sets = [{"reps": 5, "load": {"kg": 100}, "rpe": 8}]
    workout = {"started_at": started_at, "exercises": [{"exercise": "barbell-back-squat", "sets": sets}]}
    print(request("POST", "/workouts", workout, access_token(), key=f"workout-{started_at}"))


def history():
    cursor = None
    while True:
        query = urlencode({"limit": 100} | ({"cursor": cursor} if cursor else {}))
        page = request("GET", f"/workouts?{query}", token=access_token())
        for workout in page["items"]:
            print(workout["started_at"], workout["workout_id"])
        cursor = page.get("next_cursor")
        if not cursor:
            return


def follow():
    """Handles each event once: the position is kept after it was handled. Who dies in between gets it again and knows it
    by its id."""
    pause = 0.5
    while True:
        try:
            with connect(URL.replace("http", "ws", 1) + "/api/v1/live", open_timeout=10) as socket:
                pause = listen(socket)
        except (OSError, ConnectionClosed, InvalidHandshake) as error:
            print(f"again in {pause} s: {error}", file=sys.stderr)
        time.sleep(pause)
        pause = min(pause * 2, 5)


def listen(socket):
    """Until the socket ends. Gives how many seconds to wait before the next."""
    position = POSITION.read_text() if POSITION.exists() else None
    socket.send(json.dumps({"t": "hello", "token": access_token(), "cursor": position}))
    while True:
        # The edge pings every 25 s: who hears nothing for longer has a connection that is dead without knowing it.
        frame = json.loads(socket.recv(timeout=60))
        match frame["t"]:
            case "welcome":
                print(f"from here on: {frame['resume']}", file=sys.stderr)
                if frame["resume"]["mode"] != "replay":
                    position = frame["head"]
                if frame["resume"]["mode"] == "reset":
                    history()  # What came before may be incomplete: read it instead.
            case "evt":
                if frame["p"] != position:
                    raise SystemExit(f"a gap between {position} and {frame['p']}")
                print(frame["type"], frame["id"], flush=True)
                position = frame["c"]
            case "ready":
                position = frame["c"]
            case "ping":
                socket.send('{"t":"pong"}')
                position = frame["c"]
            case "auth_req":
                socket.send(json.dumps({"t": "auth", "n": 1, "token": access_token()}))
            case "bye":
                print(f"bye: {frame['reason']}", file=sys.stderr)
                if not frame["resume"]:
                    raise SystemExit(1)
                return frame["retry_ms"] / 1000
        if position:
            keep(position)


def keep(position):
    """Either the old or the new one, whenever the process dies."""
    new = POSITION.with_suffix(".new")
    new.write_text(position)
    new.replace(POSITION)


def main():
    try:
        match sys.argv[1:]:
            case ["sign-up"]:
                print(request("POST", "/auth/register", {"email": EMAIL, "password": PASSWORD}))
            case ["log", started_at]:
                log(started_at)
            case ["follow"]:
                follow()
            case ["history"]:
                history()
            case _:
                raise SystemExit(__doc__)
    except Refused as refused:
        raise SystemExit(f"refused: {refused}") from None
    except KeyboardInterrupt:
        pass


main()
