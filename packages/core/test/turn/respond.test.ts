import { expect, it } from 'vitest'
import * as z from 'zod'
import type { Respond, SessionError, SessionWarning, TurnPart } from '../../src/index.js'
import { startGate } from '../service.js'
import { echo, fast, opened } from './turns.js'

/** A session, and what the application is told of its failures. */
async function place(turns: object = fast) {
  const warnings: SessionWarning[] = []
  const session = await opened({ turns, onWarning: (warning) => warnings.push(warning) })
  return { session, told: () => warnings.splice(0).map(({ code, message }) => `${code}: ${message}`) }
}
const call = (toolName: string, input: object = {}): TurnPart => ({
  type: 'tool-call',
  toolCallId: `of ${toolName}`,
  toolName,
  input: input as never,
})
/** Calls tools first, and says then what it was told of them. */
const calling =
  (...calls: readonly TurnPart[]): Respond =>
  ({ steps }) =>
    steps.length === 0
      ? calls
      : JSON.stringify((steps[1]!.content as unknown as { output: unknown }[]).map(({ output }) => output))

it('is told of its tools, its options, and the messages of the turn', async () => {
  const { session } = await place()
  const json = { type: 'object' as const }
  const tools = {
    bare: { execute: () => 1 },
    json: { description: 'by JSON', inputSchema: json, execute: () => 2 },
    zod: {
      description: 'by zod',
      inputSchema: z.object({ n: z.number().default(3) }),
      execute: ({ n }: { n: number }) => n,
    },
  }
  const seen: unknown[] = []
  const { text } = await session.turn(
    'Hi',
    async (turn) => {
      const { steps, tools: described, options } = turn
      const { messages } = await turn.context({ maxTokens: 1000 })
      seen.push([steps.map(({ role }) => role), messages.map(({ role }) => role), options])
      expect(described).toStrictEqual([
        { name: 'bare' },
        { name: 'json', description: 'by JSON', inputSchema: json },
        {
          name: 'zod',
          description: 'by zod',
          inputSchema: expect.objectContaining({
            type: 'object',
            properties: { n: { type: 'number', default: 3 } },
          }),
        },
      ])
      // A field with a default may be missing.
      expect(JSON.stringify(described)).not.toContain('required')
      return calling(call('bare'), call('json', { odd: true }), call('zod'))(turn)
    },
    { tools },
  ).result
  expect(text).toBe('[1,2,3]')
  expect(seen).toEqual([
    [[], ['user'], {}],
    [['assistant', 'tool'], ['user', 'assistant', 'tool'], {}],
  ])
})

it('tells the model of a tool that fails, and the application too', async () => {
  const { session, told } = await place({ ...fast, toolTimeoutMs: 50 })
  const signals: AbortSignal[] = []
  const tools = {
    error: { execute: () => Promise.reject(new Error('sold out')) },
    thrown: {
      execute: () => {
        throw 'a text'
      },
    },
    wrong: { inputSchema: z.object({ sku: z.string() }), execute: () => 'never' },
    late: {
      execute: (_: never, { signal }: { signal: AbortSignal }) => (
        signals.push(signal),
        new Promise(() => {})
      ),
    },
  }
  const { text, replies } = await session.turn(
    'Hi',
    calling(call('error'), call('thrown'), call('wrong', { sku: 7 }), call('late')),
    { tools },
  ).result
  expect(JSON.parse(text)).toEqual([
    'sold out',
    'The tool failed.',
    expect.stringContaining('sku'),
    'The tool took longer than 50 ms.',
  ])
  expect(replies[1]!.content).toMatchObject(
    Object.keys(tools).map((toolName) => ({ toolName, isError: true })),
  )
  expect(signals[0]!.aborted).toBe(true)
  expect(told().toSorted()).toEqual(
    Object.keys(tools)
      .map((name) => `tool_failed: The tool ${name} failed.`)
      .toSorted(),
  )
})

it('runs no tool that it was not given, and as many steps as it may', async () => {
  const { session, told } = await place({ ...fast, maxSteps: 2 })
  const { replies } = await session.turn('Hi', () => [call('toString'), 'so'], { tools: {} }).result
  expect(replies.map(({ role }) => role)).toEqual(['assistant'])
  for (const [times, status] of [
    [1, 'completed'],
    [2, 'failed'],
  ] as const) {
    let asked = 0
    const result = await session.turn('Hi', () => (asked++ < times ? call('more') : 'enough'), {
      tools: { more: { execute: () => 1 } },
    }).result
    expect([result.status, asked]).toEqual([status, 2])
    if (status === 'failed')
      expect(result).toMatchObject({
        code: 'limit_reached',
        error: 'The model called tools in 2 steps in a row.',
        cause: { path: 'maxSteps' },
      })
  }
  expect(told()).toHaveLength(1)
})

