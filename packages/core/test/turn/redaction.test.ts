import { expect, it } from 'vitest'
import {
  memoryStore,
  type Respond,
  type SessionsOptions,
  type SessionWarning,
  type TurnEvent,
} from '../../src/index.js'
import { alice, service, startGate } from '../service.js'
import { dumpOf } from './store-dump.js'
import { all, fast } from './turns.js'

// Alone, or at the end of more: the times in a dump have thirteen digits, and any four in them.
const number = /(?<!\d)(?:1234)?5678(?!\d)/

const redact = (text: string): string => text.replaceAll(/\d{4} ?\d{4}/g, '[number]')

async function scene(options: SessionsOptions = {}) {
  const store = memoryStore()
  const warnings: SessionWarning[] = []
  const onWarning = (warning: SessionWarning) => warnings.push(warning)
  const sessions = service({ store, turns: fast, redact, onWarning, ...options })
  return { store, warnings, sessions, session: await sessions.for(alice).create({ id: 'one' }) }
}

const said = (events: readonly TurnEvent[]) =>
  events.flatMap((event) => (event.type === 'text' ? [(event as { text: string }).text] : []))

/** The words of an answer, piece by piece. */
const saying = (...pieces: readonly (string | object)[]): Respond =>
  async function* () {
    yield* pieces
  }

it('redacts what stands half in one piece and half in the next, for every reader', async () => {
  const { session, store, sessions } = await scene()
  const turn = session.turn(
    'I am 1234 5678',
    saying('Call 12', '34', ' 56', '78 now.\nOr 43', '21 8765', '.'),
  )
  const live = await all(turn)
  const { text, message } = await turn.result
  expect(said(live)).toEqual(['Call [number] now.\n', 'Or [number].'])
  expect(text).toBe('Call [number] now.\nOr [number].')
  expect(message.content).toBe('I am [number]')
  const elsewhere = service({ store, turns: fast, redact })
  const again = await elsewhere.for(alice).get('one')
  const { turnId } = await turn.started
  expect(await all(again.watchTurn(turnId))).toEqual(live)
  expect(await dumpOf(store, 'acme')).not.toMatch(/(?<!\d)(?:5678|8765)(?!\d)/)
  await sessions.close()
})

it('tells each line as soon as it has ended', async () => {
  const { session } = await scene()
  const gate = startGate()
  const turn = session.turn('Hi', async function* () {
    yield 'one\ntw'
    await gate.opened
    yield 'o'
  })
  const texts: string[] = []
  for await (const event of turn) {
    if (event.type !== 'text') continue
    texts.push((event as { text: string }).text)
    gate.open()
  }
  expect(texts).toEqual(['one\n', 'two'])
})

it('gives a tool its input as the model gave it, and stores and tells it redacted', async () => {
  const { session, store } = await scene()
  const inputs: unknown[] = []
  const steps: unknown[] = []
  const respond: Respond = async function* (turn) {
    steps.push(turn.steps)
    if (turn.steps.length > 0) return yield 'Done.'
    yield 'I call 1234 5678'
    yield { type: 'tool-call', toolCallId: 'c', toolName: 'call', input: { to: '1234 5678' } }
  }
  const turn = session.turn('Call them', respond, {
    tools: {
      call: {
        execute: (input) => {
          inputs.push(input)
          return { rows: [{ called: '1234 5678' }], at: 5 }
        },
      },
    },
  })
  const events = await all(turn)
  expect(inputs).toEqual([{ to: '1234 5678' }])
  expect(steps[1]).toEqual([
    {
      role: 'assistant',
      content: [
        { type: 'text', text: 'I call [number]' },
        { type: 'tool-call', toolCallId: 'c', toolName: 'call', input: { to: '[number]' } },
      ],
    },
    {
      role: 'tool',
      content: [
        {
          type: 'tool-result',
          toolCallId: 'c',
          toolName: 'call',
          output: { rows: [{ called: '[number]' }], at: 5 },
        },
      ],
    },
  ])
  expect(JSON.stringify(events)).not.toMatch(number)
  expect(await dumpOf(store, 'acme')).not.toMatch(number)
})

it('redacts documents, sources and errors', async () => {
  const { session, store } = await scene()
  const turn = session.turn(
    'Hi',
    saying(
      { type: 'document', document: { id: 'd1', text: 'of 1234 5678', page: { title: '1234 5678' } } },
      { type: 'source', url: 'https://example.com/?n=12345678' },
      'Well, 1234 ',
      { type: 'usage', inputTokens: 3 },
      '5678',
      { type: 'error', message: 'over for 1234 5678' },
    ),
  )
  const events = await all(turn)
  const { status, error, text } = await turn.result
  expect({ status, error, text }).toEqual({
    status: 'failed',
    error: 'over for [number]',
    text: 'Well, [number]',
  })
  expect(JSON.stringify(events)).not.toMatch(number)
  expect(await dumpOf(store, 'acme')).not.toMatch(number)
})

