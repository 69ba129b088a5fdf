import type { Respond, Tools } from '@sessions/core'
import fc from 'fast-check'
import { z } from 'zod'
import { piece } from './parts.js'
import { anything } from './values.js'

/** An error that the code of a user throws on purpose: whoever calls that code may hear of it as it is. */
export class Planned extends Error {
  override readonly name = 'Planned'
}

/** What a `respond` hook does, step by step: as data, so that a failure can be told and made again. */
export interface Answer {
  readonly form:
    | 'generator'
    | 'sync generator'
    | 'list'
    | 'fullStream'
    | 'value'
    | 'broken iterator'
    | 'odd iterator'
    | 'stream'
  readonly pieces: readonly unknown[]
  readonly end:
    | 'ends'
    | 'throws'
    | 'throws undefined'
    | 'throws an odd error'
    | 'hangs'
    | 'throws before'
    | 'never ends'
}

export const answer: fc.Arbitrary<Answer> = fc.record({
  form: fc.constantFrom(
    ...(['generator', 'generator', 'generator', 'sync generator', 'list', 'fullStream', 'value'] as const),
    ...(['broken iterator', 'odd iterator', 'stream'] as const),
  ),
  pieces: fc.array(piece, { maxLength: 5 }),
  end: fc.constantFrom(
    ...(['ends', 'ends', 'ends', 'ends', 'ends', 'ends', 'throws', 'throws undefined'] as const),
    ...(['throws an odd error', 'throws before', 'hangs', 'never ends'] as const),
  ),
})

export const usualAnswer: Answer = { form: 'generator', pieces: ['usual'], end: 'ends' }

function throwAs(end: Answer['end']): void {
  if (end === 'throws' || end === 'throws before') throw new Planned('thrown by respond')
  // oxlint-disable-next-line only-throw-error
  if (end === 'throws undefined') throw undefined
  if (end !== 'throws an odd error') return
  const odd = new Error('odd')
  Object.defineProperty(odd, 'message', {
    get() {
      throw new Planned('thrown by a message')
    },
  })
  throw odd
}

/** What the hook gives back. */
export function play({ form, pieces, end }: Answer): unknown {
  if (end === 'throws before') throwAs(end)
  const finish = async (): Promise<void> => {
    if (end === 'hangs') await new Promise(() => {})
    throwAs(end)
  }
  async function* generator(): AsyncGenerator<unknown, void, undefined> {
    yield* pieces
    if (end === 'never ends' && pieces.length > 0) for (;;) yield* pieces
    await finish()
  }
  function* sync(): Generator<unknown, void, undefined> {
    yield* pieces
    throwAs(end)
  }
  switch (form) {
    case 'generator':
      return generator()
    case 'sync generator':
      return sync()
    case 'list':
      return pieces
    case 'fullStream':
      return { fullStream: generator() }
    case 'value':
      return pieces[0]
    case 'stream':
      return new ReadableStream({
        async start(controller) {
          for (const each of pieces) controller.enqueue(each)
          await finish()
          controller.close()
        },
      })
    case 'broken iterator':
      return {
        [Symbol.asyncIterator]: () => ({
          next: () => {
            throw new Planned('thrown by next')
          },
          return: () => Promise.reject(new Planned('rejected by return')),
        }),
      }
    case 'odd iterator':
      return { [Symbol.asyncIterator]: () => ({ next: () => pieces[0] }) }
  }
}

/** Tools that fail in every way a tool can. `locate` is not among them: it is the client's. */
export const tools: Tools = {
  echo: { execute: (input: unknown) => input },
  throws: {
    execute: () => {
      throw new Planned('thrown by a tool')
    },
  },
  hangs: { execute: () => new Promise(() => {}) },
  odd: {
    description: 'gives what JSON cannot hold',
    execute: () => ({ at: new Date(NaN), n: 1n, f: () => 1, m: new Map() }),
  },
  strict: { inputSchema: z.object({ n: z.number() }), execute: ({ n }: { n: number }) => n },
}

/** A hook that gives an answer, and is no hook at all now and then. */
export const respond: fc.Arbitrary<{ answer: Answer } | { hook: unknown }> = fc.oneof(
  { weight: 12, arbitrary: answer.map((each) => ({ answer: each })) },
  { weight: 1, arbitrary: anything.map((hook) => ({ hook })) },
)

export function toRespond(answered: { answer: Answer } | { hook: unknown }): Respond {
  return 'hook' in answered ? (answered.hook as Respond) : () => play(answered.answer) as never
}
