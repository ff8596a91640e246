#!/usr/bin/env bash
# Starts nginx in front of a Gatehouse proxy. PORT: where nginx listens; PROXY_PORT: GATEHOUSE_PROXY_LISTEN's port. Ends with its parent's signal.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
: "${PORT:=8000}" "${PROXY_PORT:=8081}" "${DIR:=$(mktemp -d)}"
export PORT PROXY_PORT DIR
mkdir -p "$DIR"
# Only these three: nginx's own variables stay.
sed -e "s|\${PORT}|$PORT|g" -e "s|\${PROXY_PORT}|$PROXY_PORT|g" -e "s|\${DIR}|$DIR|g" "$here/nginx.conf" >"$DIR/nginx.conf"
exec nginx -e stderr -p "$DIR" -c "$DIR/nginx.conf"
