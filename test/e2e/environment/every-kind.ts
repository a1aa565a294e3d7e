// One small object of every kind that is served, made to stand beside each other in one cluster.

import { validObjects } from '../../api/wire/valid-objects.ts'

/** What discovery says of a resource. */
export interface Served {
  readonly name: string
  readonly singularName: string
  readonly namespaced: boolean
  readonly group?: string
  readonly version: string
  readonly kind: string
  readonly verbs: readonly string[]
}

interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly labels?: Record<string, string> }
}

/** A kind of objects that stay, with one of them. */
export interface Kind {
  /** `deployments.apps`. */
  readonly resource: string
  /** `deployment.apps/every-deployment`, as kubectl prints it. */
  readonly printed: string
  readonly manifest: Manifest
  readonly custom: boolean
}

/** So that a custom kind is served too. */
export const widgetDefinition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.example.com' },
  spec: {
    group: 'example.com',
    names: { plural: 'widgets', kind: 'Widget', singular: 'widget', listKind: 'WidgetList' },
    scope: 'Namespaced',
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: { spec: { type: 'object', properties: { size: { type: 'integer', default: 1 } } } },
          },
        },
      },
    ],
  },
}

/** Where the general example would have others be refused or changed while it is there, or is changed itself. */
const examples: Readonly<Record<string, object>> = {
  ...validObjects,
  'widgets.example.com': { spec: {} },
  nodes: { metadata: {} },
  limitranges: { metadata: {}, spec: { limits: [{ type: 'PersistentVolumeClaim', max: { storage: '1Ti' } }] } },
  'horizontalpodautoscalers.autoscaling': {
    metadata: {},
    spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' }, minReplicas: 1, maxReplicas: 3 },
  },
}

export const resourceOf = ({ name, group }: Served) => (group ? `${name}.${group}` : name)
export const apiVersionOf = ({ group, version }: Served) => (group ? `${group}/${version}` : version)
export const has = (verb: string) => (resource: Served) => resource.verbs.includes(verb)

/** Throws when there is no example of it. */
export function kindOf(resource: Served): Kind {
  const example = structuredClone(examples[resourceOf(resource)]) as { metadata?: { name?: string } } | undefined
  if (!example) throw new Error(`there is no example of ${resourceOf(resource)}`)
  const { name = 'a' } = example.metadata ?? {}
  const manifest: Manifest = {
    apiVersion: apiVersionOf(resource),
    kind: resource.kind,
    ...example,
    // Events are the same objects in both of their groups.
    metadata: {
      name: name === 'a' ? `every-${resource.group ? 'other-' : ''}${resource.name}` : name,
      labels: { every: 'kind' },
    },
  }
  const type = resource.group ? `${resource.singularName}.${resource.group}` : resource.singularName
  return {
    resource: resourceOf(resource),
    printed: `${type}/${manifest.metadata.name}`,
    manifest,
    custom: resource.group === 'example.com',
  }
}

/** Its object with another label. */
export const labelled = ({ manifest }: Kind, every: string) => ({
  ...manifest,
  metadata: { ...manifest.metadata, labels: { every } },
})
