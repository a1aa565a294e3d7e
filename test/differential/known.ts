// Where k8ts differs from a stock server, knowingly, and why. Whatever else differs is a mistake.

import type { Difference } from './compare.ts'
import type { Finding } from './run.ts'

export interface Known {
  readonly why: string
  /** Of `subject: case`. */
  readonly of?: RegExp
  /** Where they differ; anywhere when absent. */
  readonly at?: RegExp
  /** What the stock server's value reads like. */
  readonly stock?: RegExp
  /** One difference of the kind explains all others of the same request. */
  readonly whole?: boolean
}

export const known: readonly Known[] = [
  {
    why: 'the stock server crashes on the request (a nil pointer in its validation)',
    of: /^(create|update) (Job|CustomResourceDefinition)|whole schema|schema: |custom: definitions|contents: protobuf$/,
    at: /^status$|^header|^body/,
    stock: /^0$|^undefined$|^false$|socket hang up|ECONNRESET/,
  },
  {
    why: 'a role that the controllers of another release need',
    of: /^reading: tables: at the start.*clusterrole/,
    at: /items$|rows$/,
  },
  {
    why: 'no server of k8ts has peers, a lease that tells who serves, or a connection to itself over TLS',
    of: /readyz|livez|healthz|(GET|POST|PUT|PATCH|DELETE|OPTIONS) \/(index\.html)?$/,
    at: /^body/,
  },
  { why: 'the program, its age and its flags are others', of: /\/(flagz|statusz)/, at: /^body/ },
  {
    why: 'conflicts with several managers come in the order of a Go map, which is another each time',
    of: /two conflicts/,
    at: /details\.causes/,
  },
  {
    why: 'a null that the other version of an autoscaler leaves',
    of: /horizontalpodautoscalers/,
    at: /currentMetrics|current-metrics/,
  },
  {
    why: 'whose the condition of a flow schema is depends on who was first, the server or who said otherwise',
    of: /flowschemas|FlowSchema/,
    at: /managedFields|^body .*k8s|^body $/,
  },
  { why: 'a log is text, whatever form of an object is asked for', of: /^negotiation: accepted forms: .*\/log$/ },
  {
    why: "a path that ends where a resource should begin is nobody's",
    of: /^odd requests: paths: .*(\/v1\/watch\/?|\/odd\/\/)( as \w+)?$/,
  },
  {
    why: 'a document asked for in no form at all is answered without a word in a stock server',
    of: /^negotiation: accepted forms: (json|,|;) of \/openapi/,
    at: /^header x-kubernetes-pf/,
  },
  {
    why: 'a namespace that is two dots is refused by the store of a stock server',
    of: /^deletion: namespaces that stay: .* in \.\.$/,
    stock: /^500$|invalid key|Failure|Status|undefined/,
    whole: true,
  },
  {
    why: 'the first ServiceCIDR is as the controllers make it',
    of: /at the start.*servicecidrs/,
    at: /managedFields|finalizers/,
  },
  { why: 'the port that is served is another', of: /at the start.*services/, at: /targetPort/ },
  {
    why: 'a watch from the start waits for etcd in a stock server, and may give up',
    of: /watch/,
    stock: /ERROR|Too large resource version|context deadline exceeded/,
    whole: true,
  },
  {
    why: 'mistakes of an embedded resource come in the order of a Go map, which is another each time',
    of: /^custom: contents: .*embedded/,
    at: /message$|causes/,
  },
  {
    why: 'a whole number is an integer, also where it is written as a float',
    of: /^custom: contents: number size = (1\.0|1e3)$/,
    at: /message$|causes/,
  },
  {
    why: 'an applied null that is dropped in the end counts as a change in upstream',
    of: /^custom: contents: apply any = null/,
    at: /generation/,
  },
  { why: 'the controllers of definitions take their time in a stock server', of: /^custom: objects: the definition/ },
  { why: 'OpenAPI of custom resources refers to declarations in other words', of: /^custom: .*openapi/ },
  {
    why: 'the order of conflicts with several managers is that of a map in Go',
    of: /conflicts with all/,
    at: /details\.causes/,
  },
  {
    why: 'whether there is its priority level is told a moment after a flow schema is created',
    of: /^update FlowSchema flowcontrol\.apiserver\.k8s\.io\/v1: as it is$/,
    at: /^body \.status\.conditions$/,
    stock: /"type":"Dangling","status":"False"/,
  },
  {
    why: 'what is sent empty and was nothing before is a change to upstream, of the generation and of who manages it',
    of: /^(update NetworkPolicy|status of (HorizontalPodAutoscaler|Node)) .* (= |added: )(\[\]|\{\})$/,
    at: /generation$|managedFields/,
  },
  {
    why: 'a patch that makes an object of another kind is refused for the kind, not for what that kind cannot hold',
    of: /^every kind: subresources: .* merge another kind$/,
    at: /message$/,
  },
  { why: 'addresses come from whichever ServiceCIDR there is', of: /services/, stock: /^10\.\d+\.\d+\.\d+$/ },
]

/** The differences of a finding that nothing above explains. */
export function unexplained({ subject, name, differences }: Finding): readonly Difference[] {
  const title = `${subject}: ${name}`
  const ofTitle = known.filter(({ of }) => of?.test(title) ?? true)
  const explains = ({ at, stock }: Known, difference: Difference): boolean =>
    (at?.test(difference.at) ?? true) && (stock?.test(text(difference.stock)) ?? true)
  if (ofTitle.some(entry => entry.whole && differences.some(difference => explains(entry, difference)))) return []
  return differences.filter(difference => !ofTitle.some(entry => explains(entry, difference)))
}

const text = (value: unknown): string => (typeof value === 'object' ? JSON.stringify(value) : String(value))
