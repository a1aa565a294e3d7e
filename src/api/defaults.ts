// Fills in what the user left out of an object, as the server does on every write and read.
//
// Comes in: a freshly decoded object, which is changed in place. Goes out: the same with the constant defaults of its
// declarations and then the computed ones (`*.defaults.ts`).

import { applySchemaDefaults } from '../machinery/codec/defaults.ts'
import type { FieldSchema, ObjectSchema, TypeNode } from '../machinery/schema/schema.ts'
import { customResourceDefinitionDefaults } from './apiextensions/v1/customresourcedefinition.defaults.ts'
import { daemonSetDefaults } from './apps/v1/daemonset.defaults.ts'
import { deploymentDefaults } from './apps/v1/deployment.defaults.ts'
import { statefulSetDefaults } from './apps/v1/statefulset.defaults.ts'
import { horizontalPodAutoscalerDefaults } from './autoscaling/v2/horizontalpodautoscaler.defaults.ts'
import { jobDefaults } from './batch/v1/job.defaults.ts'
import { limitRangeDefaults } from './core/v1/limitrange.defaults.ts'
import { namespaceDefaults } from './core/v1/namespace.defaults.ts'
import { nodeDefaults } from './core/v1/node.defaults.ts'
import { podDefaults } from './core/v1/pod.defaults.ts'
import { replicationControllerDefaults } from './core/v1/replicationcontroller.defaults.ts'
import { roundUpQuantities } from './core/v1/resourcelist.defaults.ts'
import { secretDefaults } from './core/v1/secret.defaults.ts'
import { serviceDefaults } from './core/v1/service.defaults.ts'
import { volumeDefaults } from './core/v1/volume.defaults.ts'
import { networkPolicyDefaults } from './networking/v1/networkpolicy.defaults.ts'
import { subjectDefaults } from './rbac/v1/subject.defaults.ts'
import { deviceRequestDefaults } from './resource/v1/devicerequest.defaults.ts'
import type { ResourceDeclaration } from './resource.ts'

const computed = new Map<ObjectSchema, (object: any) => void>(
  [
    customResourceDefinitionDefaults,
    daemonSetDefaults,
    deploymentDefaults,
    deviceRequestDefaults,
    horizontalPodAutoscalerDefaults,
    jobDefaults,
    limitRangeDefaults,
    namespaceDefaults,
    networkPolicyDefaults,
    nodeDefaults,
    podDefaults,
    replicationControllerDefaults,
    secretDefaults,
    serviceDefaults,
    statefulSetDefaults,
    subjectDefaults,
    volumeDefaults,
  ]
    .flat()
    .map(({ schema, apply }) => [schema, apply]),
)

/** Changes the object in place. What it has in common with `shared`, an object with its defaults, has them already. */
export function applyDefaults(resource: ResourceDeclaration, object: any, shared?: object): void {
  if (resource.custom) resource.custom.applyDefaults(object)
  else applyDefaultsTo(resource.schema, object, shared)
}

/** The same for the kinds of subresources and options. */
export function applyDefaultsTo(schema: ObjectSchema, object: any, shared?: object): void {
  applySchemaDefaults(schema, object, shared)
  visitorOf(schema)?.(object, shared)
}

type Visitor = (value: any, shared?: any) => void

/** One function per schema that visits only those parts that have something to compute; undefined where none has. */
const visitors = new Map<ObjectSchema, Visitor | undefined>()

function visitorOf(schema: ObjectSchema): Visitor | undefined {
  if (visitors.has(schema)) return visitors.get(schema)
  visitors.set(schema, undefined) // kinds that contain themselves have nothing to compute
  const visitor = objectVisitor(schema)
  visitors.set(schema, visitor)
  return visitor
}

function objectVisitor(schema: ObjectSchema): Visitor | undefined {
  const steps: { readonly name: string; readonly visit: Visitor }[] = []
  for (const field of schema.fields.values()) {
    const visit = isResourceList(schema, field) ? roundUpQuantities : nodeVisitor(field.node)
    if (visit) steps.push({ name: field.name, visit })
  }
  const apply = computed.get(schema)
  if (steps.length === 0) return apply
  return (object, shared) => {
    apply?.(object)
    for (const { name, visit } of steps) {
      const value = object[name]
      if (shared !== undefined && value === shared[name]) continue
      if (value !== undefined && value !== null) visit(value)
    }
  }
}

function nodeVisitor(node: TypeNode): Visitor | undefined {
  switch (node.type) {
    case 'object':
      return visitorOf(node.of())
    case 'list': {
      const visit = nodeVisitor(node.item)
      return (
        visit &&
        ((items: readonly unknown[]) => {
          for (const item of items) visit(item)
        })
      )
    }
    case 'map': {
      const visit = nodeVisitor(node.value)
      return (
        visit &&
        ((values: Record<string, unknown>) => {
          for (const key in values) visit(values[key])
        })
      )
    }
    default:
      return undefined
  }
}

/** core/v1's maps of quantities are ResourceLists. */
function isResourceList(schema: ObjectSchema, { node }: FieldSchema): boolean {
  return node.type === 'map' && node.value.type === 'quantity' && schema.name.startsWith('io.k8s.api.core.')
}
