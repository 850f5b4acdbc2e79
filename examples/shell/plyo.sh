#!/bin/sh
# A client of Plyo of curl alone: logs a workout so that a retry is safe, and follows what comes of it without a gap.
#
#     ./plyo.sh sign-up
#     ./plyo.sh log 2026-11-23T18:30:00+01:00    # the same time again is the same workout
#     ./plyo.sh follow                           # until Ctrl-C; at the next start it goes on where it stopped
#     ./plyo.sh history
#
# PLYO_URL, PLYO_EMAIL and PLYO_PASSWORD say where and who.
set -eu

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM
api=${PLYO_URL:-http://127.0.0.1:3000}/api/v1
credentials="{\"email\":\"${PLYO_EMAIL:-ada@example.org}\",\"password\":\"${PLYO_PASSWORD:-a long enough password}\"}"

# Sends until there is an answer: curl comes again after a timeout, a lost connection, 429 and 503. A timeout says nothing of
# whether the command was stored: the same Idempotency-Key and the same bytes again make it the same command.
request() {
    path=$1
    shift
    # To a file, which each attempt begins anew: on stdout the answers of all attempts would stand one after another.
    curl -sS "$api$path" -H 'content-type: application/json' "$@" -o "$scratch/answer" \
        --max-time 10 --retry 100 --retry-all-errors --retry-max-time 300
    cat "$scratch/answer"
}

# member NAME: its text in the JSON on stdin
member() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }

access_token() {
    answer=$(request /auth/login -d "$credentials")
    case $answer in
    *'"access_token"'*) echo "$answer" | member access_token ;;
    *) echo "$answer" >&2 && exit 1 ;;
    esac
}

log() {
    token=$(access_token)
    body="{\"started_at\":\"$1\",\"exercises\":[{\"exercise\":\"barbell-back-squat\",\"sets\":[{\"reps\":5,\"load\":{\"kg\":100},\"rpe\":8}]}]}"
    while
        answer=$(request /workouts -H "authorization: Bearer $token" -H "idempotency-key: workout-$1" -d "$body")
        # It is stored, and not yet handled: the same request again asks for the outcome.
        case $answer in *'"status":"pending"'* | *'"code":"in_flight"'*) true ;; *) false ;; esac
    do sleep 1; done
    echo "$answer"
}

history() {
    token=$(access_token)
    cursor=
    while
        page=$(request "/workouts?limit=100${cursor:+&cursor=$cursor}" -H "authorization: Bearer $token")
        echo "$page"
        cursor=$(echo "$page" | member next_cursor)
        [ -n "$cursor" ]
    do :; done
}

# The events as server-sent events, which is what a client that only listens needs. The edge says something every 25 s; a
# connection that is silent for longer is dead without knowing it. The stream ends with the token, too: then with a new one.
follow() {
    while :; do
        token=$(access_token)
        position=$(cat position 2>/dev/null || true)
        curl -sSN --fail --connect-timeout 10 --speed-limit 1 --speed-time 60 "$api/events" -H "authorization: Bearer $token" \
            ${position:+-H "last-event-id: $position"} | listen || true
        sleep 1
    done
}

# Handles each event once: the position is kept after it was handled. Who dies in between gets it again and knows it by its id.
listen() {
    event='' data='' id=''
    while IFS= read -r line; do
        case $line in
        'event: '*) event=${line#event: } ;;
        'data: '*) data=${line#data: } ;;
        'id: '*) id=${line#id: } ;;
        '')
            case $event in
            checkpoint) ;; # Nothing happened; only the position moves.
            reset) history ;; # What came before may be incomplete: read it instead.
            *) echo "$event $id $data" ;;
            esac
            if [ -n "$id" ]; then echo "$id" >position.new && mv position.new position; fi
            event='' data='' id=''
            ;;
        esac
    done
}

case "${1:-}/$#" in
sign-up/1) request /auth/register -d "$credentials" && echo ;;
log/2) log "$2" ;;
follow/1) follow ;;
history/1) history ;;
*) sed -n '2,9s/^# \{0,1\}//p' "$0" && exit 2 ;;
esac
