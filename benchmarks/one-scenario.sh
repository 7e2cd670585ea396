#!/bin/sh
# One scenario (the app listens on another port) by hand with the docker command:
# a network, two containers, a request, the config changed, a reload, a request.
# usage: one-scenario.sh IMAGE   (an nginx image with a shell and wget)
set -eu
image=$1
name=lab-bench-$$
dir=$(mktemp -d)
clean() {
    docker rm -f "$name-nginx" "$name-app" >/dev/null 2>&1 || true
    docker network rm "$name" >/dev/null 2>&1 || true
    rm -rf "$dir"
}
trap clean EXIT

site() { printf 'events {} http { server { listen 80; location / { %s } } }\n' "$1"; }
answer() { docker exec "$name-nginx" wget -q -O - http://127.0.0.1/ 2>&1 || true; }

docker network create "$name" >/dev/null
site 'return 200 ok;' | sed 's/listen 80/listen 8080/' >"$dir/app.conf"
site 'proxy_pass http://app:3000;' >"$dir/broken.conf"
site 'proxy_pass http://app:8080;' >"$dir/fixed.conf"

docker create --name "$name-app" --network "$name" --network-alias app "$image" nginx -g 'daemon off;' >/dev/null
docker cp "$dir/app.conf" "$name-app:/etc/nginx/nginx.conf" >/dev/null
docker start "$name-app" >/dev/null
docker create --name "$name-nginx" --network "$name" "$image" nginx -g 'daemon off;' >/dev/null
docker cp "$dir/broken.conf" "$name-nginx:/etc/nginx/nginx.conf" >/dev/null
docker start "$name-nginx" >/dev/null

for _ in 1 2 3 4 5 6 7 8 9 10; do # until nginx is up
    broken=$(answer)
    case $broken in *502*) break ;; esac
    sleep 0.1
done
case $broken in *502*) ;; *) echo "want 502, got: $broken" >&2; exit 1 ;; esac

docker cp "$dir/fixed.conf" "$name-nginx:/etc/nginx/nginx.conf" >/dev/null
docker exec "$name-nginx" nginx -s reload 2>/dev/null
for _ in 1 2 3 4 5 6 7 8 9 10; do # the old workers go on answering for a while
    fixed=$(answer)
    [ "$fixed" = ok ] && break
    sleep 0.1
done
[ "$fixed" = ok ] || { echo "want ok, got: $fixed" >&2; exit 1; }
