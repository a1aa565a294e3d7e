// Configuration files of the API server's own group (apiserver.config.k8s.io): YAML, strictly read. What is wrong is said
// in upstream's words.

import { decodeObject } from '../machinery/codec/decode.ts'
import { quote } from '../machinery/go-text.ts'
import type { ObjectSchema } from '../machinery/schema/schema.ts'
import type { ParsedYaml } from '../machinery/yaml/parse.ts'
import { parsedAnswer } from './go-http-client.ts'

const group = 'apiserver.config.k8s.io'

/** The kinds of the group, and their versions. */
const kinds: Readonly<Record<string, readonly string[]>> = {
  AdmissionConfiguration: ['v1', 'v1alpha1'],
  AuthenticationConfiguration: ['v1', 'v1beta1', 'v1alpha1'],
  AuthorizationConfiguration: ['v1', 'v1beta1', 'v1alpha1'],
  EgressSelectorConfiguration: ['v1beta1', 'v1alpha1'],
  EncryptionConfiguration: ['v1'],
  TracingConfiguration: ['v1', 'v1beta1', 'v1alpha1'],
}

/** As Go says why a file cannot be read. */
export function fileProblem(error: unknown, file: string): string {
  const { code, message } = error as { readonly code?: string; readonly message: string }
  if (code === 'ENOENT') return `open ${file}: no such file or directory`
  if (code === 'EACCES') return `open ${file}: permission denied`
  return code === 'EISDIR' ? `read ${file}: is a directory` : message
}

/** `read`: what the text is as YAML. Throws an Error when the text is none of the kind, or has fields that there are not. */
export function decodeConfiguration<Configuration>(
  text: string,
  { value: read, duplicates }: ParsedYaml,
  kind: string,
  schema: ObjectSchema & { readonly __value?: Configuration },
): Configuration {
  const value = parsedAnswer(JSON.stringify(read)) as { readonly apiVersion?: unknown; readonly kind?: unknown }
  const given = typeof value.kind === 'string' ? value.kind : ''
  const apiVersion = typeof value.apiVersion === 'string' ? value.apiVersion : ''
  if (given === '') throw new Error(`Object 'Kind' is missing in '${text}'`)
  if (apiVersion === '') throw new Error(`Object 'apiVersion' is missing in '${text}'`)
  if (!kinds[given]?.some(version => apiVersion === `${group}/${version}`))
    throw new Error(
      `no kind ${quote(given)} is registered for version ${quote(apiVersion)} in scheme "pkg/runtime/scheme.go:111"`,
    )
  if (given !== kind) throw new Error(`expected ${kind}, got *apiserver.${given}`)
  const { object, unknownFields } = decodeObject(schema, value, { mode: 'Strict', bare: true })
  const problems = [...duplicates, ...unknownFields]
  if (problems.length > 0) throw new Error(`strict decoding error: ${problems.join(', ')}`)
  return object
}
