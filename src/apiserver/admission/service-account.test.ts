import { describe, expect, test } from 'vitest'
import { cluster, pod } from './testing/admission-cluster.ts'

describe('ServiceAccount', () => {
  test('the account must exist', async () => {
    await expect(cluster().write({ object: pod({ serviceAccountName: 'x' }) })).rejects.toThrow(
      'pods "p" is forbidden: error looking up service account dev/x: serviceaccount "x" not found',
    )
    await expect(
      cluster().write({ object: pod({ serviceAccountName: 'x' }, { name: undefined, generateName: 'p-' }) }),
    ).rejects.toThrow('pods "p-" is forbidden')
  })

  test('the default one is waited for', async () => {
    const { env, objects, write } = cluster()
    objects.put('namespaces', '', 'new')
    const waiting = write({ namespace: 'new', object: pod() })
    await env.clock.advance(200)
    objects.put('serviceaccounts', 'new', 'default')
    await env.clock.advance(200)
    expect((await waiting)['spec'].serviceAccountName).toBe('default')

    objects.put('namespaces', '', 'empty')
    const vain = write({ namespace: 'empty', object: pod() })
    const refused = expect(vain).rejects.toThrow('serviceaccount "default" not found')
    await env.clock.advance(2000)
    await refused
  })

  test.each<[boolean, boolean | undefined, boolean | undefined]>([
    [true, undefined, undefined],
    [true, true, false],
    [false, false, true],
    [false, undefined, false],
    [true, undefined, true],
  ])('token mounted: %s when the pod says %s and the account %s', async (mounted, podSays, accountSays) => {
    const { objects, write } = cluster()
    objects.put('serviceaccounts', 'dev', 'default', { automountServiceAccountToken: accountSays })
    const { spec } = (await write({ object: pod({ automountServiceAccountToken: podSays }) })) as any
    expect(spec.volumes?.length ?? 0).toBe(mounted ? 1 : 0)
    expect(spec.containers[0].volumeMounts?.length ?? 0).toBe(mounted ? 1 : 0)
  })

  test('mounts into init containers too, and leaves mounts at the same path alone', async () => {
    const own = { name: 'own', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' }
    const object = pod({
      initContainers: [{ name: 'i' }],
      containers: [
        { name: 'c', volumeMounts: [own] },
        { name: 'd', volumeMounts: [{ name: 'v', mountPath: '/v' }] },
      ],
    })
    const { spec } = (await cluster().write({ object })) as any
    expect(spec.initContainers[0].volumeMounts).toHaveLength(1)
    expect(spec.containers[0].volumeMounts).toEqual([own])
    expect(spec.containers[1].volumeMounts).toHaveLength(2)
  })

  test('uses a token volume that is there', async () => {
    const object = pod({ volumes: [{ name: 'kube-api-access-mine', projected: { sources: [] } }] })
    const { spec } = (await cluster().write({ object })) as any
    expect(spec.volumes).toHaveLength(1)
    expect(spec.containers[0].volumeMounts[0].name).toBe('kube-api-access-mine')
  })

  test('gives the account’s pull secrets to pods without', async () => {
    const { objects, write } = cluster()
    objects.put('serviceaccounts', 'dev', 'default', { imagePullSecrets: [{ name: 'a' }] })
    expect((await write({ object: pod() }))['spec'].imagePullSecrets).toEqual([{ name: 'a' }])
    const own = pod({ imagePullSecrets: [{ name: 'b' }] })
    expect((await write({ object: own }))['spec'].imagePullSecrets).toEqual([{ name: 'b' }])
  })

  test.each<[string, object]>([
    ['volume with secret.secretName="s" is not allowed', { volumes: [{ name: 'v', secret: { secretName: 's' } }] }],
    [
      'container c with envVar E referencing secret.secretName="s" is not allowed',
      { containers: [{ name: 'c', env: [{ name: 'E', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }] }] },
    ],
    [
      'imagePullSecrets[0].name="s" is not allowed because service account default does not reference that imagePullSecret',
      { imagePullSecrets: [{ name: 's' }] },
    ],
  ])('an account that enforces its secrets: %s', async (message, spec) => {
    const { objects, write } = cluster()
    objects.put('serviceaccounts', 'dev', 'default', {
      metadata: { annotations: { 'kubernetes.io/enforce-mountable-secrets': 'true' } },
      secrets: [{ name: 'allowed' }],
    })
    await expect(write({ object: pod(spec) })).rejects.toThrow(message)
    await expect(
      write({ object: pod({ volumes: [{ name: 'v', secret: { secretName: 'allowed' } }] }) }),
    ).resolves.toBeDefined()
  })

  test('leaves mirror pods alone', async () => {
    const mirror = { annotations: { 'kubernetes.io/config.mirror': 'x' } }
    const written = await cluster().write({ object: pod({}, mirror) })
    expect(written['spec'].serviceAccountName).toBeUndefined()
    await expect(cluster().write({ object: pod({ serviceAccountName: 'default' }, mirror) })).rejects.toThrow(
      'a mirror pod may not reference service accounts',
    )
  })
})
