#!/usr/bin/env bash
# Makes the images of docker-compose.yml that cannot be pulled, out of what this machine runs itself: nats-server, Postgres
# and Redis as scripts/setup.sh installs them, and Debian's packages of busybox and Prometheus. Each has what the official
# image has that docker-compose.yml leans on: its user and the ids of it, owners of volumes, what is set up at a first start,
# the signal that stops it. Versions are those of the machine.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# with_libraries ROOT PROGRAM…: programs at their own paths, and every library that they load
with_libraries() {
    local root=$1 file
    shift
    for file in "$@" $(ldd "$@" 2>/dev/null | grep -oE '/[^ :)]+' | sort -u); do
        if [ -e "$root$file" ]; then continue; fi
        install -D "$(readlink -f "$file")" "$root$file"
    done
}

# package NAME: a Debian package, unpacked and not installed
package() (
    mkdir -p "$work/packages/$1"
    cd "$work/packages/$1"
    if [ ! -d usr ]; then { apt-get download -qq "$1" >/dev/null && dpkg -x ./*.deb .; } 2>/dev/null || exit 1; fi
    pwd
)

# base ROOT USER ID: a shell with its tools, and one user
base() {
    local root=$1 busybox
    mkdir -p "$root"/{bin,etc,tmp,usr/local/bin}
    busybox=$(package busybox-static) || { echo "compose-images: package busybox-static not found" >&2; return 1; }
    find "$busybox" -path '*/bin/busybox' -exec cp {} "$root/bin/busybox" \;
    for tool in $("$root/bin/busybox" --list | grep -vx busybox); do ln -s busybox "$root/bin/$tool"; done
    chmod 1777 "$root/tmp"
    printf 'root:x:0:0::/:/bin/sh\n%s:x:%s:%s::/:/bin/sh\n' "$2" "$3" "$3" >"$root/etc/passwd"
    printf 'root:x:0:\n%s:x:%s:\n' "$2" "$3" >"$root/etc/group"
}

# image TAG ROOT <Dockerfile: the rest of its Dockerfile on stdin
image() {
    { printf 'FROM scratch\nCOPY . /\n'; cat; } >"$work/Dockerfile"
    DOCKER_BUILDKIT=0 docker build -q -t "$1" -f "$work/Dockerfile" "$2" >"$work/log" 2>&1 ||
        { cat "$work/log" >&2; return 1; }
}

nats() {
    local root=$work/nats program=.tools/bin/nats-server
    if [ ! -x $program ]; then program=$(type -P nats-server); fi
    base "$root" nats 1000
    install "$program" "$root/usr/local/bin/nats-server"
    image "$1" "$root" <<<'ENTRYPOINT ["nats-server"]'
}

redis() {
    local root=$work/redis
    base "$root" redis 999
    with_libraries "$root" "$(type -P redis-server)" "$(type -P redis-cli)"
    mkdir "$root/data"
    chown 999:999 "$root/data"
    image "$1" "$root" <<'END'
RUN chown redis:redis /data
ENV PATH=/usr/local/bin:/usr/bin:/bin
WORKDIR /data
CMD ["redis-server", "--protected-mode", "no"]
VOLUME /data
END
}

postgres() {
    local root=$work/postgres bin lib share
    bin=$(dirname "$(find /usr/lib/postgresql -name initdb | sort -V | tail -n 1)")
    lib=$("$bin/pg_config" --pkglibdir) share=$("$bin/pg_config" --sharedir)
    base "$root" postgres 999
    with_libraries "$root" "$bin"/{postgres,initdb,pg_ctl,psql,pg_isready} "$lib"/*.so
    mkdir -p "$root$share" "$root/usr/share/zoneinfo" "$root/var/lib/postgresql/data" "$root/var/run/postgresql"
    cp -r "$share/." "$root$share"
    cp -rL /usr/share/zoneinfo/. "$root/usr/share/zoneinfo"
    # What the official image does of itself at a first start: on the socket only, then stopped, then as it stays.
    cat >"$root/usr/local/bin/docker-entrypoint.sh" <<'END'
#!/bin/sh
set -e
if [ "$1" = postgres ] && [ ! -s "$PGDATA/PG_VERSION" ]; then
    chmod 700 "$PGDATA"
    initdb -D "$PGDATA" --username="$POSTGRES_USER" ${POSTGRES_PASSWORD_FILE:+--pwfile="$POSTGRES_PASSWORD_FILE"}
    printf '\nhost all all all %s\n' "${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}" >>"$PGDATA/pg_hba.conf"
    pg_ctl -D "$PGDATA" -o "-c listen_addresses=''" -w start
    psql -h /var/run/postgresql -U "$POSTGRES_USER" -d postgres -c "CREATE DATABASE \"$POSTGRES_DB\""
    pg_ctl -D "$PGDATA" -m fast -w stop
fi
exec "$@"
END
    chmod 755 "$root/usr/local/bin/docker-entrypoint.sh"
    image "$1" "$root" <<END
RUN chown -R postgres:postgres /var/lib/postgresql /var/run/postgresql && chmod 1777 /var/lib/postgresql/data \
    && chmod 3777 /var/run/postgresql \
    && sed -i "s/^#*listen_addresses.*/listen_addresses = '*'/; s/^#*unix_socket_directories.*/unix_socket_directories = '\/var\/run\/postgresql'/" $share/postgresql.conf.sample
ENV PATH=/usr/local/bin:/bin:$bin PGDATA=/var/lib/postgresql/data
VOLUME /var/lib/postgresql/data
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["postgres"]
STOPSIGNAL SIGINT
END
}

prometheus() {
    local root=$work/prometheus program
    program=$(type -P prometheus || package prometheus)
    if [ -d "$program" ]; then program=$program/usr/bin/prometheus; fi
    base "$root" nobody 65534
    with_libraries "$root" "$program" "${program%prometheus}promtool"
    for name in prometheus promtool; do
        install "${program%prometheus}$name" "$root/bin/$name"
    done
    mkdir -p "$root/prometheus"
    image "$1" "$root" <<'END'
RUN chown nobody:nobody /prometheus
USER nobody
VOLUME /prometheus
ENTRYPOINT ["/bin/prometheus"]
END
}

for tag in "$@"; do
    name=${tag%%:*}
    ${name##*/} "$tag"
    echo "compose-images: built a stand-in for $tag"
done
