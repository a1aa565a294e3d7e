// The node authorizer: what a kubelet (user system:node:<name>, group system:nodes) may do. Some resources only as far
// as they have to do with the node (node-graph.ts); some only if they bear its name; the rest by the rules of the
// system:node role. What a kubelet may write into the objects it may write is for the NodeRestriction admission plugin.

import type { KubeObject } from '../../api/resource.ts'
import { parseFieldSelector } from '../../machinery/fields.ts'
import { quote } from '../../machinery/go-text.ts'
import { clusterRoles } from '../bootstrap/cluster-roles.ts'
import { policyRule } from '../bootstrap/rbac-policy.ts'
import { nodeNameOf, type UserInfo } from '../user.ts'
import { type AuthorizationAttributes, type Authorizer, type Decision, noOpinion, type Rules } from './authorizer.ts'
import { NodeGraph, type NodeGraphKind } from './node-graph.ts'
import { ruleAllows } from './policy-rule.ts'

const allow: Decision = { allowed: true, reason: '' }
const no = (reason: string): Decision => ({ allowed: false, reason })
const leaseVerbs = ['get', 'create', 'update', 'patch', 'delete']
const nodeLeaseNamespace = 'kube-node-lease'

export class NodeAuthorizer implements Authorizer {
  readonly #graph = new NodeGraph()
  readonly #rules = clusterRoles['system:node']!.map(policyRule)

  /** Whether there was anything to do. */
  upsert(kind: NodeGraphKind, object: KubeObject): boolean {
    return this.#graph.upsert(kind, object)
  }

  /** The key is `namespace/name`, or `name`. */
  remove(kind: NodeGraphKind, key: string): void {
    this.#graph.remove(kind, key)
  }

  authorize(attributes: AuthorizationAttributes): Decision {
    const node = nodeNameOf(attributes.user)
    if (node === undefined) return noOpinion
    if (node === '') return no(`unknown node for user ${quote(attributes.user.name)}`)
    if (attributes.resourceRequest) {
      const { group = '', resource = '' } = attributes
      switch (group === '' ? resource : `${resource}.${group}`) {
        case 'secrets':
          return this.#read(node, 'Secret', attributes)
        case 'configmaps':
          return this.#read(node, 'ConfigMap', attributes)
        case 'persistentvolumeclaims':
          return attributes.subresource === 'status'
            ? this.#updateStatus(node, 'PersistentVolumeClaim', attributes)
            : this.#get(node, 'PersistentVolumeClaim', attributes)
        case 'persistentvolumes':
          return this.#get(node, 'PersistentVolume', attributes)
        case 'resourceclaims.resource.k8s.io':
          return this.#get(node, 'ResourceClaim', attributes)
        case 'volumeattachments.storage.k8s.io':
          return this.#get(node, 'VolumeAttachment', attributes)
        case 'serviceaccounts':
          return this.#serviceAccount(node, attributes)
        case 'leases.coordination.k8s.io':
          return ownLease(node, attributes)
        case 'csinodes.storage.k8s.io':
          return ownCSINode(node, attributes)
        case 'resourceslices.resource.k8s.io':
          return this.#resourceSlice(node, attributes)
        case 'nodes':
          return ownNode(node, attributes)
        case 'pods':
          return this.#pod(node, attributes)
      }
    }
    return this.#rules.some(rule => ruleAllows(rule, attributes)) ? allow : noOpinion
  }

  rulesFor(user: UserInfo): Rules {
    const isNode = nodeNameOf(user) !== undefined
    return {
      rules: [],
      incomplete: isNode,
      errors: isNode ? ['node authorizer does not support user rule resolution'] : [],
    }
  }

  #related(node: string, kind: string, { namespace, name = '' }: AuthorizationAttributes): Decision {
    if (name === '') return no('No Object name found')
    if (this.#graph.reaches(node, kind, namespace, name)) return allow
    return no(`no relationship found between node '${node}' and this object`)
  }

