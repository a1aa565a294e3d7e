#!/usr/bin/env bash
# Everything that wants real programs: kubectl, containerd, etcd. Usage: npm run test:e2e [-- <vitest arguments>]
set -euo pipefail
cd "$(dirname "$0")/../.."

bash test/e2e/install.sh
npm run --silent build
exec npx vitest run -c test/e2e/vitest.config.ts "$@"