it('stops a tool with its turn, which is no failure of the tool', async () => {
  const { session, told } = await place()
  const begun = startGate()
  let given: AbortSignal | undefined
  const execute = (_: never, { signal }: { signal: AbortSignal }) => {
    given = signal
    begun.open()
    return new Promise(() => {})
  }
  const turn = session.turn('Hi', () => [call('long')], { tools: { long: { execute } } })
  await begun.opened
  await turn.cancel()
  expect((await turn.result).status).toBe('aborted')
  expect(given!.aborted).toBe(true)
  expect(told()).toEqual([])
})

it('ends an iterator that it leaves, and none that has ended', async () => {
  for (const sort of ['sync', 'async'] as const) {
    for (const [end, status, returned] of [
      ['done', 'completed', 0],
      ['thrown', 'failed', 1],
      ['wrong', 'failed', 1],
      ['stopped', 'aborted', 1],
    ] as const) {
      const { session } = await place()
      let left = 0
      const hanging = startGate()
      const next = (at: number): unknown => {
        if (at === 1) return { value: 'Hi', done: false }
        if (end === 'done') return { value: 'not said', done: true }
        if (end === 'thrown') throw new Error('down')
        if (end === 'wrong') return { value: { type: 'text' }, done: false }
        hanging.open()
        return new Promise(() => {})
      }
      let at = 0
      const iterator = {
        next: () => next(++at) as never,
        // However it takes that, the turn has ended.
        return: () => {
          left++
          if (sort === 'sync') throw new Error('not now')
          return Promise.reject(new Error('nor later')) as never
        },
      }
      const answer = { [sort === 'sync' ? Symbol.iterator : Symbol.asyncIterator]: () => iterator }
      const turn = session.turn('?', () => answer as never)
      if (end === 'stopped') {
        await hanging.opened
        await turn.cancel()
      }
      expect([end, (await turn.result).status, left, (await turn.result).text]).toEqual([
        end,
        status,
        returned,
        'Hi',
      ])
    }
  }
})

it('refuses what is no answer, and says what it was, but no word of it', async () => {
  const { session, told } = await place()
  const fields = Object.fromEntries(Array.from({ length: 25 }, (_, n) => [`f${n}`, 'secret']))
  for (const [answer, warned] of [
    [undefined, 'respond gave neither text nor parts'],
    [null, 'respond gave neither text nor parts'],
    [7, 'respond gave neither text nor parts'],
    [{ fullStream: 7 }, 'respond gave a part (object) with the fields fullStream: part.type'],
    [[true], 'respond gave a part (boolean): part is neither a text nor an object'],
    [[['secret', 7]], 'respond gave a part (number): part is neither a text nor an object'],
    [[{ type: 'x'.repeat(150), text: 7, ...fields, document: undefined }], undefined],
    [[{ type: 7, said: 'secret' }], 'respond gave a part (object) with the fields type, said: part.type'],
    [
      [{ ...fields }],
      `respond gave a part (object) with the fields ${Object.keys(fields).slice(0, 20).join(', ')}: part.type`,
    ],
    [
      [{ type: 'text', ['n'.repeat(400)]: 1 }],
      `respond gave a part of the type text with the fields type, ${'n'.repeat(294)}: part.text`,
    ],
    [{ [Symbol.iterator]: () => ({ next: () => 7 }) }, 'respond gave an iterator whose next gives no object'],
    [
      { [Symbol.iterator]: () => ({ next: () => null }) },
      'respond gave an iterator whose next gives no object',
    ],
  ] as [unknown, string | undefined][]) {
    const result = await session.turn('Hi', () => answer as never).result
    const [warning = ''] = told()
    expect(warning).not.toContain('secret')
    if (warned === undefined) continue
    expect(result).toMatchObject({ status: 'failed', code: 'model_failed', error: 'The model failed.' })
    const isPart = warned.includes(': part')
    const path = isPart ? /: (part[.\w]*)/.exec(warned)![1] : 'respond'
    const cause = result.cause as SessionError
    const inner = cause.cause as SessionError | undefined
    expect([cause.code, cause.path, inner?.path]).toEqual(['invalid', path, isPart ? path : undefined])
    expect(warning).toContain(
      `respond_failed: A turn failed: respond threw, or gave something invalid. ${warned}`,
    )
  }
})

it('takes the stream of an SDK, and what a model says of its failure', async () => {
  const { session } = await place()
  const fullStream = ['He', 'llo']
  expect((await session.turn('Hi', () => ({ fullStream }) as never).result).text).toBe('Hello')
  const failed = await session.turn('Hi', () => ['He', { type: 'error', message: 'no room' }, 'llo']).result
  expect(failed).toMatchObject({ status: 'failed', code: 'model_failed', error: 'no room', text: 'He' })
  expect((await session.turn('Ho', echo).result).status).toBe('completed')
})
