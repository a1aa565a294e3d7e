// Kinds of the core group that need little of their own.

import type { Strategy } from '../strategy.ts'

/** Events are forgotten after an hour (the API server's --event-ttl). */
const eventSeconds = 3600

const event: Strategy = {
  allowCreateOnUpdate: true,
  ttlSeconds: () => eventSeconds,
}

/** A Secret's type is decided once. */
const secret: Strategy = {
  prepareForUpdate(object, old) {
    object['type'] ||= old['type']
  },
}

export const coreStrategies: Readonly<Record<string, Strategy>> = {
  configmaps: {},
  secrets: secret,
  serviceaccounts: {},
  endpoints: { allowCreateOnUpdate: true },
  events: event,
  'events.events.k8s.io': event,
  limitranges: { allowCreateOnUpdate: true },
  resourcequotas: {},
  podtemplates: { tracksGeneration: true },
  replicationcontrollers: { tracksGeneration: true, defaultPropagation: 'Orphan' },
  nodes: { keepsStatusAtCreate: true },
  persistentvolumes: {
    prepareForCreate(volume) {
      volume['status'] = { phase: 'Pending' }
    },
  },
  persistentvolumeclaims: {
    prepareForCreate(claim) {
      claim['status'] = { phase: 'Pending' }
    },
  },
}
