import { atOnce } from '../async/slices.js'
import type { ContextChoice, ContextSituation, ContextStrategy } from './strategy.js'

type Choosing = (situation: ContextSituation) => Generator<void, ContextChoice>

// By `choose`, so that a strategy that copies ours and replaces it chooses in its own way.
const stepsOf = new WeakMap<ContextStrategy['choose'], Choosing>()

/** A strategy that chooses in steps; its `choose` takes all of them at once. */
export function stepByStep({
  choosing: steps,
  ...strategy
}: Pick<ContextStrategy, 'name' | 'needs'> & { readonly choosing: Choosing }): ContextStrategy {
  const choose = (situation: ContextSituation): ContextChoice => atOnce(steps(situation))
  stepsOf.set(choose, steps)
  return { ...strategy, choose }
}

/** The choice of any strategy, in as many steps as it has. */
export function* choosing(
  strategy: ContextStrategy,
  situation: ContextSituation,
): Generator<void, ContextChoice> {
  yield
  // oxlint-disable-next-line typescript/unbound-method
  const steps = stepsOf.get(strategy.choose)
  return steps === undefined ? strategy.choose(situation) : yield* steps(situation)
}
