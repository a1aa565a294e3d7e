import { describe, expect, it } from 'vitest'
import type { Client } from '../../client/client.ts'
import { virtualEnv } from '../../machinery/env/virtual-env.ts'
import { AutoRegister, automanagedLabel } from './auto-register.ts'

const env = virtualEnv({ settle: () => new Promise(resolve => setImmediate(resolve)) })
const apps = { group: 'apps', version: 'v1', groupPriorityMinimum: 17800, versionPriority: 15 }
const foo = { group: 'example.com', version: 'v1', groupPriorityMinimum: 1000, versionPriority: 100 }
const definition = (served: boolean) => ({
  metadata: {},
  spec: { group: 'example.com', versions: [{ name: 'v1', served }] },
})

const apiService = (name: string, managed: string | undefined, spec: object): any => ({
  metadata: { name, uid: `uid of ${name}`, labels: managed === undefined ? {} : { [automanagedLabel]: managed } },
  spec,
})

/** What it does to one APIService, with that one there at the start. */
async function does(
  name: string,
  before: any,
  definitions: any[] = [],
  change?: (registered: AutoRegister, all: Map<string, any>, definitions: any[]) => void,
): Promise<string[]> {
  const all = new Map<string, any>(before ? [[name, before]] : [])
  const done: string[] = []
  const note = (what: string, of: string) => {
    if (of === name) done.push(what)
  }
  const client = {
    resource: () => ({
      create: async (object: any) => {
        note(`create ${object.metadata.labels[automanagedLabel]} ${object.spec.versionPriority}`, object.metadata.name)
        all.set(object.metadata.name, object)
      },
      update: async (object: any) => {
        note(`update ${object.spec.versionPriority}`, object.metadata.name)
        all.set(object.metadata.name, object)
      },
      delete: async (of: string, { preconditions }: any) => {
        note(`delete ${preconditions.uid}`, of)
        all.delete(of)
      },
    }),
  } as unknown as Client
  const registered = new AutoRegister({
    env,
    client,
    apiService: of => all.get(of),
    names: () => [...all.keys()],
    customResourceDefinitions: () => definitions,
  })
  registered.start()
  await env.clock.advance(1_000)
  change?.(registered, all, definitions)
  await env.clock.advance(1_000)
  await registered.stop()
  return done
}

describe('a built-in version, at the start', () => {
  it.each<[string, any, string[]]>([
    ['that is missing is made', undefined, ['create onstart 15']],
    ['that is right is left', apiService('v1.apps', 'onstart', apps), []],
    [
      'that is other than it was is put right',
      apiService('v1.apps', 'onstart', { ...apps, versionPriority: 3 }),
      ['update 15'],
    ],
    ['that is a user’s own is left', apiService('v1.apps', undefined, { ...apps, versionPriority: 3 }), []],
  ])('%s', async (_name, before, expected) => {
    expect(await does('v1.apps', before)).toEqual(expected)
  })

  it('is looked at only then', async () => {
    const changed = await does('v1.apps', apiService('v1.apps', 'onstart', apps), [], (registered, all) => {
      all.delete('v1.apps')
      registered.add('v1.apps')
    })
    expect(changed).toEqual([])
  })

  it('that is served no longer goes', async () => {
    expect(await does('v1beta1.apps', apiService('v1beta1.apps', 'onstart', apps))).toEqual([
      'delete uid of v1beta1.apps',
    ])
  })
})

describe('a version of custom resources', () => {
  const name = 'v1.example.com'

  it.each<[string, any, any[], string[]]>([
    ['is made', undefined, [definition(true)], ['create true 100']],
    ['is put right', apiService(name, 'true', { ...foo, versionPriority: 1 }), [definition(true)], ['update 100']],
    ['goes with its definition', apiService(name, 'true', foo), [], [`delete uid of ${name}`]],
    ['goes when it is served no longer', apiService(name, 'true', foo), [definition(false)], [`delete uid of ${name}`]],
    ['that a user answers for is left', apiService(name, undefined, { ...foo, service: {} }), [definition(true)], []],
  ])('%s', async (_name, before, definitions, expected) => {
    expect(await does(name, before, definitions)).toEqual(expected)
  })

  it('follows its definition', async () => {
    const changed = await does(name, undefined, [definition(true)], (registered, all, definitions) => {
      all.get(name).metadata.uid = '1'
      const [gone] = definitions.splice(0)
      registered.addDefinition(gone)
    })
    expect(changed).toEqual(['create true 100', 'delete 1'])
  })
})
