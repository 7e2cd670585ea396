#!/bin/sh
# The scenario of one-scenario.sh with compose: two services, a request, the config
# changed, a reload, a request.
# usage: one-scenario-compose.sh IMAGE COMPOSE...   (docker-compose, or docker compose)
set -eu
image=$1
shift
project=labbench$$
dir=$(mktemp -d)
command=$*
compose() { $command -p "$project" -f "$dir/compose.yaml" "$@"; }
clean() {
    compose down -t 0 >/dev/null 2>&1 || true
    rm -rf "$dir"
}
trap clean EXIT

cat >"$dir/compose.yaml" <<END
version: "3"
services:
  app:
    image: "$image"
    command: ["sh", "-c", "echo 'events {} http { server { listen 8080; location / { return 200 ok; } } }' >/etc/nginx/nginx.conf; exec nginx -g 'daemon off;'"]
  nginx:
    image: "$image"
    depends_on: [app]
    command: ["sh", "-c", "echo 'events {} http { server { listen 80; location / { proxy_pass http://app:3000; } } }' >/etc/nginx/nginx.conf; exec nginx -g 'daemon off;'"]
END
answer() { compose exec -T nginx sh -c 'wget -q -O - http://127.0.0.1/ 2>&1' 2>/dev/null || true; }

compose up -d >/dev/null 2>&1
for _ in 1 2 3 4 5 6 7 8 9 10; do # until nginx is up
    broken=$(answer)
    case $broken in *502*) break ;; esac
    sleep 0.1
done
case $broken in *502*) ;; *) echo "want 502, got: $broken" >&2; exit 1 ;; esac

compose exec -T nginx sh -c "sed -i s/3000/8080/ /etc/nginx/nginx.conf; nginx -s reload" >/dev/null 2>&1
for _ in 1 2 3 4 5 6 7 8 9 10; do # the old workers go on answering for a while
    fixed=$(answer)
    [ "$fixed" = ok ] && break
    sleep 0.1
done
[ "$fixed" = ok ] || { echo "want ok, got: $fixed" >&2; exit 1; }
