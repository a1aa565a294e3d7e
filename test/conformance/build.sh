#!/usr/bin/env bash
# Builds upstream's tests (bin/conformance.test) and their runner (bin/ginkgo) into the directory named. What was built
# from the same sources before is left as it is.
set -euo pipefail
cd "$(dirname "$0")"
target=$1
command -v go >/dev/null || {
  echo 'conformance: go is not installed: https://go.dev (1.26)' >&2
  exit 1
}
stamp=$target/built-from
from=$(cat ./*.go go.mod go.sum build.sh | sha256sum)
if [ -e "$stamp" ] && [ "$(cat "$stamp")" = "$from" ]; then exit; fi

echo "conformance: building upstream's tests"
mkdir -p "$target/bin"
# What the compiler keeps goes there too: a new home does not compile everything again.
export GOCACHE=$(dirname "$target")/go-build
go build -o "$target/bin/" github.com/onsi/ginkgo/v2/ginkgo
# Upstream has vetted them.
go test -c -vet=off -ldflags '-s -w' -o "$target/bin/" .
echo "$from" >"$stamp"
