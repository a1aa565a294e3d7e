// --admission-control-config-file: an AdmissionConfiguration, and the files it names.

import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { type AdmissionOptions, admissionOptionsProblem, pluginNames } from '../apiserver/admission/default-plugins.ts'
import { oneLine } from './startup-failure.ts'
import { UserFacingError } from './user-facing-error.ts'

export interface AdmissionFlags {
  readonly enableAdmissionPlugins?: readonly string[]
  readonly disableAdmissionPlugins?: readonly string[]
  readonly admissionControlConfigFile?: string
}

/** Throws a UserFacingError for names and files that are not understood. */
export async function admissionOptions(flags: AdmissionFlags): Promise<AdmissionOptions> {
  const options: AdmissionOptions = {
    enable: flags.enableAdmissionPlugins,
    disable: flags.disableAdmissionPlugins,
    ...(flags.admissionControlConfigFile !== undefined && {
      configurations: await configurations(flags.admissionControlConfigFile),
    }),
  }
  const problem = admissionOptionsProblem(options)
  if (problem !== undefined) throw new UserFacingError(problem)
  return options
}

type Value = Readonly<Record<string, any>>

async function configurations(file: string): Promise<Record<string, Value>> {
  const of = (why: string) => new UserFacingError(`--admission-control-config-file ${file}: ${why}`)
  const given = await read(file, of)
  if (given['kind'] !== 'AdmissionConfiguration') throw of('must be an AdmissionConfiguration')
  const found: Record<string, Value> = {}
  for (const { name, path, configuration } of given['plugins'] ?? []) {
    if (!pluginNames.includes(name)) throw of(`plugin "${name}" is unknown`)
    if (path && configuration) throw of(`plugin "${name}" has both a path and a configuration`)
    found[name] = path ? await read(resolve(dirname(file), path), of) : (configuration ?? {})
  }
  return found
}

async function read(file: string, of: (why: string) => Error): Promise<Value> {
  const { parseYaml } = await import('../machinery/yaml/parse.ts')
  try {
    return (parseYaml(readFileSync(file, 'utf8')).value ?? {}) as Value
  } catch (error) {
    throw of(oneLine((error as Error).message))
  }
}
