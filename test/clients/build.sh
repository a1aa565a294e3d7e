#!/usr/bin/env bash
# Builds the clients of the other languages, and Helm, into the directory named: bin/informers, bin/manager, bin/helm,
# bin/rust, python/, java/. What was built from the same sources before is left as it is.
set -euo pipefail
sources=$(cd "$(dirname "$0")" && pwd)
target=$1
helm=v4.2.4

fail() {
  echo "clients: $*" >&2
  exit 1
}
for tool in go:'https://go.dev (1.26)' cargo:'https://rustup.rs (1.89 or newer)' mvn:'apt-get install maven' \
  python3:'apt-get install python3-venv'; do
  command -v "${tool%%:*}" >/dev/null || fail "${tool%%:*} is not installed: ${tool#*:}"
done

mkdir -p "$target/bin" "$target/stamps"
# What compilers keep goes there too: a new home does not compile everything again.
export GOCACHE=$target/go-build CARGO_TARGET_DIR=$target/cargo GOBIN=$target/bin GOFLAGS=-mod=mod

# rustup keeps its toolchains in the home it was installed in, which need not be this one.
rustup_home=$(dirname "$(command -v cargo)")/../../.rustup
if [ -z "${RUSTUP_HOME:-}" ] && [ -d "$rustup_home" ]; then export RUSTUP_HOME=$rustup_home; fi

# unless_built <name> <what it is built from> <command…>
unless_built() {
  local name=$1 from=$2 stamp
  shift 2
  stamp=$target/stamps/$name
  if [ -e "$stamp" ] && [ "$(cat "$stamp")" = "$from" ]; then return; fi
  echo "clients: building $name"
  "$@" || fail "$name could not be built"
  echo "$from" >"$stamp"
}
# Of the files below, wherever they lie.
digest() {
  (cd "$sources" && find "$@" -type f -not -path '*/target/*' -print0 | sort -z | xargs -0 sha256sum | sha256sum)
}

build_go() { (cd "$sources/go" && go build -o "$target/bin/" ./...); }
build_helm() { (cd "$target" && go install "helm.sh/helm/v4/cmd/helm@$helm"); }
build_rust() {
  (cd "$sources/rust" && cargo build --locked --quiet) && cp "$target/cargo/debug/k8ts-clients" "$target/bin/rust"
}
build_python() {
  rm -rf "$target/python" && python3 -m venv "$target/python" &&
    "$target/python/bin/pip" install -q --disable-pip-version-check -r "$sources/python/requirements.txt"
}
build_java() {
  rm -rf "$target/java" && cp -r "$sources/java" "$target/java" && cd "$target/java" &&
    mvn -q -B compile dependency:build-classpath -Dmdep.outputFile="$target/java/classpath"
}

unless_built go "$(digest go)" build_go
unless_built helm "$helm" build_helm
unless_built rust "$(digest rust)" build_rust
unless_built python "$(digest python/requirements.txt)" build_python
unless_built java "$(digest java)" build_java
