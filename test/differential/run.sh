#!/usr/bin/env bash
# Compares k8ts with a stock kube-apiserver: bash test/differential/run.sh [part of a subject's name...]
# KUBE_APISERVER names the stock program.
set -euo pipefail
cd "$(dirname "$0")/../.."
built=$(mktemp -d ./.differential-XXXXXX)
trap 'rm -rf "$built"' EXIT
node_modules/.bin/esbuild test/differential/main.ts --bundle --platform=node --format=esm --packages=external \
  --log-level=warning --outfile="$built/main.mjs"
node --max-old-space-size=4096 "$built/main.mjs" "${KUBE_APISERVER:?names the stock kube-apiserver}" "$@"
