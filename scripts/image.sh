#!/bin/sh
# Lays out the image of a binary: image.sh BINARY ROOT SYMBOLS. Into ROOT/image goes what root owns, into ROOT/owned what
# user 65534 does, into SYMBOLS what a debugger wants. There is nothing in it but plyo and what it loads: no shell, no
# package manager, nothing to update but plyo.
set -eu
binary=$1 root=$2 symbols=$3
mkdir -p "$root/image/usr/local/bin" "$root/image/etc/ssl/certs" "$symbols"
objcopy --only-keep-debug --compress-debug-sections "$binary" "$symbols/plyo.debug"
# The names of functions stay: they are what a backtrace is read by.
objcopy --strip-debug --add-gnu-debuglink="$symbols/plyo.debug" "$binary" "$root/image/usr/local/bin/plyo"
# The dynamic linker among them.
ldd "$binary" | grep -o '/[^ ]*' | while read -r library; do
    install -D -m 755 "$(readlink -f "$library")" "$root/image$library"
done
# For a nats-server that is reached by TLS.
if [ -f /etc/ssl/certs/ca-certificates.crt ]; then cp /etc/ssl/certs/ca-certificates.crt "$root/image/etc/ssl/certs/"; fi
printf 'root:x:0:0:root:/:/sbin/nologin\nnobody:x:65534:65534:nobody:/:/sbin/nologin\n' >"$root/image/etc/passwd"
printf 'root:x:0:\nnogroup:x:65534:\n' >"$root/image/etc/group"
# A new volume takes its owner and its mode from here.
install -d -m 710 "$root/owned/keys"
