// Words for the definitions and fields that the client package has no comments of: those that are no classes there.

const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1'
const extensions = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1'
const core = 'io.k8s.api.core.v1'
const apps = 'io.k8s.api.apps.v1'

const podsAtOnce = 'A number (5) or, rounded to whole pods, a percentage of the pods that there should be (10%).'

export const ownDefinitionDescriptions: Readonly<Record<string, string>> = {
  'io.k8s.apimachinery.pkg.api.resource.Quantity':
    'An amount, exact and readable: a number with a suffix of powers of ten (n, u, m, k, M, G, T, P, E) or of two (Ki, Mi, Gi, Ti, Pi, Ei), or an exponent (12e6). It is kept with the same kind of suffix, in the shortest form that loses nothing: 1500m stays as it is, 1024Ki becomes 1Mi.',
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString':
    'Either a whole number or a text, such as the number or the name of a port, or a count or a percentage.',
  'io.k8s.apimachinery.pkg.runtime.RawExtension': 'Any object, kept as it is; what it may hold is up to who reads it.',
  [`${meta}.Time`]: 'A time of day and date as RFC 3339 writes it, to the second: 2006-01-02T15:04:05Z.',
  [`${meta}.MicroTime`]: 'A time as RFC 3339 writes it, to the microsecond: 2006-01-02T15:04:05.000000Z.',
  [`${meta}.Patch`]: "A change of an object, in one of the forms that the request's Content-Type names.",
  [`${meta}.FieldsV1`]:
    'A set of fields as a tree: f:<name> for a field, k:<keys> for an item of a list by its keys, v:<value> by its value, i:<index> by its place; a dot stands for the item itself.',
  [`${extensions}.CustomResourceSubresourceStatus`]:
    'With it, a custom resource has a /status of its own: writes there change nothing but the status, and all others nothing of it.',
  [`${extensions}.JSON`]: 'Any JSON value: a truth value, a number, a text, a list, an object or null.',
  [`${extensions}.JSONSchemaPropsOrArray`]: 'One schema, or a list of schemas.',
  [`${extensions}.JSONSchemaPropsOrBool`]: 'A schema, or whether anything is allowed at all.',
  [`${extensions}.JSONSchemaPropsOrStringArray`]: 'A schema, or a list of names of properties.',
}

const conventions = 'https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md'

export const ownFieldDescriptions: Readonly<Record<string, string>> = {
  [`${meta}.PartialObjectMetadata.metadata`]: `Standard object's metadata. More info: ${conventions}#metadata`,
  [`${meta}.PartialObjectMetadataList.metadata`]: `Standard list metadata. More info: ${conventions}#types-kinds`,
  [`${core}.Event.eventTime`]: 'When what it tells of was first seen.',
  [`${core}.EventSeries.lastObservedTime`]: 'When it was last seen.',
  [`${core}.HTTPGetAction.port`]: 'The number (1 to 65535) or the name of the container port to ask.',
  [`${core}.TCPSocketAction.port`]: 'The number (1 to 65535) or the name of the container port to connect to.',
  [`${core}.ServicePort.targetPort`]:
    'The port of the pods: its number, or the name of a container port, which may differ from pod to pod. The same as port unless given; ignored for Services without an address.',
  [`${apps}.RollingUpdateDaemonSet.maxSurge`]: `How many nodes may have a second, updated pod while the old one still runs. ${podsAtOnce} 0 unless given, and 0 where maxUnavailable is not.`,
  [`${apps}.RollingUpdateDaemonSet.maxUnavailable`]: `How many nodes may be without an available pod during the update. ${podsAtOnce} 1 unless given; 0 only with maxSurge.`,
  [`${apps}.RollingUpdateDeployment.maxSurge`]: `How many pods there may be above the wanted number. ${podsAtOnce} 25% unless given; rounded up. Not 0 together with maxUnavailable.`,
  [`${apps}.RollingUpdateDeployment.maxUnavailable`]: `How many of the wanted pods may be unavailable. ${podsAtOnce} 25% unless given; rounded down. Not 0 together with maxSurge.`,
  [`${apps}.RollingUpdateStatefulSetStrategy.maxUnavailable`]: `How many pods may be unavailable during the update. ${podsAtOnce} 1 unless given, and never 0.`,
  'io.k8s.api.coordination.v1.LeaseSpec.acquireTime': 'When the holder took the lease.',
  'io.k8s.api.coordination.v1.LeaseSpec.renewTime': 'When the holder last renewed the lease.',
  'io.k8s.api.events.v1.Event.eventTime': 'When what it tells of was first seen. Required.',
  'io.k8s.api.events.v1.EventSeries.lastObservedTime': 'When it was last seen, at the last heartbeat of the series.',
  'io.k8s.api.networking.v1.NetworkPolicyPort.port':
    'The number or the name of a port of the pods; all ports when it is missing.',
  'io.k8s.api.policy.v1.PodDisruptionBudgetSpec.maxUnavailable': `An eviction is allowed when at most this many of the selected pods are unavailable afterwards; 0 prevents all. ${podsAtOnce} Not together with minAvailable.`,
  'io.k8s.api.policy.v1.PodDisruptionBudgetSpec.minAvailable': `An eviction is allowed when at least this many of the selected pods are available afterwards; 100% prevents all. ${podsAtOnce}`,
}
