// Since when the uses of tokens that live in Secrets are noted: what the controller that removes unused ones goes by.

import { formatTime } from '../../machinery/time.ts'
import type { BootstrapObject } from './bootstrap-objects.ts'

export function legacyTokenTracking(now: number): BootstrapObject {
  return {
    resource: { group: '', version: 'v1', resource: 'configmaps' },
    object: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'kube-apiserver-legacy-service-account-token-tracking', namespace: 'kube-system' },
      data: { since: formatTime(now).slice(0, 10) },
    },
  }
}
