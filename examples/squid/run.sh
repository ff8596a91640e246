#!/usr/bin/env bash
# Starts Squid (Debian: squid or squid-openssl) in front of an application, with Gatehouse's ICAP server beside it.
# PORT: where Squid listens; ORIGIN_PORT: the application; ICAP_PORT: the port of GATEHOUSE_ICAP_LISTEN.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
: "${PORT:=8000}" "${ORIGIN_PORT:=3000}" "${ICAP_PORT:=1344}" "${SITE:=localhost}" "${DIR:=$(mktemp -d)}"
user=
# Started by root it gives its rights up, and then needs a folder of that user.
if [ "$(id -u)" -eq 0 ]; then
  user='cache_effective_user proxy'
  chown proxy: "$DIR"
  chmod 755 "$DIR"
fi
sed -e "s|\${PORT}|$PORT|g" -e "s|\${ORIGIN_PORT}|$ORIGIN_PORT|g" -e "s|\${ICAP_PORT}|$ICAP_PORT|g" -e "s|\${SITE}|$SITE|g" -e "s|\${DIR}|$DIR|g" \
  -e "s|\${USER_LINE}|$user|g" "$here/squid.conf" >"$DIR/squid.conf"
# A name of its own, so that it shares no memory with another Squid of this machine.
exec /usr/sbin/squid -N -n "gatehouse$$" -f "$DIR/squid.conf"
