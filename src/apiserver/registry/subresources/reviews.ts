// Kinds that are asked and answered but not kept: access reviews, token reviews, self reviews; and the tokens of service
// accounts.

import { TokenRequest } from '../../../api/authentication/v1/tokenrequest.ts'
import type { KubeObject } from '../../../api/resource.ts'
import { badRequest, notFound } from '../../../machinery/status-error.ts'
import { formatTime } from '../../../machinery/time.ts'
import { reviewToken, userInfoOf } from '../../authentication/reviews.ts'
import {
  answerTokenRequest,
  defaultExpirationSeconds,
  prepareTokenRequest,
} from '../../authentication/token-request.ts'
import { type AccessReviewKind, evaluateAccessReview, rulesFor } from '../../authorization/reviews.ts'
import type { RequestContext, Response } from '../../request.ts'
import type { ServerContext } from '../../server-context.ts'
import { answerKind, answerUnstored } from '../answers.ts'
import { decodeBody } from '../decode-body.ts'
import { manageCreated, managerOf } from '../field-management/field-manager.ts'
import type { ServedResource, SubresourceHandler } from '../registry.ts'
import { admitted, isDryRun } from '../write-context.ts'
import type { Handlers } from './subresources.ts'

type Review = (server: ServerContext, review: KubeObject, request: RequestContext) => object | Promise<object>

/** What stands in the answer besides its status. */
type Shown = (review: KubeObject, server: ServerContext) => KubeObject

const asSent: Shown = ({ kind, apiVersion, metadata, status: _status, ...review }) => ({
  kind,
  apiVersion,
  metadata: { ...metadata },
  ...review,
})

function checkNamespace({ metadata }: KubeObject, { info }: RequestContext): void {
  if (metadata?.namespace && metadata.namespace !== info.namespace)
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
}

/** Answers the review with its status filled in. */
function reviewed(statusOf: Review, shown = asSent): Handlers {
  const create: SubresourceHandler = async (server, resource, request) => {
    const review = await decodeBody(request, resource.declaration)
    request.audit?.requestObject(review)
    if (resource.declaration.namespaced) {
      checkNamespace(review, request)
      review.metadata.namespace = request.info.namespace
    }
    manageCreated(server, resource, managerOf(request), review)
    const { name = '' } = review.metadata
    const asked = await admitted(server, resource, request, 'CREATE', review, name, isDryRun(request))
    const status = await statusOf(server, asked, request)
    const answer = { ...shown(asked, server), status }
    return answerUnstored(server, resource, request, answer, 201)
  }
  return { create }
}

const access = (kind: AccessReviewKind): Handlers =>
  reviewed((server, review, { user }) => evaluateAccessReview(kind, review, user, server.authorizer))

async function createToken(
  server: ServerContext,
  resource: ServedResource,
  request: RequestContext,
): Promise<Response> {
  const { namespace, name } = request.info
  const expected = { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest', schema: TokenRequest }
  const asked = await decodeBody(request, expected)
  request.audit?.requestObject(asked)
  checkNamespace(asked as KubeObject, request)
  asked['spec'] ??= {}
  asked['spec'].expirationSeconds ??= defaultExpirationSeconds
  manageCreated(server, resource, managerOf(request), asked as KubeObject, 'token')
  const accountOf = (): KubeObject => {
    const stored = server.registry.storage('serviceaccounts').get(namespace, name)
    if (!stored) throw notFound({ group: '', resource: 'serviceaccounts' }, name)
    return stored.object
  }
  const prepare = (wanted: KubeObject) => prepareTokenRequest(wanted, accountOf(), server.tokens.audiences)
  const granted = await admitted(server, resource, request, 'CREATE', asked as KubeObject, name, false, prepare)
  const { tokens: issuer, objects, env } = server
  const { object: answer, credentialID } = answerTokenRequest(granted, accountOf(), {
    issuer,
    objects,
    now: env.clock.now(),
    warnings: request.warnings,
  })
  request.audit?.annotate('authentication.kubernetes.io/issued-credential-id', credentialID)
  return answerKind(request, TokenRequest, answer, 201)
}

export const reviewSubresources: Readonly<Record<string, Handlers>> = {
  'subjectaccessreviews.authorization.k8s.io': access('SubjectAccessReview'),
  'localsubjectaccessreviews.authorization.k8s.io': access('LocalSubjectAccessReview'),
  'selfsubjectaccessreviews.authorization.k8s.io': access('SelfSubjectAccessReview'),
  // These two answer a new object instead of the one that was sent.
  'selfsubjectrulesreviews.authorization.k8s.io': reviewed(
    (server, review, { user }) => rulesFor(user, review['spec']?.namespace ?? '', server.authorizer),
    ({ kind, apiVersion }) => ({ kind, apiVersion, metadata: {}, spec: {} }),
  ),
  'tokenreviews.authentication.k8s.io': reviewed((server, review) =>
    reviewToken(review['spec'] ?? {}, server.authenticator, server.apiAudiences),
  ),
  'selfsubjectreviews.authentication.k8s.io': reviewed(
    (_server, _review, { user }) => ({ userInfo: userInfoOf(user) }),
    ({ kind, apiVersion }, { env }) => ({
      kind,
      apiVersion,
      metadata: { creationTimestamp: formatTime(env.clock.now()) },
    }),
  ),
  'serviceaccounts/token': { create: createToken },
}
