// Policies with their expressions compiled: once for each stored object, since a changed policy is another one.
//
// Brings CEL with it: import this file dynamically.

import type { MatchCondition } from '../../../api/admissionregistration/v1/matchresources.ts'
import type { ParamKind } from '../../../api/admissionregistration/v1/paramref.ts'
import { type Compiled, PolicyCompiler } from '../../../api/admissionregistration/v1/policy-expressions.ts'

interface PolicyWithExpressions {
  readonly spec: {
    readonly paramKind?: ParamKind
    readonly variables?: readonly { readonly name: string; readonly expression: string }[]
    readonly matchConditions?: readonly MatchCondition[]
  }
}

/** What validating and mutating policies have in common. */
export interface CompiledConditions {
  readonly variables: ReadonlyMap<string, Compiled>
  readonly conditions: readonly Compiled[]
}

export interface PolicyOptions {
  readonly params: boolean
  readonly authorizer: boolean
}

/** Compiles policies as they come; `compileOwn` does what only this kind of policy has. */
export function compiledPolicies<P extends PolicyWithExpressions, Own>(
  compileOwn: (policy: P, compiler: PolicyCompiler, options: PolicyOptions) => Own,
): (policy: P) => CompiledConditions & Own {
  return onceFor((policy: P) => {
    const { paramKind, variables = [], matchConditions = [] } = policy.spec
    const compiler = new PolicyCompiler()
    const options = { params: paramKind !== undefined, authorizer: true }
    for (const { name, expression } of variables) compiler.addVariable(name, expression, options)
    return {
      variables: compiler.variables,
      conditions: matchConditions.map(({ expression }) => compiler.compile(expression, ['bool'], options)),
      ...compileOwn(policy, compiler, options),
    }
  })
}

/** Remembers what was made of an object as long as there is one. */
export function onceFor<From extends object, To>(make: (from: From) => To): (from: From) => To {
  const made = new WeakMap<From, To>()
  return from => {
    let known = made.get(from)
    if (known === undefined) {
      known = make(from)
      made.set(from, known)
    }
    return known
  }
}
