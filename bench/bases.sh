#!/usr/bin/env bash
# Makes images that stand in for the official ones where no registry of images can be reached.
#
# usage: bench/bases.sh [DOCKER…]      (as root; needs debootstrap, Node.js and a Rust toolchain on this machine)
#
# Each has what the official image has as far as a build can tell: Debian with its settings for apt, `python` with pip,
# `node` with npm, or `cargo`, at the same places. Settings of this machine for apt, pip and certificates go along.
# pip and Poetry in them are more patient with an index than they are by themselves.
set -euo pipefail

docker=("${@:-docker}")
release=bookworm # its Python is 3.11
temp=$(mktemp -d)
trap 'rm -rf "$temp"' EXIT
root=$temp/root

debootstrap --variant=minbase --include=ca-certificates "$release" "$root" >"$temp/log" || { cat "$temp/log"; exit 1; }

# The settings that the official images of Debian have.
conf=$root/etc/apt/apt.conf.d
cat >"$conf/docker-clean" <<'CONF'
DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/*.deb /var/cache/apt/*.bin || true"; };
APT::Update::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/*.deb /var/cache/apt/*.bin || true"; };
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
CONF
echo 'Acquire::GzipIndexes "true";' >"$conf/docker-gzip-indexes"
echo 'Acquire::Languages "none";' >"$conf/docker-no-languages"
rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/archives/*.deb

# What lets this machine reach its packages.
if [ -f /etc/apt/sources.list.d/debian.sources ]; then
  cp /etc/apt/sources.list.d/debian.sources "$root/etc/apt/sources.list.d/"
  : >"$root/etc/apt/sources.list"
elif [ -f /etc/apt/sources.list ]; then
  cp /etc/apt/sources.list "$root/etc/apt/"
fi
if [ -d /usr/local/share/ca-certificates ]; then cp -r /usr/local/share/ca-certificates "$root/usr/local/share/"; fi
cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
if [ -f /etc/pip.conf ]; then cp /etc/pip.conf "$root/etc/"; fi

certificates=/etc/ssl/certs/ca-certificates.crt
env=(--change "ENV SSL_CERT_FILE=$certificates NODE_EXTRA_CA_CERTS=$certificates REQUESTS_CA_BUNDLE=$certificates
  CARGO_HTTP_CAINFO=$certificates")
env=("${env[@]//$'\n'/}")
import() { tar -C "$1" -c . | "${docker[@]}" import --change 'CMD ["bash"]' "${env[@]}" "${@:3}" - "$2" >/dev/null && echo "$2"; }

import "$root" "debian:$release-slim"

python=$temp/python
cp -a "$root" "$python"
chroot "$python" sh -c 'apt-get update -qq && apt-get install -y -qq --no-install-recommends python3 python3-pip python3-venv \
  >/dev/null && apt-get clean && rm -rf /var/lib/apt/lists/*'
rm -f "$python"/usr/lib/python3*/EXTERNALLY-MANAGED
# The headers, which the official image has, without the compiler that Debian's package wants.
chroot "$python" sh -c 'cd /tmp && apt-get update -qq && apt-get download -qq libpython3.11-dev && dpkg-deb -x *.deb x \
  && cp -r x/usr/include/. /usr/include/ && rm -rf /tmp/* /var/lib/apt/lists/*'
ln -s /usr/bin/python3 "$python/usr/local/bin/python"
ln -sf /usr/bin/pip3 "$python/usr/local/bin/pip"
import "$python" python:3.11-slim \
  --change 'ENV PIP_DEFAULT_TIMEOUT=60 PIP_RETRIES=8 POETRY_REQUESTS_TIMEOUT=60 POETRY_REQUESTS_MAX_RETRIES=5'
rm -rf "$python"

node=$temp/node
cp -a "$root" "$node"
cp "$(command -v node)" "$node/usr/local/bin/node"
mkdir -p "$node/usr/local/lib/node_modules"
cp -r "$(npm root --global)/npm" "$node/usr/local/lib/node_modules/npm"
ln -s ../lib/node_modules/npm/bin/npm-cli.js "$node/usr/local/bin/npm"
ln -s ../lib/node_modules/npm/bin/npx-cli.js "$node/usr/local/bin/npx"
chroot "$node" sh -c 'groupadd --gid 1000 node && useradd --uid 1000 --gid node --create-home node'
import "$node" node:20-slim
rm -rf "$node"

rust=$temp/rust
cp -a "$root" "$rust"
chroot "$rust" sh -c 'apt-get update -qq && apt-get install -y -qq --no-install-recommends gcc libc6-dev >/dev/null \
  && apt-get clean && rm -rf /var/lib/apt/lists/*'
mkdir -p "$rust/usr/local/rustup/toolchains" "$rust/usr/local/cargo/bin"
sysroot=$(rustc --print sysroot)
mkdir "$rust/usr/local/rustup/toolchains/stable"
cp -r "$sysroot/bin" "$sysroot/lib" "$rust/usr/local/rustup/toolchains/stable/"
for program in cargo rustc; do ln -s "/usr/local/rustup/toolchains/stable/bin/$program" "$rust/usr/local/cargo/bin/$program"; done
import "$rust" rust:1-slim --change 'ENV CARGO_HOME=/usr/local/cargo RUSTUP_HOME=/usr/local/rustup' \
  --change 'ENV PATH=/usr/local/cargo/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
