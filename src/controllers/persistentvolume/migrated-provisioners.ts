// Provisioners that were once built in, and the CSI drivers that have taken over their classes.

import type { PersistentVolume } from '../../api/core/v1/persistentvolume.ts'

const drivers: Readonly<Record<string, string>> = {
  'kubernetes.io/aws-ebs': 'ebs.csi.aws.com',
  'kubernetes.io/azure-disk': 'disk.csi.azure.com',
  'kubernetes.io/azure-file': 'file.csi.azure.com',
  'kubernetes.io/cinder': 'cinder.csi.openstack.org',
  'kubernetes.io/gce-pd': 'pd.csi.storage.gke.io',
  'kubernetes.io/portworx-volume': 'pxd.portworx.com',
  'kubernetes.io/vsphere-volume': 'csi.vsphere.vmware.com',
}

export const migratedProvisioner = (provisioner: string): string => drivers[provisioner] ?? provisioner

/** The plugin that a volume was once of, where a CSI driver stands in for it. */
export function migratedVolumePlugin(spec: PersistentVolume['spec']): string | undefined {
  if (spec.awsElasticBlockStore) return 'kubernetes.io/aws-ebs'
  if (spec.azureDisk) return 'kubernetes.io/azure-disk'
  if (spec.azureFile) return 'kubernetes.io/azure-file'
  if (spec.cinder) return 'kubernetes.io/cinder'
  if (spec.gcePersistentDisk) return 'kubernetes.io/gce-pd'
  if (spec.portworxVolume) return 'kubernetes.io/portworx-volume'
  return spec.vsphereVolume ? 'kubernetes.io/vsphere-volume' : undefined
}
