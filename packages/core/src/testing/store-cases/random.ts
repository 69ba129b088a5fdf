import * as fc from 'fast-check'
import { expect } from 'vitest'
import { newId } from '../../ids.js'
import { command, type Command, outcomeOf } from '../commands.js'
import { StoreModel } from '../model.js'
import type { StoreChapter, StoreUnderTest } from '../store-case.js'

const commands = fc.array(command, { minLength: 5, maxLength: 25, size: 'max' })
const runs = { numRuns: 100 }

/** Runs the steps on the store and on the model, and compares what each step says. */
async function expectLikeModel(
  stores: readonly StoreUnderTest['store'][],
  steps: readonly Command[],
): Promise<void> {
  const model = new StoreModel()
  const tenantId = newId()
  for (const [index, step] of steps.entries()) {
    const outcome = await outcomeOf(stores[index % stores.length]!, tenantId, step)
    expect(outcome, `step ${index + 1}`).toEqual(await outcomeOf(model, tenantId, step))
  }
}

export const randomCases: StoreChapter = {
  title: 'random calls give what a naive model gives',
  cases: [
    {
      title: 'through one instance',
      run: ({ store }) =>
        fc.assert(
          fc.asyncProperty(commands, (steps) => expectLikeModel([store], steps)),
          runs,
        ),
    },
    {
      title: 'through two instances in turn',
      run: ({ store, peer }) =>
        fc.assert(
          fc.asyncProperty(commands, (steps) => expectLikeModel([store, peer], steps)),
          runs,
        ),
    },
  ],
}
