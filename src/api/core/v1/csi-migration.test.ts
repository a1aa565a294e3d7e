import { describe, expect, test } from 'vitest'
import { migratedPlugin, migratedProvisioner, translatedInlineVolume, translatedVolume } from './csi-migration.ts'
import type { PersistentVolume } from './persistentvolume.ts'

// What a CSI driver is told of a volume that was made for the plugin it replaces.

const volume = (spec: object, metadata: object = {}) =>
  ({ metadata: { name: 'pv', ...metadata }, spec: { accessModes: ['ReadWriteOnce'], ...spec } }) as PersistentVolume
const inZone = (key: string, ...values: string[]) => ({
  required: { nodeSelectorTerms: [{ matchExpressions: [{ key, operator: 'In', values }] }] },
})
const zone = 'topology.kubernetes.io/zone'
const betaZone = 'failure-domain.beta.kubernetes.io/zone'

describe('a PersistentVolume', () => {
  test.each<[what: string, given: PersistentVolume, csi: object]>([
    [
      'an EBS volume, by its URL',
      volume({ awsElasticBlockStore: { volumeID: 'aws://us-east-1a/vol-1', fsType: 'ext4', partition: 2 } }),
      { driver: 'ebs.csi.aws.com', volumeHandle: 'vol-1', fsType: 'ext4', volumeAttributes: { partition: '2' } },
    ],
    [
      'an EBS volume without a zone',
      volume({ awsElasticBlockStore: { volumeID: 'aws:///vol-1' } }),
      { driver: 'ebs.csi.aws.com', volumeHandle: 'vol-1', volumeAttributes: { partition: '0' } },
    ],
    [
      'an Azure disk',
      volume({
        azureDisk: { diskName: 'd', diskURI: '/disks/d', cachingMode: 'None', kind: 'Managed', fsType: 'xfs' },
      }),
      {
        driver: 'disk.csi.azure.com',
        volumeHandle: '/disks/d',
        fsType: 'xfs',
        volumeAttributes: { kind: 'Managed', cachingmode: 'None', fstype: 'xfs' },
      },
    ],
    [
      'an Azure file share',
      volume(
        {
          azureFile: { secretName: 'azure-storage-account-acc-secret', shareName: 'share' },
          claimRef: { namespace: 'team', name: 'c' },
        },
        { annotations: { 'kubernetes.io/azure-file-resource-group': 'rg' } },
      ),
      {
        driver: 'file.csi.azure.com',
        volumeHandle: 'rg#acc#share#pv#team',
        nodeStageSecretRef: { name: 'azure-storage-account-acc-secret', namespace: 'team' },
        volumeAttributes: { sharename: 'share' },
      },
    ],
    [
      'a Cinder volume',
      volume({ cinder: { volumeID: 'id', readOnly: true } }),
      { driver: 'cinder.csi.openstack.org', volumeHandle: 'id', readOnly: true, volumeAttributes: {} },
    ],
    [
      'a GCE disk of a zone',
      volume({ gcePersistentDisk: { pdName: 'd', partition: 1 } }, { labels: { [zone]: 'europe-west1-b' } }),
      {
        driver: 'pd.csi.storage.gke.io',
        volumeHandle: 'projects/UNSPECIFIED/zones/europe-west1-b/disks/d',
        volumeAttributes: { partition: '1' },
      },
    ],
    [
      'a GCE disk of a region',
      volume({ gcePersistentDisk: { pdName: 'd' } }, { labels: { [betaZone]: 'us-east1-a__us-east1-c' } }),
      {
        driver: 'pd.csi.storage.gke.io',
        volumeHandle: 'projects/UNSPECIFIED/regions/us-east1/disks/d',
        volumeAttributes: { partition: '' },
      },
    ],
    [
      'a Portworx volume with its secret',
      volume(
        { portworxVolume: { volumeID: 'id', fsType: 'ext4' } },
        {
          annotations: { 'openstorage.io/auth-secret-name': 's', 'openstorage.io/auth-secret-namespace': 'ns' },
        },
      ),
      {
        driver: 'pxd.portworx.com',
        volumeHandle: 'id',
        fsType: 'ext4',
        volumeAttributes: {},
        controllerPublishSecretRef: { name: 's', namespace: 'ns' },
        nodeStageSecretRef: { name: 's', namespace: 'ns' },
        nodePublishSecretRef: { name: 's', namespace: 'ns' },
        controllerExpandSecretRef: { name: 's', namespace: 'ns' },
        nodeExpandSecretRef: { name: 's', namespace: 'ns' },
      },
    ],
    [
      'a vSphere volume with its policy',
      volume({ vsphereVolume: { volumePath: '[ds] v.vmdk', storagePolicyName: 'gold' } }),
      {
        driver: 'csi.vsphere.vmware.com',
        volumeHandle: '[ds] v.vmdk',
        volumeAttributes: { storagepolicyname: 'gold' },
      },
    ],
  ])('%s', (_, given, csi) => {
    const { spec } = translatedVolume(given)
    expect(JSON.parse(JSON.stringify(spec.csi))).toEqual(csi)
    expect(migratedPlugin(spec)).toBeUndefined()
    expect(migratedProvisioner(migratedPlugin(given.spec)!)).toBe(spec.csi!.driver)
  })

  test.each<[what: string, given: PersistentVolume, expressions: object[] | undefined]>([
    [
      'its node affinity',
      volume({ awsElasticBlockStore: { volumeID: 'v' }, nodeAffinity: inZone(zone, 'a') }),
      [{ key: 'topology.ebs.csi.aws.com/zone', operator: 'In', values: ['a'] }],
    ],
    [
      'its labels, where the affinity says nothing',
      volume({ gcePersistentDisk: { pdName: 'd' } }, { labels: { [zone]: 'us-east1-c__us-east1-a' } }),
      [{ key: 'topology.gke.io/zone', operator: 'In', values: ['us-east1-a', 'us-east1-c'] }],
    ],
    [
      'older labels',
      volume({ cinder: { volumeID: 'v' } }, { labels: { [betaZone]: 'nova' } }),
      [{ key: 'topology.cinder.csi.openstack.org/zone', operator: 'In', values: ['nova'] }],
    ],
    [
      'region and zone, of vSphere',
      volume({ vsphereVolume: { volumePath: 'p' } }, { labels: { [zone]: 'z', 'topology.kubernetes.io/region': 'r' } }),
      [
        { key: 'topology.csi.vmware.com/zone', operator: 'In', values: ['z'] },
        { key: 'topology.csi.vmware.com/region', operator: 'In', values: ['r'] },
      ],
    ],
    ['nothing that is known', volume({ cinder: { volumeID: 'v' } }), undefined],
    [
      'what it was, where drivers have no zones of their own',
      volume({ azureDisk: { diskName: 'd', diskURI: 'u' }, nodeAffinity: inZone(zone, 'a') }),
      [{ key: zone, operator: 'In', values: ['a'] }],
    ],
  ])('is where %s says', (_, given, expressions) => {
    const terms = translatedVolume(given).spec.nodeAffinity?.required?.nodeSelectorTerms
    expect(terms?.[0]?.matchExpressions).toEqual(expressions)
  })

  test.each([
    [['ReadWriteMany'], ['ReadWriteOnce']],
    [['ReadWriteOnce', 'ReadOnlyMany'], ['ReadWriteOnce']],
    [['ReadOnlyMany'], ['ReadOnlyMany']],
  ])('a GCE disk that is to be %j is %j', (accessModes, expected) => {
    expect(translatedVolume(volume({ gcePersistentDisk: { pdName: 'd' }, accessModes })).spec.accessModes).toEqual(
      expected,
    )
  })

  test.each([
    [
      volume({ awsElasticBlockStore: { volumeID: 'aws://zone/disk-1' } }),
      'failed to translate Kubernetes ID to EBS Volume ID Invalid format for AWS volume (aws://zone/disk-1)',
    ],
    [
      volume({ azureDisk: { diskName: 'd', diskURI: 'u', kind: 'Shared' } }),
      'kind(Shared) is not supported in csi migration',
    ],
    [
      volume({ azureFile: { secretName: 's', shareName: 's' } }),
      'could not find a secret namespace in PersistentVolumeSource or ClaimRef',
    ],
    [
      volume({ gcePersistentDisk: { pdName: 'd' } }, { labels: { [zone]: 'here__there' } }),
      'failed to get region from zones: zone in unexpected format, expected: {locale}-{region}-{zone}, got: here',
    ],
  ])('that cannot be translated: %#', (given, message) => {
    expect(() => translatedVolume(given)).toThrow(message)
  })

  test('of a driver, or of a plugin that is still built in, is what it is', () => {
    const given = volume({ hostPath: { path: '/' } })
    expect(translatedVolume(given)).toBe(given)
    expect(migratedProvisioner('example.com/own')).toBe('example.com/own')
  })
})

