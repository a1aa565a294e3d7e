// What evaluations may cost (apiserver pkg/apis/cel).

/** What one evaluation may cost. */
export const perCallLimit = 1_000_000
/** What all the rules of one object, or of one policy binding, may cost at run time. */
export const runtimeCostBudget = 10_000_000
/** What the match conditions of one webhook or policy may cost. */
export const matchConditionsCostBudget = 2_500_000
/** The longest message a messageExpression may make, in bytes. */
export const maxMessageBytes = 5 * 1024
