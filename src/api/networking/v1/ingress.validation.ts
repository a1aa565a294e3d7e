// What an Ingress may say (upstream: pkg/apis/networking/validation).

import { type FieldError, invalid, notSupported, required } from '../../../machinery/field-error.ts'
import { type FieldPath, root } from '../../../machinery/field-path.ts'
import { parseIP } from '../../../machinery/ip.ts'
import { checkDNSSubdomain, checkName, type Errors } from '../../../machinery/validation/field-checks.ts'
import { isValidIPForLegacyField } from '../../../machinery/validation/ip.ts'
import {
  isDNS1123Label,
  isDNS1123Subdomain,
  isPortName,
  isPortNumber,
  isWildcardDNS1123Subdomain,
  nameIsDNSSubdomain,
  nameIsPathSegment,
} from '../../../machinery/validation/names.ts'
import type { KubeObject } from '../../resource.ts'
import type { IngressBackend, IngressSpec } from './ingress.ts'

const spec = root('spec')

function checkHost(host: string, path: FieldPath, errors: Errors): void {
  const check = host.includes('*') ? isWildcardDNS1123Subdomain : isDNS1123Subdomain
  for (const message of check(host)) errors.push(invalid(path, host, message))
}

export function validateIngress(ingress: KubeObject): FieldError[] {
  const errors: Errors = []
  const of = ingress['spec'] as IngressSpec
  const rules = of.rules ?? []
  if (rules.length === 0 && !of.defaultBackend)
    errors.push(invalid(spec, of.rules ?? null, 'either `defaultBackend` or `rules` must be specified'))
  if (of.defaultBackend) checkBackend(of.defaultBackend, spec.child('defaultBackend'), errors)
  for (const [index, rule] of rules.entries()) {
    const path = spec.child('rules').index(index)
    if (rule.host) {
      if (parseIP(rule.host))
        errors.push(invalid(path.child('host'), rule.host, 'must be a DNS name, not an IP address'))
      checkHost(rule.host, path.child('host'), errors)
    }
    if (!rule.http) continue
    const paths = path.child('http', 'paths')
    if (!rule.http.paths?.length) errors.push(required(paths))
    for (const [at, one] of (rule.http.paths ?? []).entries()) checkHTTPPath(one, paths.index(at), errors)
  }
  for (const [index, { hosts, secretName }] of (of.tls ?? []).entries()) {
    const path = spec.child('tls').index(index)
    for (const [at, host] of (hosts ?? []).entries()) checkHost(host, path.child('hosts').index(at), errors)
    if (secretName)
      for (const message of nameIsDNSSubdomain(secretName, false))
        errors.push(invalid(path.child('secretName'), secretName, message))
  }
  if (of.ingressClassName !== undefined)
    for (const message of nameIsDNSSubdomain(of.ingressClassName, false))
      errors.push(invalid(spec.child('ingressClassName'), of.ingressClassName, message))
  return errors
}

const classAnnotation = 'kubernetes.io/ingress.class'

export function validateIngressCreate(ingress: KubeObject): FieldError[] {
  const errors = validateIngress(ingress)
  const annotation = ingress.metadata['annotations']?.[classAnnotation]
  const { ingressClassName } = ingress['spec'] as IngressSpec
  if (annotation !== undefined && ingressClassName !== undefined && annotation !== ingressClassName)
    errors.push(
      invalid(
        root('annotations').child(classAnnotation),
        annotation,
        'must match `ingressClassName` when both are specified',
      ),
    )
  return errors
}

const pathTypes = ['Exact', 'ImplementationSpecific', 'Prefix']

function checkHTTPPath(
  one: { path?: string; pathType?: string; backend?: IngressBackend },
  path: FieldPath,
  errors: Errors,
): void {
  const { path: text = '', pathType } = one
  const at = path.child('path')
  if (pathType === undefined) {
    errors.push(required(path.child('pathType'), 'pathType must be specified'))
    return
  }
  if (pathType === 'Exact' || pathType === 'Prefix') {
    if (!text.startsWith('/')) errors.push(invalid(at, text, 'must be an absolute path'))
    for (const part of ['//', '/./', '/../', '%2f', '%2F'])
      if (text.includes(part)) errors.push(invalid(at, text, `must not contain '${part}'`))
    for (const end of ['/..', '/.']) if (text.endsWith(end)) errors.push(invalid(at, text, `cannot end with '${end}'`))
  } else if (pathType === 'ImplementationSpecific') {
    if (text !== '' && !text.startsWith('/')) errors.push(invalid(at, text, 'must be an absolute path'))
  } else errors.push(notSupported(path.child('pathType'), pathType, pathTypes))
  checkBackend(one.backend ?? {}, path.child('backend'), errors)
}

function checkBackend(backend: IngressBackend, path: FieldPath, errors: Errors): void {
  const { service, resource } = backend
  if (service && resource) errors.push(invalid(path, '', 'cannot set both resource and service backends'))
  else if (resource) {
    checkTypedReference(resource, path.child('resource'), errors)
  } else if (service) {
    const name = path.child('service', 'name')
    if (!service.name) errors.push(required(name))
    else for (const message of isDNS1123Label(service.name)) errors.push(invalid(name, service.name, message))
    const { name: portName, number } = service.port ?? {}
    if (portName && number) errors.push(invalid(path, '', 'cannot set both port name & port number'))
    else if (portName)
      for (const message of isPortName(portName))
        errors.push(invalid(path.child('service', 'port', 'name'), portName, message))
    else if (number)
      for (const message of isPortNumber(number))
        errors.push(invalid(path.child('service', 'port', 'number'), number, message))
    else errors.push(required(path, 'port name or number is required'))
  } else errors.push(invalid(path, '', 'resource or service backend is required'))
}

interface TypedReference {
  readonly apiGroup?: string
  readonly kind?: string
  readonly name?: string
}

export function checkTypedReference(reference: TypedReference, path: FieldPath, errors: Errors): void {
  const { apiGroup } = reference
  if (apiGroup !== undefined) checkDNSSubdomain(apiGroup, path.child('apiGroup'), errors)
  for (const field of ['kind', 'name'] as const) {
    const value = reference[field]
    if (!value) errors.push(required(path.child(field)))
    else checkName(value, nameIsPathSegment, path.child(field), errors)
  }
}

interface LoadBalancerIngress {
  readonly ip?: string
  readonly hostname?: string
}

export function validateIngressStatusUpdate(ingress: KubeObject, old: KubeObject): FieldError[] {
  const errors: Errors = []
  const pointsOf = (of: KubeObject): LoadBalancerIngress[] => of['status']?.loadBalancer?.ingress ?? []
  const known = pointsOf(old).flatMap(({ ip }) => ip || [])
  for (const [index, { ip, hostname }] of pointsOf(ingress).entries()) {
    const path = root('status', 'loadBalancer', 'ingress').index(index)
    if (ip) errors.push(...isValidIPForLegacyField(path.child('ip'), ip, known))
    if (!hostname) continue
    checkDNSSubdomain(hostname, path.child('hostname'), errors)
    if (parseIP(hostname))
      errors.push(invalid(path.child('hostname'), hostname, 'must be a DNS name, not an IP address'))
  }
  return errors
}
