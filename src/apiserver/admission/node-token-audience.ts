// For whom a kubelet may ask tokens of its pods' service accounts: for the audiences that a pod's volumes name, those that
// a CSI driver of its volumes wants, and what the verb `request-serviceaccounts-token-audience` allows.

import type { KubeObject } from '../../api/resource.ts'
import { aggregateMessage } from '../../machinery/field-error.ts'
import { quote } from '../../machinery/go-text.ts'
import { notFound } from '../../machinery/status-error.ts'
import type { Authorizer } from '../authorization/authorizer.ts'
import type { AdmissionAttributes, AdmissionLister } from './admission.ts'

/** Plugins that were once built in, and the CSI drivers that have taken over their volumes. */
const migratedPlugins: Readonly<Record<string, string>> = {
  awsElasticBlockStore: 'ebs.csi.aws.com',
  azureDisk: 'disk.csi.azure.com',
  azureFile: 'file.csi.azure.com',
  cinder: 'cinder.csi.openstack.org',
  gcePersistentDisk: 'pd.csi.storage.gke.io',
  portworxVolume: 'pxd.portworx.com',
  vsphereVolume: 'csi.vsphere.vmware.com',
}

/** Why the node may not ask for this token's audience; undefined when it may, or when it asks for no token. */
export function audienceRestriction(attributes: AdmissionAttributes, authorizer: Authorizer): string | undefined {
  const { operation, subresource, object, lister, namespace, user, name } = attributes
  if (operation !== 'CREATE' || subresource !== 'token') return undefined
  const { boundObjectRef } = object!['spec']
  // Go's nil list: null.
  const audiences: readonly string[] = object!['spec'].audiences ?? []
  if (audiences.length > 1) return 'node may only request 0 or 1 audiences'
  const audience = audiences[0] ?? ''
  const pod = lister.get('pods', namespace, boundObjectRef.name)!
  const problems: string[] = []
  if (isNamed(pod, audience, lister, problems)) return undefined
  if (problems.length > 0) return `error validating audience ${quote(audience)}: ${aggregateMessage(problems)}`
  const { allowed, error } = authorizer.authorize({
    user,
    verb: 'request-serviceaccounts-token-audience',
    resourceRequest: true,
    group: '',
    version: 'v1',
    resource: audience,
    namespace,
    name,
  })
  if (allowed) return undefined
  const missing = `audience ${quote(audience)} not found in pod spec volume,`
  return error === undefined
    ? `${missing} ${user.name} is not authorized to request tokens for this audience`
    : `${missing} error authorizing ${user.name} to request tokens for this audience: ${error}`
}

function isNamed(pod: KubeObject, audience: string, lister: AdmissionLister, problems: string[]): boolean {
  for (const volume of (pod['spec']?.volumes ?? []) as Record<string, any>[]) {
    const sources: Record<string, any>[] = volume['projected']?.sources ?? []
    if (sources.some(({ serviceAccountToken: token }) => token && (token.audience ?? '') === audience)) return true
    try {
      const driver = driverOf(pod, volume, lister)
      if (driver && wantedBy(driver, lister).includes(audience)) return true
    } catch (error) {
      problems.push((error as Error).message)
    }
  }
  return false
}

function driverOf(pod: KubeObject, volume: Record<string, any>, lister: AdmissionLister): string | undefined {
  const { name, ephemeral, persistentVolumeClaim, csi } = volume
  if (ephemeral?.volumeClaimTemplate) return driverOfClaim(pod, `${pod.metadata.name}-${name}`, lister)
  if (persistentVolumeClaim) return driverOfClaim(pod, persistentVolumeClaim.claimName, lister)
  return csi ? csi.driver : migratedDriver(volume)
}

function driverOfClaim(pod: KubeObject, name: string, lister: AdmissionLister): string | undefined {
  const claim = found(lister, 'persistentvolumeclaims', 'persistentvolumeclaim', pod.metadata.namespace ?? '', name)
  const volume = found(lister, 'persistentvolumes', 'persistentvolume', '', claim['spec']?.volumeName ?? '')
  return volume['spec']?.csi?.driver ?? migratedDriver(volume['spec'] ?? {})
}

function migratedDriver(source: Record<string, any>): string | undefined {
  for (const plugin in migratedPlugins) if (source[plugin]) return migratedPlugins[plugin]
  return undefined
}

/** The audiences whose tokens the driver is to be given. */
function wantedBy(driver: string, lister: AdmissionLister): string[] {
  const found_ = found(lister, 'csidrivers.storage.k8s.io', 'csidriver.storage.k8s.io', '', driver)
  return (found_['spec']?.tokenRequests ?? []).map(({ audience }: { audience?: string }) => audience ?? '')
}

function found(lister: AdmissionLister, resource: string, singular: string, namespace: string, name: string) {
  const object = lister.get(resource, namespace, name)
  if (object) return object
  const [of = '', ...group] = singular.split('.')
  throw notFound({ group: group.join('.'), resource: of }, name)
}
