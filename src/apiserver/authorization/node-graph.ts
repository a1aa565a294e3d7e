// Which objects a node has to do with: its pods, and what they refer to.
//
//     node <- pod <- secret, configmap, serviceaccount, resourceclaim
//     node <- pod <- persistentvolumeclaim <- persistentvolume <- secret
//     node <- volumeattachment, resourceslice
//
// Fed with changes of those objects; asked by the node authorizer whether a path leads from an object to a node.

import type { KubeObject } from '../../api/resource.ts'

/** The kinds whose changes shape the graph. */
export const nodeGraphKinds = ['Pod', 'PersistentVolume', 'VolumeAttachment', 'ResourceSlice'] as const
export type NodeGraphKind = (typeof nodeGraphKinds)[number]

const none: readonly string[] = []

export class NodeGraph {
  /** What each source object (a pod, a volume…) refers to. */
  readonly #edges = new Map<string, { readonly node: string | undefined; readonly targets: readonly string[] }>()
  /** What was read of a pod when its edges were made. */
  readonly #stamps = new Map<string, string>()
  /** A volume's claim: the one way on from a PersistentVolume. */
  readonly #claimOf = new Map<string, string>()
  /** Which sources refer to an object. */
  readonly #sources = new Map<string, Set<string>>()

  /** Whether there was anything to do. */
  upsert(kind: NodeGraphKind, object: KubeObject): boolean {
    const { namespace, name } = object.metadata
    const source = vertex(kind, namespace, name)
    switch (kind) {
      case 'Pod': {
        const node: string = object['spec']?.nodeName ?? ''
        // Nothing to say of a pod that is on no node and was on none before.
        if (node === '' && !this.#stamps.has(source)) return false
        // Once a pod is on a node only these can bring new references.
        const ephemeralContainers = object['spec']?.ephemeralContainers?.length ?? 0
        const claims = object['status']?.resourceClaimStatuses?.length ?? 0
        const extended = object['status']?.extendedResourceClaimStatus?.resourceClaimName ?? ''
        const stamp = `${object.metadata.uid} ${node} ${ephemeralContainers} ${claims} ${extended}`
        if (this.#stamps.get(source) === stamp) return false
        this.#stamps.set(source, stamp)
        if (node === '') this.#set(source, undefined, none)
        else this.#set(source, node, isMirror(object) ? none : podReferences(object))
        return true
      }
      case 'PersistentVolume': {
        const claim = object['spec']?.claimRef
        const secrets = volumeSecrets(object)
        this.#set(
          source,
          undefined,
          claim ? secrets.map(secret => vertex('Secret', secret.namespace || claim.namespace, secret.name)) : none,
        )
        this.#claimOf.delete(source)
        if (claim) this.#claimOf.set(source, vertex('PersistentVolumeClaim', claim.namespace, claim.name))
        return true
      }
      default:
        this.#set(source, object['spec']?.nodeName || undefined, none)
        return true
    }
  }

  remove(kind: NodeGraphKind, key: string): void {
    const slash = key.indexOf('/')
    const source = vertex(kind, slash < 0 ? undefined : key.slice(0, slash), key.slice(slash + 1))
    this.#set(source, undefined, none)
    this.#edges.delete(source)
    this.#stamps.delete(source)
    this.#claimOf.delete(source)
  }

  /** Whether the object (a kind, and its namespace and name) has to do with the node. */
  reaches(node: string, kind: string, namespace: string | undefined, name: string): boolean {
    return this.#leadsTo(node, vertex(kind, namespace, name))
  }

  #leadsTo(node: string, from: string): boolean {
    if (this.#edges.get(from)?.node === node) return true
    const claim = this.#claimOf.get(from)
    if (claim !== undefined && this.#leadsTo(node, claim)) return true
    for (const source of this.#sources.get(from) ?? none) if (this.#leadsTo(node, source)) return true
    return false
  }

  #set(source: string, node: string | undefined, targets: readonly string[]): void {
    for (const target of this.#edges.get(source)?.targets ?? none) {
      const sources = this.#sources.get(target)
      if (sources?.delete(source) && sources.size === 0) this.#sources.delete(target)
    }
    this.#edges.set(source, { node, targets })
    for (const target of targets) {
      const sources: Set<string> = this.#sources.get(target) ?? new Set()
      this.#sources.set(target, sources)
      sources.add(source)
    }
  }
}

function vertex(kind: string, namespace: string | undefined, name: string | undefined): string {
  return `${kind} ${namespace ?? ''}/${name ?? ''}`
}

function isMirror(pod: KubeObject): boolean {
  return pod.metadata['annotations']?.['kubernetes.io/config.mirror'] !== undefined
}

/** Everything in the pod's namespace (and its claims and accounts) that its node must be able to read. */
function podReferences(pod: KubeObject): string[] {
  const { namespace } = pod.metadata
  const spec = pod['spec']
  const found = new Set<string>()
  const add = (kind: string, name: string | undefined) => {
    if (name) found.add(vertex(kind, namespace, name))
  }
  add('ServiceAccount', spec.serviceAccountName)
  for (const secret of podSecretNames(pod)) add('Secret', secret)
  for (const configMap of podConfigMapNames(pod)) add('ConfigMap', configMap)
  for (const volume of spec.volumes ?? none) {
    add('PersistentVolumeClaim', volume.persistentVolumeClaim?.claimName)
    if (volume.ephemeral) add('PersistentVolumeClaim', `${pod.metadata.name}-${volume.name}`)
  }
  for (const claim of spec.resourceClaims ?? none) add('ResourceClaim', claim.resourceClaimName)
  for (const claim of pod['status']?.resourceClaimStatuses ?? none) add('ResourceClaim', claim.resourceClaimName)
  add('ResourceClaim', pod['status']?.extendedResourceClaimStatus?.resourceClaimName)
  return [...found]
}

function* containersOf(pod: KubeObject): Generator<any> {
  const { initContainers = none, containers = none, ephemeralContainers = none } = pod['spec'] ?? {}
  yield* initContainers
  yield* containers
  yield* ephemeralContainers
}

const pluginsWithSecrets = ['cephfs', 'cinder', 'flexVolume', 'rbd', 'scaleIO', 'iscsi', 'storageos']

/** The names of the Secrets that a pod refers to, in whatever way. */
export function* podSecretNames(pod: KubeObject): Generator<string> {
  const spec = pod['spec'] ?? {}
  for (const reference of spec.imagePullSecrets ?? none) if (reference.name) yield reference.name
  for (const container of containersOf(pod)) {
    for (const source of container.envFrom ?? none) if (source.secretRef) yield source.secretRef.name
    for (const variable of container.env ?? none)
      if (variable.valueFrom?.secretKeyRef) yield variable.valueFrom.secretKeyRef.name
  }
  for (const volume of spec.volumes ?? none) {
    if (volume.secret) yield volume.secret.secretName
    for (const source of volume.projected?.sources ?? none) if (source.secret) yield source.secret.name
    for (const plugin of pluginsWithSecrets) if (volume[plugin]?.secretRef) yield volume[plugin].secretRef.name
    if (volume.azureFile?.secretName) yield volume.azureFile.secretName
    if (volume.csi?.nodePublishSecretRef) yield volume.csi.nodePublishSecretRef.name
  }
}

/** The names of the ConfigMaps that a pod refers to. */
export function* podConfigMapNames(pod: KubeObject): Generator<string> {
  for (const container of containersOf(pod)) {
    for (const source of container.envFrom ?? none) if (source.configMapRef) yield source.configMapRef.name
    for (const variable of container.env ?? none)
      if (variable.valueFrom?.configMapKeyRef) yield variable.valueFrom.configMapKeyRef.name
  }
  for (const volume of pod['spec']?.volumes ?? none) {
    if (volume.configMap) yield volume.configMap.name
    for (const source of volume.projected?.sources ?? none) if (source.configMap) yield source.configMap.name
  }
}

/** What the kubelet needs to mount the volume; not what only controllers use. */
function volumeSecrets(volume: KubeObject): { namespace?: string; name: string }[] {
  const spec = volume['spec'] ?? {}
  const references = pluginsWithSecrets.map(plugin => spec[plugin]?.secretRef)
  const { csi, azureFile } = spec
  references.push(
    csi?.nodePublishSecretRef,
    csi?.nodeStageSecretRef,
    csi?.nodeExpandSecretRef,
    azureFile && { namespace: azureFile.secretNamespace, name: azureFile.secretName },
  )
  return references.filter(reference => reference?.name)
}
