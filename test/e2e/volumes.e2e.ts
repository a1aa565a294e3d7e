// A claim of the default class from end to end: a directory of the node, which outlives the pods that use it and goes, or
// stays, with its claim as the reclaim policy says.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Containerd } from './environment/containerd.ts'
import { busyboxImage } from './environment/images.ts'
import { K8ts } from './environment/k8ts.ts'
import type { Kubectl } from './environment/kubectl.ts'
import { eventually } from './environment/process.ts'

const claim = (name: string) => `
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: ${name} }
spec:
  accessModes: [ReadWriteOnce]
  resources: { requests: { storage: 10Mi } }
`

/** A pod that runs the script once, with the claim at /data. */
const pod = (name: string, claimName: string, script: string) => `
apiVersion: v1
kind: Pod
metadata: { name: ${name} }
spec:
  restartPolicy: Never
  terminationGracePeriodSeconds: 1
  containers:
    - name: main
      image: ${busyboxImage}
      imagePullPolicy: IfNotPresent
      command: [sh, -c, '${script}']
      volumeMounts: [{ name: data, mountPath: /data }]
  volumes: [{ name: data, persistentVolumeClaim: { claimName: ${claimName} } }]
`

describe('on a node with containerd', () => {
  let containerd: Containerd
  let k8ts: K8ts
  let kubectl: Kubectl

  beforeAll(async () => {
    containerd = await Containerd.start()
    k8ts = await K8ts.start({ runtime: 'cri', criEndpoint: containerd.endpoint })
    kubectl = k8ts.kubectl()
  })
  afterAll(async () => {
    await k8ts?.stop()
    await containerd?.stop()
  })

  const runToEnd = async (manifest: string, name: string) => {
    await kubectl.apply(manifest)
    await kubectl.output('wait', '--for=jsonpath={.status.phase}=Succeeded', `pod/${name}`, '--timeout=60s')
  }
  /** The claim's volume, and its directory on the node. */
  const volumeOf = async (name: string) => {
    const { spec } = await kubectl.get('pvc', name)
    const volume = await kubectl.get('pv', spec.volumeName)
    return { volume: spec.volumeName as string, directory: volume.spec.hostPath.path as string }
  }

  test('there is a default class', async () => {
    expect(await kubectl.output('get', 'storageclass')).toMatch(
      /\nstandard \(default\) +k8ts\.dev\/host-path +Delete +WaitForFirstConsumer +false /,
    )
  })

  test('a claim waits for its first pod, and says so', async () => {
    await kubectl.apply(claim('data'))
    await eventually(async () =>
      expect(await kubectl.output('describe', 'pvc', 'data')).toMatch(
        /Normal +WaitForFirstConsumer .* waiting for first consumer to be created before binding/,
      ),
    )
    expect(await kubectl.output('get', 'pvc', 'data')).toMatch(/\ndata +Pending +standard /)
  })

  test('what one pod has written another reads', async () => {
    await runToEnd(pod('writer', 'data', 'echo written > /data/file; sync'), 'writer')
    expect(await kubectl.output('get', 'pvc', 'data')).toMatch(/\ndata +Bound +pvc-\S+ +10Mi +RWO +standard /)
    const { directory } = await volumeOf('data')
    expect(readFileSync(join(directory, 'file'), 'utf8')).toBe('written\n')
    await kubectl.output('delete', 'pod', 'writer', '--wait=true')
    await runToEnd(pod('reader', 'data', 'cat /data/file'), 'reader')
    expect(await kubectl.output('logs', 'reader')).toBe('written\n')
  })

  test('a claim in use stays until its pod is gone', async () => {
    await kubectl.apply(pod('user', 'data', 'sleep 600'))
    await kubectl.output('wait', '--for=condition=Ready', 'pod/user', '--timeout=60s')
    await kubectl.output('delete', 'pvc', 'data', '--wait=false')
    expect(await kubectl.output('get', 'pvc', 'data')).toMatch(/\ndata +Terminating /)
    const { volume, directory } = await volumeOf('data')
    expect(existsSync(directory)).toBe(true)
    await kubectl.output('delete', 'pod', 'user', 'reader', '--wait=true')
    await kubectl.output('wait', '--for=delete', 'pvc/data', `pv/${volume}`, '--timeout=60s')
    await eventually(() => expect(existsSync(directory)).toBe(false))
  })

  test('a volume that is retained keeps its data, released', async () => {
    await kubectl.apply(claim('kept'))
    await runToEnd(pod('keeper', 'kept', 'echo precious > /data/file; sync'), 'keeper')
    const { volume, directory } = await volumeOf('kept')
    await kubectl.output('patch', 'pv', volume, '-p', '{"spec":{"persistentVolumeReclaimPolicy":"Retain"}}')
    await kubectl.output('delete', 'pod', 'keeper', '--wait=true')
    await kubectl.output('delete', 'pvc', 'kept', '--wait=true')
    await eventually(async () =>
      expect(await kubectl.output('get', 'pv', volume)).toMatch(/ RWO +Retain +Released +default\/kept +standard /),
    )
    expect(readdirSync(directory)).toEqual(['file'])
    expect(readFileSync(join(directory, 'file'), 'utf8')).toBe('precious\n')
  })
})
