#!/bin/sh
# Builds the images of this repository, made by `dockopt init`. It is yours now.
#
# usage: scripts/build-optimized.sh [NAME…] [OPTION…]
#
# The names are those of {bake}, the options those of `docker buildx bake`, such as --push or --no-cache.
# REGISTRY=ghcr.io/acme/shop takes layers from there; CACHE_TO=registry keeps them there.
set -eu

cd "$(dirname "$0")/.."

if ! docker buildx version >/dev/null 2>&1; then
  echo "docker buildx is missing; it comes with Docker, or as the package docker-buildx-plugin or docker-buildx" >&2
  exit 1
fi

exec docker buildx bake --file {bake} "$@"
