#!/usr/bin/env bash
# Builds h2spec into the directory named: bin/. Go itself knows what is still good from the last time.
set -euo pipefail
cd "$(dirname "$0")"
target=$1
command -v go >/dev/null || {
  echo 'http2: go is not installed: https://go.dev (1.26)' >&2
  exit 1
}
mkdir -p "$target/bin"
# What the compiler keeps goes there too: a new home does not compile everything again.
export GOCACHE=$(dirname "$target")/go-build GOFLAGS='-mod=readonly -buildvcs=false'
go build -o "$target/bin/" github.com/summerwind/h2spec/cmd/h2spec
