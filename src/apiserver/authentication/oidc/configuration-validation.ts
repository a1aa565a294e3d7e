// What may be wrong with an AuthenticationConfiguration, in upstream's words; and its expressions, compiled on the way.

import type { CelProgram } from '../../../machinery/cel/cel.ts'
import { duplicate, type FieldError, forbidden, invalid, required, tooMany } from '../../../machinery/field-error.ts'
import { type FieldPath, root } from '../../../machinery/field-path.ts'
import { isDomainPrefixedPath } from '../../../machinery/validation/domain-names.ts'
import { certificatesIn } from '../../serving/peer-certificate.ts'
import type {
  AuthenticationConfiguration,
  JWTAuthenticator,
  PrefixedClaimOrExpression,
} from './authentication-configuration.ts'
import { goURLProblem } from './go-url.ts'

const mostAuthenticators = 64

export interface CompiledRule {
  readonly program: CelProgram
  readonly message: string
}

/** An authenticator of the configuration with its expressions. */
export interface CompiledAuthenticator {
  readonly declared: JWTAuthenticator
  readonly username?: CelProgram
  readonly groups?: CelProgram
  readonly uid?: CelProgram
  readonly extra: readonly { readonly key: string; readonly program: CelProgram }[]
  readonly claimRules: readonly CompiledRule[]
  readonly userRules: readonly CompiledRule[]
}

export interface ValidatedConfiguration {
  readonly authenticators: readonly CompiledAuthenticator[]
  readonly errors: readonly FieldError[]
}

type Expressions = typeof import('./claim-expressions.ts')

export async function validateConfiguration(
  configuration: AuthenticationConfiguration,
  disallowedIssuers: readonly string[],
): Promise<ValidatedConfiguration> {
  const path = root('jwt')
  const jwt = configuration.jwt ?? []
  if (jwt.length > mostAuthenticators)
    return { authenticators: [], errors: [tooMany(path, jwt.length, mostAuthenticators)] }
  const errors: FieldError[] = []
  const expressions = jwt.some(hasExpressions) ? await import('./claim-expressions.ts') : undefined
  const issuers = new Set<string>()
  const discoveryURLs = new Set<string>()
  const authenticators = jwt.map((declared, index) => {
    const at = path.index(index)
    const { url = '', discoveryURL = '' } = declared.issuer ?? {}
    const compiled = new AuthenticatorCheck(declared, at, errors, expressions, disallowedIssuers).run()
    if (issuers.has(url)) errors.push(duplicate(at.child('issuer', 'url'), url))
    issuers.add(url)
    if (discoveryURL !== '' && discoveryURLs.has(discoveryURL))
      errors.push(duplicate(at.child('issuer', 'discoveryURL'), discoveryURL))
    discoveryURLs.add(discoveryURL)
    return compiled
  })
  const { anonymous } = configuration
  if (anonymous && !anonymous.enabled && anonymous.conditions?.length)
    errors.push(
      invalid(
        root('anonymous', 'conditions'),
        anonymous.conditions.map(({ path = '' }) => ({ Path: path })),
        'enabled should be set to true when conditions are defined',
      ),
    )
  return { authenticators, errors }
}

/** On reload, whatever is said of the anonymous must be what was said at the start. */
export const anonymousChanged = (): FieldError =>
  forbidden(root('anonymous'), 'changed from initial configuration file')

function hasExpressions({ claimMappings, claimValidationRules, userValidationRules }: JWTAuthenticator): boolean {
  const { username, groups, uid, extra } = claimMappings ?? {}
  return (
    [username, groups, uid].some(each => each?.expression) ||
    (extra?.length ?? 0) > 0 ||
    (userValidationRules?.length ?? 0) > 0 ||
    (claimValidationRules ?? []).some(rule => rule.expression)
  )
}

class AuthenticatorCheck {
  readonly #declared: JWTAuthenticator
  readonly #path: FieldPath
  readonly #errors: FieldError[]
  readonly #expressions: Expressions | undefined
  readonly #disallowedIssuers: readonly string[]
  /** Expressions in which `email_verified` counts as looked at. */
  readonly #verifying: string[] = []

  constructor(
    declared: JWTAuthenticator,
    path: FieldPath,
    errors: FieldError[],
    expressions: Expressions | undefined,
    disallowedIssuers: readonly string[],
  ) {
    this.#declared = declared
    this.#path = path
    this.#errors = errors
    this.#expressions = expressions
    this.#disallowedIssuers = disallowedIssuers
  }

