#!/usr/bin/env bash
# Builds upstream's kube-apiserver, kube-controller-manager and kube-scheduler into the directory named: bin/. What they
# are made of is pinned in go.mod. Go itself knows what is still good from the last time.
set -euo pipefail
sources=$(cd "$(dirname "$0")" && pwd)
target=$1
command -v go >/dev/null || {
  echo 'stock: go is not installed: https://go.dev (1.26)' >&2
  exit 1
}
mkdir -p "$target/bin"
# What the compiler keeps goes there too: a new home does not compile everything again.
export GOCACHE=$(dirname "$target")/go-build GOFLAGS='-mod=readonly -buildvcs=false'
cd "$sources"
version=$(go list -m -f '{{.Version}}' k8s.io/kubernetes)
commands=()
for command in kube-apiserver kube-controller-manager kube-scheduler; do commands+=("k8s.io/kubernetes/cmd/$command"); done
go build -ldflags "-s -w -X k8s.io/component-base/version.gitVersion=$version" -o "$target/bin/" "${commands[@]}"
