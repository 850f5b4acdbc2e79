#!/usr/bin/env bash
# Runs docker-compose.yml as operators do, in a project of its own on ports of its own: up, workouts under kills of every
# container, two of them, one container a role, Prometheus, down and up again. A Docker Engine that answers is used; where
# none does, one is started and ended again. Images that cannot be pulled have stand-ins (compose-images.sh).
#   COMPOSE="docker-compose"   another Compose than `docker compose`
#   PLYO_BINARY=target/debug/plyo   an image of this binary, rather than of a release build; no figures are written
#   PLYO_IMAGE=full            the image by its whole Dockerfile, which takes as long as a release build without a cache
#   PLYO_IMAGE=there           the image `plyo` that is there
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'compose-test: %s\n' "$*"; }
fail() { printf 'compose-test: %s\n' "$*" >&2; exit 1; }
cannot() { fail "cannot run here: $*"; }
now() { date +%s%3N; }

work=$(mktemp -d)
export COMPOSE_PROJECT_NAME=plyo-test PLYO_HTTP_PORT=3900 PLYO_NATS_PORT=4922 PLYO_PROMETHEUS_PORT=9990
URL=http://127.0.0.1:$PLYO_HTTP_PORT
engine=""
loading=""

finish() {
    local status=$?
    if [ $status != 0 ] && [ -n "${compose:-}" ]; then
        $compose --profile services --profile observe ps -a >&2 || true
        $compose --profile services --profile observe logs --tail 20 >&2 || true
    fi
    if [ -n "$loading" ]; then kill "$loading" 2>/dev/null || true; fi
    if [ -n "${compose:-}" ]; then $compose --profile services --profile observe down -v -t 5 >/dev/null 2>&1 || true; fi
    if [ -n "$engine" ]; then
        kill "$engine"
        wait "$engine" 2>/dev/null || true
    fi
    rm -rf "$work"
}
trap finish EXIT

start_engine() {
    [ "$(uname)" = Linux ] || cannot "no Docker Engine responds, and this script can start one on Linux only"
    [ "$(id -u)" = 0 ] || cannot "no Docker Engine responds, and only root can start one"
    command -v dockerd >/dev/null || cannot "no Docker Engine responds, and dockerd is not installed (Debian: docker.io)"
    export DOCKER_HOST=unix://$work/docker.sock
    dockerd -H "$DOCKER_HOST" --data-root "$work/data" --exec-root "$work/exec" --pidfile "$work/pid" >"$work/log" 2>&1 &
    engine=$!
    until docker info >/dev/null 2>&1; do
        kill -0 "$engine" 2>/dev/null || { tail -n 3 "$work/log" >&2; engine=""; cannot "dockerd failed to start"; }
        sleep 0.2
    done
    say "started a Docker Engine for this test"
}

# Whether somebody has this image, or it can be had.
pull() { docker image inspect "$1" >/dev/null 2>&1 || timeout 120 docker pull -q "$1" >/dev/null 2>&1; }

