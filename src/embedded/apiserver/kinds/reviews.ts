import { COMMON, type Kind } from '../kind.ts';
import { kind } from '../schema/common-schemas.ts';
import { always, anything, boolean, pointer, string, struct } from '../schema/schema.ts';

const selfSubjectAccessReviewSchema = kind('SelfSubjectAccessReview', {
  spec: struct('SelfSubjectAccessReviewSpec', {
    resourceAttributes: pointer(
      struct('ResourceAttributes', {
        namespace: string,
        verb: string,
        group: string,
        version: string,
        resource: string,
        subresource: string,
        name: string,
      }),
    ),
    nonResourceAttributes: pointer(struct('NonResourceAttributes', { path: string, verb: string })),
  }),
  status: struct('SubjectAccessReviewStatus', {
    allowed: always(boolean),
    denied: boolean,
    reason: string,
    evaluationError: string,
  }),
});

const selfSubjectRulesReviewSchema = kind('SelfSubjectRulesReview', {
  spec: struct('SelfSubjectRulesReviewSpec', { namespace: string }),
  status: anything,
});

const REVIEW = { ...COMMON, group: 'authorization.k8s.io', namespaced: false, verbs: ['create'] };

const accessReviewKind: Kind = {
  ...REVIEW,
  kind: 'SelfSubjectAccessReview',
  resource: 'selfsubjectaccessreviews',
  singular: 'selfsubjectaccessreview',
  storage: '',
  schema: selfSubjectAccessReviewSchema,
  unowned: ['status'],
};

export const rulesReviewKind: Kind = {
  ...REVIEW,
  kind: 'SelfSubjectRulesReview',
  resource: 'selfsubjectrulesreviews',
  singular: 'selfsubjectrulesreview',
  storage: '',
  schema: selfSubjectRulesReviewSchema,
  unowned: ['status'],
};

/** Reviews are created like objects and answered at once, but never stored. */
export const REVIEW_KINDS: readonly Kind[] = [accessReviewKind, rulesReviewKind];
