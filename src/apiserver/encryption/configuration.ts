// EncryptionConfiguration (apiserver.config.k8s.io/v1), as it stands in its file: which resources are encrypted, and by
// what. Values are shown in no message.

import { durationMilliseconds } from '../../machinery/duration.ts'
import { aggregateMessage, type FieldError, fieldErrorMessage, invalid, required } from '../../machinery/field-error.ts'
import { type FieldPath, root } from '../../machinery/field-path.ts'
import { quote } from '../../machinery/go-text.ts'
import { type Infer, int32, list, object, ref, string } from '../../machinery/schema/schema.ts'
import type { ParsedYaml } from '../../machinery/yaml/parse.ts'
import { goURLProblem } from '../authentication/oidc/go-url.ts'
import { decodeConfiguration } from '../configuration-file.ts'

const named = (kind: string) => `io.k8s.apiserver.pkg.apis.apiserver.v1.${kind}`

const Key = object(named('Key'), { name: string(1), secret: string(2) })
export type Key = Infer<typeof Key>

const AESConfiguration = object(named('AESConfiguration'), { keys: list(1, Key) })
const SecretboxConfiguration = object(named('SecretboxConfiguration'), { keys: list(1, Key) })
const IdentityConfiguration = object(named('IdentityConfiguration'), {})

const KMSConfiguration = object(named('KMSConfiguration'), {
  apiVersion: string(1),
  name: string(2),
  cachesize: int32(3).pointer(),
  endpoint: string(4),
  timeout: string(5).pointer(),
})
export type KmsConfiguration = Infer<typeof KMSConfiguration>

const ProviderConfiguration = object(named('ProviderConfiguration'), {
  aesgcm: ref(1, AESConfiguration),
  aescbc: ref(2, AESConfiguration),
  secretbox: ref(3, SecretboxConfiguration),
  identity: ref(4, IdentityConfiguration),
  kms: ref(5, KMSConfiguration),
})
export type ProviderConfiguration = Infer<typeof ProviderConfiguration>

const ResourceConfiguration = object(named('ResourceConfiguration'), {
  resources: list(1, 'string'),
  providers: list(2, ProviderConfiguration),
})
export type ResourceConfiguration = Infer<typeof ResourceConfiguration>

const EncryptionConfiguration = object(named('EncryptionConfiguration'), {
  apiVersion: string(101),
  kind: string(102),
  resources: list(1, ResourceConfiguration),
})
export type EncryptionConfiguration = Infer<typeof EncryptionConfiguration>

const providers = ['kms', 'aesgcm', 'aescbc', 'secretbox', 'identity'] as const
const aesKeySizes = [16, 24, 32]
const secretboxKeySizes = [32]
const defaultTimeout = '3s'

/** Out of the file's text and what it is as YAML; throws an Error in upstream's words. */
export function decodeEncryptionConfiguration(text: string, parsed: ParsedYaml): EncryptionConfiguration {
  const configuration = decodeConfiguration(text, parsed, 'EncryptionConfiguration', EncryptionConfiguration)
  for (const { providers: all = [] } of configuration.resources ?? [])
    for (const { kms } of all) if (kms?.timeout !== undefined) durationMilliseconds(kms.timeout)
  return configuration
}

/** Throws an Error in upstream's words. */
export function checkConfiguration(configuration: EncryptionConfiguration, reload: boolean): void {
  const errors = validateConfiguration(configuration, reload)
  if (errors.length > 0) throw new Error(aggregateMessage(errors.map(fieldErrorMessage)))
}

export const kmsTimeout = (kms: KmsConfiguration): number => durationMilliseconds(kms.timeout ?? defaultTimeout)

/** `secrets`, `deployments.apps`, `*.apps`, `*.`, `*.*`. */
export function parseGroupResource(text: string): { readonly group: string; readonly resource: string } {
  const dot = text.indexOf('.')
  return dot < 0 ? { resource: text, group: '' } : { resource: text.slice(0, dot), group: text.slice(dot + 1) }
}

export function validateConfiguration(configuration: EncryptionConfiguration, reload: boolean): FieldError[] {
  const path = root('resources')
  const { resources = [] } = configuration
  if (resources.length === 0) return [required(path, 'at least one resources is required')]
  const kmsNames = new Set<string>()
  return resources.flatMap((each, index) => validateResources(each, path.index(index), kmsNames, reload))
}

function validateResources(
  { resources = [], providers: list = [] }: ResourceConfiguration,
  path: FieldPath,
  kmsNames: Set<string>,
  reload: boolean,
): FieldError[] {
  const errors: FieldError[] = []
  const names = path.child('resources')
  if (resources.length === 0) errors.push(required(names, `at least one ${names} is required`))
  errors.push(...validateOverlap(resources, names))
  resources.forEach((name, index) => {
    const problem = resourceNameProblem(name)
    if (problem) errors.push(invalid(names.index(index), name, problem))
  })
  const below = path.child('providers')
  if (list.length === 0) errors.push(required(below, `at least one ${below} is required`))
  list.forEach((provider, index) => {
    errors.push(...validateProvider(provider, below.index(index), kmsNames, reload))
  })
  return errors
}

function validateOverlap(resources: readonly string[], path: FieldPath): FieldError[] {
  const errors: FieldError[] = []
  if (new Set(resources).size < resources.length)
    errors.push(invalid(path, resources, 'the same resource cannot be specified multiple times'))
  const parsed = resources.map(parseGroupResource)
  const masks = ({ group, resource }: ReturnType<typeof parseGroupResource>, index: number) =>
    parsed.some(
      (other, at) =>
        at !== index &&
        !(other.group === group && other.resource === resource) &&
        resource === '*' &&
        (group === '*' || other.group === group),
    )
  if (parsed.some(masks))
    errors.push(
      invalid(
        path,
        resources,
        "using overlapping resources such as 'secrets' and '*.' in the same resource list is not allowed as they will be masked",
      ),
    )
  return errors
}