images() {
    local missing=() image
    for image in $(sed -n 's/^ *image: \(.*:.*\)$/\1/p' docker-compose.yml); do
        # Where one cannot be pulled, none can.
        if [ ${#missing[@]} -gt 0 ] && ! docker image inspect "$image" >/dev/null 2>&1 || ! pull "$image"; then
            missing+=("$image")
        fi
    done
    if [ ${#missing[@]} = 0 ]; then return; fi
    say "no registry responds; building stand-ins from what is on this machine"
    scripts/compose-images.sh "${missing[@]}"
}

# The last stage of the Dockerfile over a binary that is there, or all of it.
image_of_plyo() {
    case ${PLYO_IMAGE:-} in
        full) docker build -t plyo . && return ;;
        there) docker image inspect plyo >/dev/null && return ;;
    esac
    local binary=${PLYO_BINARY:-target/release/plyo}
    if [ -z "${PLYO_BINARY:-}" ]; then cargo build --release -p plyo; fi
    scripts/image.sh "$binary" "$work/root" "$work/symbols"
    printf 'FROM scratch AS build\nCOPY . /\n' >"$work/Dockerfile"
    sed -n '/^FROM scratch$/,$p' Dockerfile >>"$work/Dockerfile"
    DOCKER_BUILDKIT=0 docker build -q -t plyo -f "$work/Dockerfile" "$work/root" >"$work/build" 2>&1 || { cat "$work/build" >&2; exit 1; }
}

# until_true SECONDS WHAT COMMAND…
until_true() {
    local deadline=$(($(date +%s) + $1)) what=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        [ "$(date +%s)" -lt "$deadline" ] || fail "$what: timed out"
        sleep 0.1
    done
}

container() { $compose --profile services --profile observe ps -q "$1" | head -n "${2:-1}"; }
is_ready() { [ "$(curl -s -o /dev/null -w '%{http_code}' "$URL/ready")" = 200 ]; }
is_healthy() { [ "$(docker inspect -f '{{.State.Health.Status}}' "$(container "$1")")" = healthy ]; }
started() { docker inspect -f '{{.RestartCount}} {{.State.Status}}' "$(container "$1")"; }
came_back() { [ "$(started "$1")" = "$2 running" ]; }

# What is not `docker kill`: after that, an engine takes the container for one that somebody wants stopped, and no restart
# policy brings it back. Everything in it dies, as it does when the kernel runs out of memory.
kill_all_in() {
    # It is one of those in there, and may end with them.
    docker run --rm --pid "container:$(container "$1")" --entrypoint sh "$redis" -c 'kill -9 -1' >/dev/null 2>&1 || true
}

begin_load() {
    rm -f "$work/stop"
    python3 scripts/compose-load.py "$URL" "$work/acknowledged" "$work/stop" >"$work/load" 2>&1 &
    loading=$!
    until_true 60 "workouts are acknowledged" test -s "$work/acknowledged"
}

end_load() {
    touch "$work/stop"
    wait "$loading" || { cat "$work/load" >&2; fail "the load failed"; }
    loading=""
    say "$1: $(cat "$work/load")"
}

verify() { $compose exec -T plyo plyo verify >"$work/verify" 2>&1 || { cat "$work/verify" >&2; fail "verify found a difference"; }; }

if docker compose version >/dev/null 2>&1; then compose_found="docker compose"; else compose_found=docker-compose; fi
compose_wanted=${COMPOSE:-$compose_found}
command -v "${compose_wanted%% *}" >/dev/null || cannot "Compose is not installed: neither \`docker compose\` nor \`docker-compose\`"
for tool in docker curl python3; do command -v $tool >/dev/null || cannot "$tool is not installed"; done
docker info >/dev/null 2>&1 || start_engine
images
image_of_plyo
compose=$compose_wanted
say "$($compose version 2>/dev/null | head -n 1) on Engine $(docker version -f '{{.Server.Version}}')"
redis=$(sed -n 's/^ *image: \(redis:.*\)$/\1/p' docker-compose.yml)
image_mb=$(docker image inspect -f '{{.Size}}' plyo | awk '{ printf "%.0f", $1 / 1000000 }')
$compose --profile services --profile observe down -v -t 5 >/dev/null 2>&1

begun=$(now)
$compose up -d >"$work/up" 2>&1 || { cat "$work/up" >&2; fail "up failed"; }
until_true 60 "it is ready" is_ready
compose_ready_s=$(awk "BEGIN { printf \"%.1f\", ($(now) - $begun) / 1000 }")
say "ready after $compose_ready_s s, from scratch"
for service in plyo nats postgres redis; do until_true 60 "$service is healthy" is_healthy $service; done
say "plyo, nats, postgres and redis are healthy"

begin_load
for service in plyo nats postgres redis; do
    restarts=$(started $service)
    kill_all_in $service
    until_true 60 "$service comes back by itself" came_back $service $((${restarts% *} + 1))
    until_true 60 "the platform is ready again after $service was killed" is_ready
done
end_load "every container was killed once"
verify
say "exec plyo verify: every table matches the fold of EVENTS"

password_asked() { ! $compose exec -T postgres psql -w -h "$(docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' "$(container postgres)")" -U plyo -c 'SELECT 1'; }
until_true 1 "Postgres asks for a password" password_asked
until_true 1 "Redis denies unauthenticated clients" sh -c "$compose exec -T redis redis-cli get anything | grep -q NOPERM"
seed=$work/operator.seed
docker cp "$(container plyo):/keys/operator.seed" "$seed" >/dev/null
[ "$(stat -c %a "$seed")" = 600 ] || fail "the operator's seed is readable by others"
if [ -x .tools/bin/nats ]; then
    until_true 5 "the operator reads EVENTS from the host" .tools/bin/nats -s "nats://127.0.0.1:$PLYO_NATS_PORT" --nkey "$seed" stream info EVENTS
    say "the operator reads EVENTS from the host"
fi
for id in $($compose ps -q); do
    hardened=$(docker inspect -f '{{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}} {{gt .HostConfig.Memory 0}} {{.HostConfig.CapAdd}}' "$id")
    [ "$hardened" = "true [ALL] true []" ] || fail "$(docker inspect -f '{{.Name}}' "$id") is $hardened"
done
say "read-only, without capabilities, within memory limits; secrets are required"

$compose down -t 30 >/dev/null 2>&1
$compose up -d >/dev/null 2>&1
until_true 60 "it is ready again after down and up" is_ready
say "down and up: $(python3 scripts/compose-load.py "$URL" "$work/acknowledged")"

export PLYO_HTTP_PORT=3900-3901
$compose up -d --scale plyo=2 >/dev/null 2>&1
second_is_ready() { [ "$(curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:3901/ready)" = 200 ]; }
until_true 60 "the first of two is ready" is_ready
until_true 60 "the second of two is ready" second_is_ready
begin_load
kill_all_in plyo
until_true 60 "both are ready" sh -c "curl -sf $URL/ready && curl -sf http://127.0.0.1:3901/ready"
end_load "two of plyo, one was killed"
$compose up -d --scale plyo=1 >/dev/null 2>&1
export PLYO_HTTP_PORT=3900
$compose down -t 30 >/dev/null 2>&1

export PLYO_ONLY=edge
$compose --profile services --profile observe up -d >/dev/null 2>&1
for service in plyo user workout achievement coach notification prometheus; do
    until_true 90 "$service is healthy" is_healthy $service
done
begin_load
kill_all_in workout
until_true 60 "workout comes back by itself" came_back workout 1
end_load "one container a role, workout was killed"
seen() { curl -s "http://127.0.0.1:$PLYO_PROMETHEUS_PORT/api/v1/query?query=count(up==1)" | grep -q '"5"\]'; }
until_true 60 "Prometheus sees all five roles" seen
verify
say "Prometheus sees five roles, and verify passes"
unset PLYO_ONLY

# Figures are of a release build; of another one they are only shown.
python3 - "$compose_ready_s" "$image_mb" "${PLYO_BINARY:-}" <<'END'
import json, sys
path = "bench/results.json"
results = json.load(open(path, encoding="utf-8"))
for key, value, unit, most in (("compose_ready_s", sys.argv[1], "s", 10), ("image_mb", sys.argv[2], "MB", 90)):
    goal = f"≤ {most}" + (" (missed)" if float(value) > most else "")
    results["figures"][key] = {"goal": goal, "limit": None, "unit": unit, "value": float(value)}
    print(f"compose-test: {key} {value} {unit} ({goal})")
if not sys.argv[3]:
    with open(path, "w", encoding="utf-8") as file:
        file.write(json.dumps(results, indent=2, sort_keys=True, ensure_ascii=False) + "\n")
    # The newest line of the history is what the results say.
    history = open("bench/history.jsonl", encoding="utf-8").read().splitlines()
    last = json.loads(history.pop()) | results
    history.append(json.dumps(last, sort_keys=True, ensure_ascii=False, separators=(",", ":")))
    with open("bench/history.jsonl", "w", encoding="utf-8") as file:
        file.write("\n".join(history) + "\n")
    print("compose-test: written to bench/results.json and bench/history.jsonl; `make schemas` brings the README's table up to date")
END
say "all checks passed"