describe('a volume of a pod', () => {
  test.each<[given: object, name: string, handle: string, modes: string[]]>([
    [{ awsElasticBlockStore: { volumeID: 'vol-1' } }, 'ebs.csi.aws.com-vol-1', 'vol-1', ['ReadWriteOnce']],
    [
      { gcePersistentDisk: { pdName: 'd', readOnly: true } },
      'pd.csi.storage.gke.io-d',
      'projects/UNSPECIFIED/zones/UNSPECIFIED/disks/d',
      ['ReadOnlyMany'],
    ],
    [{ azureDisk: { diskName: 'd', diskURI: '/d' } }, '/d', '/d', ['ReadWriteOnce']],
    [{ azureFile: { secretName: 's', shareName: 'sh' } }, '#s#sh#data#ns', '#s#sh#data#ns', ['ReadWriteMany']],
    [{ cinder: { volumeID: 'id' } }, 'cinder.csi.openstack.org-id', 'id', ['ReadWriteOnce']],
    [{ portworxVolume: { volumeID: 'id', readOnly: true } }, 'pxd.portworx.com-id', 'id', ['ReadOnlyMany']],
    [{ vsphereVolume: { volumePath: 'p' } }, 'csi.vsphere.vmware.com-p', 'p', ['ReadWriteOnce']],
  ])('%j', (given, name, volumeHandle, accessModes) => {
    const { metadata, spec } = translatedInlineVolume({ name: 'data', ...given }, 'ns')!
    expect(metadata.name).toBe(name)
    expect(spec).toMatchObject({ csi: { volumeHandle }, accessModes, volumeMode: 'Filesystem' })
  })

  test('of another kind is nobody else’s', () => {
    expect(translatedInlineVolume({ name: 'data', emptyDir: {} }, 'ns')).toBeUndefined()
  })
})
