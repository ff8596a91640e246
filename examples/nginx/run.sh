#!/usr/bin/env bash
# Starts nginx in front of a Gatehouse proxy. PORT: where nginx listens; PROXY_PORT: GATEHOUSE_PROXY_LISTEN's port. Ends with its parent's signal.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
: "${PORT:=8000}" "${PROXY_PORT:=8081}" "${DIR:=$(mktemp -d)}"
export PORT PROXY_PORT DIR
mkdir -p "$DIR"
# Started by root, nginx serves as another user, who must come to the folders below: else an answer that does not fit in memory is cut.
if [ "$(id -u)" -eq 0 ]; then chmod 755 "$DIR"; fi
# Only these three: nginx's own variables stay.
sed -e "s|\${PORT}|$PORT|g" -e "s|\${PROXY_PORT}|$PROXY_PORT|g" -e "s|\${DIR}|$DIR|g" "$here/nginx.conf" >"$DIR/nginx.conf"
exec nginx -e stderr -p "$DIR" -c "$DIR/nginx.conf"