const withoutAPI = ['apiserveripinfo', 'serviceipallocations', 'servicenodeportallocations']

function resourceNameProblem(name: string): string | undefined {
  if (name.toLowerCase() !== name) return 'resource name should not contain capital letters'
  if (name === '*') return "use '*.' to encrypt all the resources from core API group or *.* to encrypt all resources"
  if (withoutAPI.includes(name)) return 'resources which do not have REST API/s cannot be encrypted'
  const { group, resource } = parseGroupResource(name)
  if (group === 'events.k8s.io')
    return "'*.events.k8s.io' objects are stored using the 'events' API group in etcd. Use 'events' instead in the config file"
  if (group === 'extensions') return "'extensions' group has been removed and cannot be used for encryption"
  if (group === '*' && resource !== '*') return 'encrypting the same resource across groups is not supported'
  return undefined
}

function validateProvider(
  provider: ProviderConfiguration,
  path: FieldPath,
  kmsNames: Set<string>,
  reload: boolean,
): FieldError[] {
  const given = providers.filter(name => provider?.[name])
  const errors: FieldError[] = []
  // The provider may hold secrets: none is told.
  if (given.length === 0)
    errors.push(
      invalid(
        path,
        { AESGCM: null, AESCBC: null, Secretbox: null, Identity: null, KMS: null },
        'provider does not contain any of the expected providers: KMS, AESGCM, AESCBC, Secretbox, Identity',
      ),
    )
  if (given.length > 1)
    errors.push(
      invalid(
        path,
        'REDACTED',
        'more than one provider specified in a single element, should split into different list elements',
      ),
    )
  if (provider?.kms) {
    errors.push(...validateKms(provider.kms, path.child('kms'), kmsNames, reload))
    kmsNames.add(provider.kms.name ?? '')
  } else if (provider?.aesgcm)
    errors.push(...validateKeys(provider.aesgcm.keys, path.child('aesgcm', 'keys'), aesKeySizes))
  else if (provider?.aescbc)
    errors.push(...validateKeys(provider.aescbc.keys, path.child('aescbc', 'keys'), aesKeySizes))
  else if (provider?.secretbox)
    errors.push(...validateKeys(provider.secretbox.keys, path.child('secretbox', 'keys'), secretboxKeySizes))
  return errors
}

function validateKeys(keys: readonly Key[] = [], path: FieldPath, sizes: readonly number[]): FieldError[] {
  if (keys.length === 0) return [required(path, 'at least one keys is required')]
  return keys.flatMap((key, index) => validateKey(key, path.index(index), sizes))
}

function validateKey({ name, secret }: Key, path: FieldPath, sizes: readonly number[]): FieldError[] {
  const errors: FieldError[] = []
  if (!name) errors.push(required(path.child('name'), 'name is a mandatory field for a key'))
  if (!secret) return [...errors, required(path.child('secret'), 'secret is a mandatory field for a key')]
  if (secret.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(secret))
    return [...errors, invalid(path.child('secret'), 'REDACTED', 'secrets must be base64 encoded')]
  const { length } = Buffer.from(secret, 'base64')
  if (!sizes.includes(length))
    errors.push(
      invalid(
        path.child('secret'),
        'REDACTED',
        `secret is not of the expected length, got ${length}, expected one of [${sizes.join(' ')}]`,
      ),
    )
  return errors
}

function validateKms(
  { apiVersion = 'v1', name = '', cachesize, endpoint = '', timeout = defaultTimeout }: KmsConfiguration,
  path: FieldPath,
  names: ReadonlySet<string>,
  reload: boolean,
): FieldError[] {
  const errors: FieldError[] = []
  const at = path.child('name')
  if (name === '') errors.push(required(at, 'name is a mandatory field for a provider'))
  if (apiVersion !== 'v1' && name.includes(':'))
    errors.push(invalid(at, name, `invalid KMS provider name ${name}, must not contain ':'`))
  if ((reload || apiVersion !== 'v1') && names.has(name))
    errors.push(invalid(at, name, `duplicate KMS provider name ${name}, names must be unique`))
  if (durationMilliseconds(timeout) <= 0)
    errors.push(invalid(path.child('timeout'), timeout, 'timeout should be a positive value'))
  const problem = endpointProblem(endpoint)
  if (problem !== undefined) errors.push(invalid(path.child('endpoint'), endpoint, problem))
  if (apiVersion !== 'v1' && cachesize !== undefined)
    errors.push(invalid(path.child('cachesize'), cachesize, 'cachesize is not supported in v2'))
  if (apiVersion === 'v1' && cachesize === 0)
    errors.push(
      invalid(path.child('cachesize'), cachesize, 'cachesize should be a positive value, or negative to disable'),
    )
  if (apiVersion !== 'v1' && apiVersion !== 'v2')
    errors.push(
      invalid(
        path.child('apiVersion'),
        apiVersion,
        'unsupported apiVersion apiVersion for KMS provider, only v1 and v2 are supported',
      ),
    )
  return errors
}

function endpointProblem(endpoint: string): string | undefined {
  if (endpoint === '') return 'endpoint is a mandatory field for a kms'
  const problem = goURLProblem(endpoint)
  if (problem !== undefined) return `invalid endpoint for kms provider, error: ${problem}`
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(endpoint)?.[1]?.toLowerCase() ?? ''
  return scheme === 'unix' ? undefined : `unsupported scheme ${quote(scheme)} for KMS provider, only unix is supported`
}
