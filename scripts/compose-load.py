#!/usr/bin/env python3
"""Posts workouts through whatever happens, and says whether each one that was acknowledged is there: once.

compose-load.py URL LOG STOP: posts until the file STOP is there, or for ten minutes. A post is sent again with its
Idempotency-Key until it is answered; each that is answered goes into LOG. Then everything is read back.
compose-load.py URL LOG: only reads back what LOG says.
"""
import http.client
import json
import os
import sys
import time
from urllib.parse import urlsplit

URL, LOG = sys.argv[1:3]
STOP = sys.argv[3] if len(sys.argv) > 3 else None
PERSON = {"email": "load@example.org", "password": "a long enough password"}
API = "/api/v1"


def ask(method, path, body=None, headers=()):
    place = urlsplit(URL)
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=20)
    try:
        headers = {"content-type": "application/json", **dict(headers)}
        connection.request(method, API + path, json.dumps(body) if body else None, headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read() or b"null")
    finally:
        connection.close()


def until_answered(method, path, body=None, headers=(), seconds=60):
    """What a client does: whatever goes wrong on the way, the same request again."""
    deadline, answer = time.monotonic() + seconds, None
    while time.monotonic() < deadline:
        try:
            answer = ask(method, path, body, headers)
            if answer[0] not in (202, 409, 429, 500, 502, 503):
                return answer
        except (OSError, http.client.HTTPException, ValueError) as error:
            answer = error
        time.sleep(0.05)
    sys.exit(f"compose-load: {method} {path} was not answered in {seconds} s: {answer}")


def signed_in():
    status, body = until_answered("POST", "/auth/login", PERSON)
    if status != 200:
        until_answered("POST", "/auth/register", PERSON)
        status, body = until_answered("POST", "/auth/login", PERSON)
    return {"authorization": f"Bearer {body['access_token']}"}


def post(token):
    begun, slowest = time.monotonic(), 0.0
    with open(LOG, "a", encoding="ascii") as log:
        while not os.path.exists(STOP) and time.monotonic() < begun + 600:
            key = os.urandom(16).hex()
            body = {"started_at": "2026-11-23T18:30:00+01:00",
                    "exercises": [{"exercise": "barbell-back-squat", "sets": [{"reps": 5, "load": {"kg": 100}}]}]}
            asked = time.monotonic()
            status, answer = until_answered("POST", "/workouts", body, {**token, "idempotency-key": key, "prefer": "wait=10"})
            if status == 401:
                token = signed_in()
                continue
            if status not in (200, 201):
                sys.exit(f"compose-load: a workout was refused: {status} {answer}")
            slowest = max(slowest, time.monotonic() - asked)
            log.write(answer["workout_id"] + "\n")
            log.flush()
            time.sleep(0.05)
    return slowest


def read_back(token):
    acknowledged = open(LOG, encoding="ascii").read().split()
    there, cursor = [], ""
    while cursor is not None:
        _, page = until_answered("GET", f"/workouts?limit=100{cursor and '&cursor=' + cursor}", None, token)
        there += [workout["workout_id"] for workout in page["items"]]
        cursor = page.get("next_cursor")
    lost = set(acknowledged) - set(there)
    twice = len(there) - len(set(there)) + len(set(there) - set(acknowledged))
    return len(acknowledged), len(lost), twice


token = signed_in()
slowest = post(token) if STOP else 0.0
count, lost, twice = read_back(signed_in())
print(f"{count} workouts were acknowledged, {lost} are lost, {twice} were stored twice; the longest wait was {slowest:.1f} s")
sys.exit(bool(lost or twice or not count))
