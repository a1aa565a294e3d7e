import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { admissionOptions } from './admission-configuration.ts'

const directory = mkdtempSync(join(tmpdir(), 'admission-'))
afterAll(() => rmSync(directory, { recursive: true }))

function file(name: string, text: string): string {
  const path = join(directory, name)
  writeFileSync(path, text)
  return path
}

const problem = (flags: Parameters<typeof admissionOptions>[0]) =>
  admissionOptions(flags).then(
    () => undefined,
    error => (error as Error).message,
  )

test('plugins are configured in the file, or in files beside it', async () => {
  file('security.yaml', 'kind: PodSecurityConfiguration\ndefaults: {enforce: baseline}\n')
  const admissionControlConfigFile = file(
    'config.yaml',
    `apiVersion: apiserver.config.k8s.io/v1
kind: AdmissionConfiguration
plugins:
- {name: PodSecurity, path: security.yaml}
- name: ResourceQuota
  configuration: {limitedResources: [{resource: pods}]}
`,
  )
  const { configurations } = await admissionOptions({ admissionControlConfigFile })
  expect(configurations).toEqual({
    PodSecurity: { kind: 'PodSecurityConfiguration', defaults: { enforce: 'baseline' } },
    ResourceQuota: { limitedResources: [{ resource: 'pods' }] },
  })
})

describe('one line says what is wrong', () => {
  test.each<[string, Parameters<typeof admissionOptions>[0], string]>([
    ['unknown', { enableAdmissionPlugins: ['X'] }, 'enable-admission-plugins plugin "X" is unknown'],
    ['unknown', { disableAdmissionPlugins: ['X'] }, 'disable-admission-plugins plugin "X" is unknown'],
    [
      'both',
      { enableAdmissionPlugins: ['AlwaysDeny'], disableAdmissionPlugins: ['AlwaysDeny'] },
      '[AlwaysDeny] in enable-admission-plugins and disable-admission-plugins overlapped',
    ],
  ])('%s', async (_, flags, expected) => {
    expect(await problem(flags)).toBe(expected)
  })

  test.each([
    ['another kind', 'kind: Pod\n', 'must be an AdmissionConfiguration'],
    ['an unknown plugin', 'kind: AdmissionConfiguration\nplugins: [{name: X}]\n', 'plugin "X" is unknown'],
  ])('%s in the file', async (_, text, expected) => {
    expect(await problem({ admissionControlConfigFile: file('bad.yaml', text) })).toContain(expected)
  })

  test('what is wrong in a plugin’s own configuration', async () => {
    const text =
      'kind: AdmissionConfiguration\nplugins: [{name: PodSecurity, configuration: {defaults: {enforce: x}}}]\n'
    expect(await problem({ admissionControlConfigFile: file('bad.yaml', text) })).toBe(
      'failed to initialize admission: couldn\'t init admission plugin "PodSecurity": defaults.enforce: Invalid value: "x": must be one of privileged, baseline, restricted',
    )
  })
})
