#!/usr/bin/env bash
# Fetches the API page's own files, which are committed: Swagger UI in this version, packed, with its licence. A new version
# is a new number and a new hash here.
set -euo pipefail
version=5.35.0
integrity=sha512-U06rpMtW9V3XPGOBeamTUSr0Z09jMX4IJuANpE/EZbAhw0G8CgwrzU4YmXkn/h0wCDNsXdGarTNNHC3sU8yVUQ==
assets=$(cd "$(dirname "$0")/../edge/assets" && pwd)
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
cd "$directory"
npm pack --silent "swagger-ui-dist@$version" >/dev/null
package=swagger-ui-dist-$version.tgz
found=sha512-$(openssl dgst -sha512 -binary "$package" | base64 -w0)
[ "$found" = "$integrity" ] || { echo "$package is $found and not $integrity" >&2; exit 1; }
tar xzf "$package"
for file in swagger-ui-bundle.js swagger-ui.css; do
    # Maps are not shipped: a browser would ask for them.
    sed '/^\(\/\/\|\/\*\)# sourceMappingURL=/d' "package/$file" | gzip -9n >"$assets/$file.gz"
done
cat package/NOTICE package/LICENSE >"$assets/swagger-ui.LICENSE"
cp package/swagger-ui-bundle.js.LICENSE.txt "$assets/swagger-ui-bundle.LICENSE"