  run(): CompiledAuthenticator {
    this.#checkIssuer()
    const claimRules = this.#claimRules()
    const mappings = this.#mappings()
    return { declared: this.#declared, ...mappings, claimRules, userRules: this.#userRules() }
  }

  #checkIssuer(): void {
    const issuer = this.#declared.issuer ?? {}
    const path = this.#path.child('issuer')
    const { url = '', discoveryURL = '', audiences = [], audienceMatchPolicy = '' } = issuer
    if (url === '') this.#errors.push(required(path.child('url')))
    else this.#checkURL(url, path.child('url'), this.#disallowedIssuers)
    if (discoveryURL !== '') {
      const at = path.child('discoveryURL')
      if (url !== '' && withoutSlashes(url) === withoutSlashes(discoveryURL))
        this.#errors.push(invalid(at, discoveryURL, 'discoveryURL must be different from URL'))
      this.#checkURL(discoveryURL, at, [])
    }
    this.#checkAudiences(audiences, audienceMatchPolicy, path)
    const { certificateAuthority = '', egressSelectorType = '' } = issuer
    if (certificateAuthority !== '' && !isBundle(certificateAuthority))
      this.#errors.push(
        invalid(
          path.child('certificateAuthority'),
          '<omitted>',
          'data does not contain any valid RSA or ECDSA certificates',
        ),
      )
    if (!['', 'controlplane', 'cluster'].includes(egressSelectorType))
      this.#errors.push(
        invalid(
          path.child('egressSelectorType'),
          egressSelectorType,
          'egress selector must be either controlplane or cluster',
        ),
      )
  }

  #checkURL(text: string, path: FieldPath, disallowed: readonly string[]): void {
    const problem = (detail: string) => this.#errors.push(invalid(path, text, detail))
    if (disallowed.includes(text))
      problem(`URL must not overlap with disallowed issuers: [${[...disallowed].sort().join(' ')}]`)
    const unparseable = goURLProblem(text)
    if (unparseable !== undefined) {
      problem(unparseable)
      return
    }
    if (!/^https:/i.test(text)) problem('URL scheme must be https')
    const [, authority = ''] = /^[^:/?#]+:\/\/([^/?#]*)/.exec(text) ?? []
    if (authority.includes('@')) problem('URL must not contain a username or password')
    const [, query = ''] = /\?([^#]*)/.exec(text.replace(/#.*$/s, '')) ?? []
    if (query !== '') problem('URL must not contain a query')
    if (/#./s.test(text)) problem('URL must not contain a fragment')
  }

  #checkAudiences(audiences: readonly string[], policy: string, issuer: FieldPath): void {
    const path = issuer.child('audiences')
    if (audiences.length === 0) {
      this.#errors.push(required(path, `at least one ${path} is required`))
      return
    }
    for (const [index, audience] of audiences.entries()) {
      if (audience === '') this.#errors.push(required(path.index(index)))
      if (audiences.indexOf(audience) < index) this.#errors.push(duplicate(path.index(index), audience))
    }
    const at = issuer.child('audienceMatchPolicy')
    if (audiences.length > 1 && policy !== 'MatchAny')
      this.#errors.push(invalid(at, policy, 'audienceMatchPolicy must be MatchAny for multiple audiences'))
    if (audiences.length === 1 && policy !== '' && policy !== 'MatchAny')
      this.#errors.push(invalid(at, policy, 'audienceMatchPolicy must be empty or MatchAny for single audience'))
  }

  #claimRules(): CompiledRule[] {
    const rules: CompiledRule[] = []
    const claims = new Set<string>()
    const expressions = new Set<string>()
    for (const [index, rule] of (this.#declared.claimValidationRules ?? []).entries()) {
      const { claim = '', expression = '', message = '', requiredValue = '' } = rule
      const path = this.#path.child('claimValidationRules').index(index)
      if (claim !== '' && expression !== '')
        this.#errors.push(invalid(path, claim, "claim and expression can't both be set"))
      else if (claim === '' && expression === '') this.#errors.push(required(path, 'claim or expression is required'))
      else if (claim !== '') {
        if (message !== '')
          this.#errors.push(invalid(path.child('message'), message, 'may not be specified when claim is set'))
        if (claims.has(claim)) this.#errors.push(duplicate(path.child('claim'), claim))
        claims.add(claim)
      } else {
        if (requiredValue !== '')
          this.#errors.push(
            invalid(path.child('requiredValue'), requiredValue, 'may not be specified when expression is set'),
          )
        if (expressions.has(expression)) {
          this.#errors.push(duplicate(path.child('expression'), expression))
          continue
        }
        expressions.add(expression)
        const program = this.#compile('claims', expression, 'bool', path.child('expression'))
        if (!program) continue
        rules.push({ program, message })
        this.#verifying.push(expression)
      }
    }
    return rules
  }

  #mappings(): Pick<CompiledAuthenticator, 'username' | 'groups' | 'uid' | 'extra'> {
    const declared = this.#declared.claimMappings ?? {}
    const path = this.#path.child('claimMappings')
    const username = this.#claimOrExpression(declared.username ?? {}, path.child('username'), true)
    if (username) this.#verifying.push(username.expression)
    const groups = this.#claimOrExpression(declared.groups ?? {}, path.child('groups'), false)
    let uid: CelProgram | undefined
    if (declared.uid?.claim && declared.uid.expression)
      this.#errors.push(invalid(path.child('uid'), '', "claim and expression can't both be set"))
    else if (declared.uid?.expression)
      uid = this.#compile('claims', declared.uid.expression, 'any', path.child('uid', 'expression'))
    const extra = this.#extra(path.child('extra'))
    const expressions = this.#expressions
    if (
      expressions &&
      username &&
      expressions.selectsClaim(username.expression, 'email') &&
      !this.#verifying.some(expression => expressions.selectsClaim(expression, 'email_verified'))
    )
      this.#errors.push(
        invalid(
          path.child('username', 'expression'),
          username.expression,
          'claims.email_verified must be used in claimMappings.username.expression or claimMappings.extra[*].valueExpression or claimValidationRules[*].expression when claims.email is used in claimMappings.username.expression',
        ),
      )
    return { username, groups, uid, extra }
  }

  #claimOrExpression(
    { claim = '', expression = '', prefix }: PrefixedClaimOrExpression,
    path: FieldPath,
    isRequired: boolean,
  ): CelProgram | undefined {
    const before = this.#errors.length
    if (expression !== '' && claim !== '')
      this.#errors.push(invalid(path, '', "claim and expression can't both be set"))
    else if (expression !== '') {
      if (prefix !== undefined)
        this.#errors.push(invalid(path.child('prefix'), prefix, 'may not be specified when expression is set'))
      const program = this.#compile('claims', expression, 'any', path.child('expression'))
      return this.#errors.length === before ? program : undefined
    } else if (claim !== '') {
      if (prefix === undefined)
        this.#errors.push(
          required(
            path.child('prefix'),
            'prefix is required when claim is set. It can be set to an empty string to disable prefixing',
          ),
        )
    } else if (isRequired) this.#errors.push(required(path, 'claim or expression is required'))
    return undefined
  }

  #extra(path: FieldPath): { key: string; program: CelProgram }[] {
    const compiled: { key: string; program: CelProgram }[] = []
    const keys = new Set<string>()
    for (const [index, { key = '', valueExpression = '' }] of (this.#declared.claimMappings?.extra ?? []).entries()) {
      const at = path.index(index).child('key')
      this.#errors.push(...isDomainPrefixedPath(at, key))
      if (key !== key.toLowerCase()) this.#errors.push(invalid(at, key, 'must be lowercase'))
      if (isReserved(key))
        this.#errors.push(
          invalid(at, key, 'k8s.io, kubernetes.io and their subdomains are reserved for Kubernetes use'),
        )
      if (keys.has(key)) {
        this.#errors.push(duplicate(at, key))
        continue
      }
      keys.add(key)
      const where = path.index(index).child('valueExpression')
      if (valueExpression === '') {
        this.#errors.push(required(where))
        continue
      }
      const program = this.#compile('claims', valueExpression, 'any', where)
      if (!program) continue
      compiled.push({ key, program })
      this.#verifying.push(valueExpression)
    }
    return compiled
  }

  #userRules(): CompiledRule[] {
    const rules: CompiledRule[] = []
    const expressions = new Set<string>()
    for (const [index, rule] of (this.#declared.userValidationRules ?? []).entries()) {
      const { expression = '', message = '' } = rule
      const path = this.#path.child('userValidationRules').index(index).child('expression')
      if (expression === '') {
        this.#errors.push(required(path))
        continue
      }
      if (expressions.has(expression)) {
        this.#errors.push(duplicate(path, expression))
        continue
      }
      expressions.add(expression)
      const program = this.#compile('user', expression, 'bool', path)
      if (program) rules.push({ program, message })
    }
    return rules
  }

  #compile(
    over: 'claims' | 'user',
    expression: string,
    returns: 'bool' | 'any',
    path: FieldPath,
  ): CelProgram | undefined {
    const program = this.#expressions!.compileExpression(over, expression, returns)
    if (typeof program !== 'string') return program
    this.#errors.push(invalid(path, expression, program))
    return undefined
  }
}

const withoutSlashes = (url: string): string => url.replace(/\/+$/, '')

function isBundle(pem: string): boolean {
  try {
    return certificatesIn(pem).length > 0
  } catch {
    return false
  }
}

function isReserved(key: string): boolean {
  const slash = key.indexOf('/')
  const domain = slash < 0 ? '' : key.slice(0, slash)
  return ['kubernetes.io', 'k8s.io'].some(reserved => domain === reserved || domain.endsWith(`.${reserved}`))
}
