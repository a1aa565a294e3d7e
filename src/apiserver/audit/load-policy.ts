// The policy out of its file.

import { readFileSync } from 'node:fs'
import type { Env } from '../../machinery/env/env.ts'
import { type Policy, readPolicy } from './policy.ts'

/** Throws an Error that says what is wrong in which field of which file. */
export async function loadPolicy(file: string, env: Env): Promise<Policy> {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw new Error(`failed to read file path ${JSON.stringify(file)}: ${(error as Error).message}`)
  }
  // Few start with a policy, and the reader of YAML takes a while to load.
  const { parseYaml } = await import('../../machinery/yaml/parse.ts')
  try {
    const { policy, unknownFields } = readPolicy(parsed(text, parseYaml))
    for (const problem of unknownFields) env.log.warn('the audit policy has an unknown field', { file, problem })
    return policy
  } catch (error) {
    throw new Error(`${(error as Error).message}: from file ${file}`)
  }
}

function parsed(text: string, parseYaml: (text: string) => { readonly value: unknown }): unknown {
  try {
    return parseYaml(text).value
  } catch (error) {
    throw new Error(`failed decoding: ${(error as Error).message}`)
  }
}