  #read(node: string, kind: string, attributes: AuthorizationAttributes): Decision {
    if (!['get', 'list', 'watch'].includes(attributes.verb)) return no('can only read resources of this type')
    if (attributes.subresource) return no('cannot read subresource')
    if (!attributes.namespace) return no('can only read namespaced object of this type')
    return this.#related(node, kind, attributes)
  }

  #get(node: string, kind: string, attributes: AuthorizationAttributes): Decision {
    if (attributes.verb !== 'get') return no('can only get individual resources of this type')
    if (attributes.subresource) return no('cannot get subresource')
    return this.#related(node, kind, attributes)
  }

  #updateStatus(node: string, kind: string, attributes: AuthorizationAttributes): Decision {
    if (attributes.verb !== 'update' && attributes.verb !== 'patch') return no('can only get/update/patch this type')
    return this.#related(node, kind, attributes)
  }

  #serviceAccount(node: string, attributes: AuthorizationAttributes): Decision {
    const { verb, name, subresource } = attributes
    // Kubelets read accounts when a credential provider wants a token of theirs.
    if (verb === 'get' && !subresource) return this.#related(node, 'ServiceAccount', attributes)
    if (verb !== 'create' || !name) return no('can only create tokens for individual service accounts')
    if (subresource !== 'token') return no('can only create token subresource of serviceaccount')
    return this.#related(node, 'ServiceAccount', attributes)
  }

  #resourceSlice(node: string, attributes: AuthorizationAttributes): Decision {
    if (attributes.subresource) return no('cannot authorize ResourceSlice subresources')
    switch (attributes.verb) {
      case 'create':
        return allow
      case 'get':
      case 'update':
      case 'patch':
      case 'delete':
        return this.#related(node, 'ResourceSlice', attributes)
      case 'list':
      case 'watch':
      case 'deletecollection':
        return selects(attributes, 'spec.nodeName', node)
          ? allow
          : no('can only list/watch/deletecollection resourceslices with nodeName field selector')
    }
    return no(
      'only the following verbs are allowed for a ResourceSlice: get, watch, list, create, update, patch, delete, deletecollection',
    )
  }

  #pod(node: string, attributes: AuthorizationAttributes): Decision {
    const { verb, subresource = '' } = attributes
    if (subresource === 'status') return verb === 'update' || verb === 'patch' ? allow : noOpinion
    if (subresource === 'eviction') return verb === 'create' ? allow : noOpinion
    if (subresource !== '') return noOpinion
    switch (verb) {
      case 'create':
      case 'delete':
        return allow
      case 'get':
        return this.#get(node, 'Pod', attributes)
      case 'list':
      case 'watch':
        if (selects(attributes, 'spec.nodeName', node)) return allow
        if (attributes.name) return this.#related(node, 'Pod', attributes)
        return no('can only list/watch pods with spec.nodeName field selector')
    }
    return noOpinion
  }
}

function ownLease(node: string, { verb, namespace, name }: AuthorizationAttributes): Decision {
  if (!leaseVerbs.includes(verb)) return no('can only get, create, update, patch, or delete a node lease')
  if (namespace !== nodeLeaseNamespace)
    return no(`can only access leases in the ${quote(nodeLeaseNamespace)} system namespace`)
  if (verb !== 'create' && name !== node)
    return no('can only access node lease with the same name as the requesting node')
  return allow
}

function ownCSINode(node: string, { verb, subresource, name }: AuthorizationAttributes): Decision {
  if (!leaseVerbs.includes(verb)) return no('can only get, create, update, patch, or delete a CSINode')
  if (subresource) return no('cannot authorize CSINode subresources')
  if (verb !== 'create' && name !== node) return no('can only access CSINode with the same name as the requesting node')
  return allow
}

function ownNode(node: string, { verb, subresource = '', name = '' }: AuthorizationAttributes): Decision {
  if (subresource === 'status') return verb === 'update' || verb === 'patch' ? allow : noOpinion
  if (subresource !== '') return noOpinion
  switch (verb) {
    case 'create':
    case 'update':
    case 'patch':
      return allow
    case 'get':
    case 'list':
    case 'watch':
      if (name === node) return allow
      if (name === '') return no(`node '${node}' cannot read all nodes, only its own Node object`)
      return no(`node '${node}' cannot read '${name}', only its own Node object`)
  }
  return noOpinion
}

function selects({ fieldSelector }: AuthorizationAttributes, field: string, value: string): boolean {
  if (!fieldSelector) return false
  try {
    return parseFieldSelector(fieldSelector).requiredValue(field) === value
  } catch {
    return false
  }
}