it('takes the signature from reasoning that was redacted, and from no other', async () => {
  const { session } = await scene()
  const turn = session.turn(
    'Hi',
    saying(
      { type: 'reasoning', id: 'a', text: 'about 1234 ' },
      { type: 'reasoning', id: 'b', text: 'about nobody' },
      { type: 'reasoning', id: 'a', text: '5678' },
      { type: 'reasoning', id: 'a', text: '', signature: 'A' },
      { type: 'reasoning', id: 'b', text: '', signature: 'B' },
      'Hello',
    ),
  )
  const { reply } = await turn.result
  expect(reply.content).toEqual([
    { type: 'reasoning', id: 'a', text: 'about [number]' },
    { type: 'reasoning', id: 'b', text: 'about nobody', signature: 'B' },
    { type: 'text', text: 'Hello' },
  ])
})

it('keeps what was said before a turn was cancelled, redacted', async () => {
  const { session } = await scene()
  const begun = startGate()
  const turn = session.turn('Hi', async function* () {
    yield 'I am 1234 56'
    yield '78 and'
    begun.open()
    await new Promise(() => {})
  })
  await begun.opened
  await turn.cancel()
  expect(await turn.result).toMatchObject({ status: 'aborted', text: 'I am [number] and' })
})

it('ends a turn as failed, without the words, when its answer cannot be redacted', async () => {
  const failing = (text: string): string => {
    if (text.includes('secret')) throw new Error('away')
    return text
  }
  const { session, store, warnings } = await scene({ redact: failing })
  const turn = session.turn('Hi', saying('Hello\n', 'a secret\n', 'more'))
  const result = await turn.result
  expect(result).toMatchObject({ status: 'failed', code: 'redaction_failed', text: 'Hello\n' })
  expect(warnings.map(({ code }) => code)).toEqual(['redact_failed', 'respond_failed'])
  expect(await dumpOf(store, 'acme')).not.toContain('secret')
  expect(await session.currentTurn()).toBeUndefined()
})

it('frees the session of a cancelled turn whose redaction never ends', async () => {
  const asked = startGate()
  const hanging = (text: string): string | Promise<string> => {
    if (!text.includes('hang')) return text
    asked.open()
    return new Promise(() => {})
  }
  const { session } = await scene({ redact: hanging, turns: { ...fast, toolTimeoutMs: 30 } })
  const turn = session.turn('Hi', saying('Hello\n', 'hang\n', 'more'))
  await asked.opened
  await turn.cancel()
  expect(await turn.result).toMatchObject({ status: 'aborted', text: 'Hello\n' })
})

it('takes back a message whose redaction never ends', async () => {
  const asked = startGate()
  const hanging = (text: string): string | Promise<string> => {
    if (text !== 'hang') return text
    asked.open()
    return new Promise(() => {})
  }
  const { session } = await scene({ redact: hanging })
  const turn = session.turn('hang', saying('Hello'))
  await asked.opened
  await turn.cancel()
  const stop = new AbortController()
  const other = session.turn('hang', saying('Hello'), { signal: stop.signal })
  stop.abort()
  for (const { result } of [turn, other])
    await expect(result).rejects.toMatchObject({
      code: 'turn_lost',
      message: expect.stringContaining('withdrawn') as string,
    })
  await session.turn('Hi', saying('Hello')).result
  expect((await session.history()).messages.map(({ content }) => content)).toEqual(['Hi', 'Hello'])
})

it('cuts a line that does not end between words', async () => {
  const lengths: number[] = []
  const { session } = await scene({
    limits: { maxMessageLength: 5_000_000 },
    redact: (text) => {
      lengths.push(text.length)
      return text
    },
  })
  const answer = `${'word '.repeat(60_000)}end`
  const turn = session.turn('Hi', saying(answer.slice(0, 200_001), answer.slice(200_001)))
  expect((await turn.result).text).toBe(answer)
  expect(Math.max(...lengths)).toBeLessThanOrEqual(65_536)
  const told = (await all(turn)).flatMap((event) => (event.type === 'text' ? [event.text] : []))
  expect(told.length).toBeGreaterThan(3)
  expect(told.slice(0, -1).filter((text) => !text.endsWith(' '))).toEqual([])
})

it('recognizes a repeat by what is stored', async () => {
  let calls = 0
  const { session } = await scene()
  const respond: Respond = () => `call ${++calls}`
  const first = await session.turn('I am 1234 5678', respond, { key: 'k' }).result
  const again = await session.turn('I am 1234 5678', respond, { key: 'k' }).result
  expect(again.replayed).toBe(true)
  expect(again.reply.id).toBe(first.reply.id)
  const reuse = { ttlMs: 60_000 }
  await session.turn('Am I 1234 5678?', respond, { reuse }).result
  expect((await session.turn('Am I 8765 4321?', respond, { reuse }).result).reused).toBe(true)
  expect(calls).toBe(2)
})
