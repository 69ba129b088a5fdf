import { expect, it } from 'vitest'
import { extractingFacts } from '../../src/service/extracting-facts.js'
import { Redaction } from '../../src/service/redaction.js'

/** Redacts by putting brackets around a text, and tells where each stood. */
function scene(redact: (text: string) => unknown = (text) => `[${text}]`) {
  const seen: string[] = []
  const warnings: { code: string; message: string; cause?: unknown }[] = []
  const redaction = new Redaction(
    ((text: string, { role, path }: { role?: string; path: string }) => {
      seen.push(`${role ?? '-'} ${path}`)
      return redact(text)
    }) as never,
    (warning) => warnings.push(warning),
  )
  return { redaction, seen, warnings }
}

it('each part is redacted where it says something, and what names something stays', async () => {
  const { redaction, seen } = scene()
  const part = (given: object) => redaction.part(given as never, 'assistant')
  expect(await part({ type: 'text', text: 'a', note: 'b', providerMetadata: { x: 'y' } })).toEqual({
    type: 'text',
    text: '[a]',
    note: '[b]',
    providerMetadata: { x: 'y' },
  })
  expect(await part({ type: 'reasoning', text: 'hm', signature: 's' })).toEqual({
    type: 'reasoning',
    text: '[hm]',
  })
  const call = { type: 'tool-call', toolCallId: 'c', toolName: 't' }
  expect(await part({ ...call, input: { q: 'who', n: 5, deep: [null, 'x'] } })).toEqual({
    ...call,
    input: { q: '[who]', n: 5, deep: [null, '[x]'] },
  })
  expect(await part({ ...call, input: undefined })).toEqual({ ...call, input: null })
  const result = { type: 'tool-result', toolCallId: 'c' }
  expect(await part({ ...result, output: 'found' })).toEqual({ ...result, output: '[found]' })
  expect(await part(result)).toEqual({ ...result, output: null })
  const named = {
    type: 'data-x',
    id: 'i',
    toolCallId: 'c',
    toolName: 't',
    approvalId: 'a',
    mediaType: 'm',
    signature: 's',
  }
  expect(await part({ ...named, providerOptions: { o: 'p' }, data: 'said' })).toEqual({
    ...named,
    providerOptions: { o: 'p' },
    data: '[said]',
  })
  expect(seen).toEqual(
    ['note', 'text', 'text', 'input.q', 'input.deep[1]', 'output', 'data'].map((path) => `assistant ${path}`),
  )
  // Thoughts that stay as they are keep their signature.
  const thought = { type: 'reasoning', text: 'hm', signature: 's' }
  expect(await scene((text) => text).redaction.part(thought as never, 'assistant')).toEqual(thought)
})

it('a message is redacted as a whole, and no longer than it may be', async () => {
  const { redaction, seen } = scene()
  expect(await redaction.message({ role: 'user', content: 'Hi' })).toEqual({ role: 'user', content: '[Hi]' })
  expect(
    await redaction.message({
      role: 'user',
      name: 'Ada',
      metadata: { a: 'b' },
      content: [{ type: 'text', text: 'Hi' }],
    }),
  ).toEqual({
    role: 'user',
    name: '[Ada]',
    metadata: { a: '[b]' },
    content: [{ type: 'text', text: '[Hi]' }],
  })
  expect(seen).toEqual(['user text', 'user text', 'user name', 'user metadata.a'])
  const long = scene((text) => ` ${text}${'x'.repeat(300)}`)
  expect(await long.redaction.title('a', 'title')).toBe(`a${'x'.repeat(198)}`)
  expect([await redaction.text('', 'p'), seen.length]).toEqual(['', 4])
})

it('what stood there before is asked of nobody, and neither are bytes', async () => {
  const { redaction, seen } = scene()
  const before = { a: 'same', list: ['one', 'two'], deep: { b: 'x' } }
  const now = { a: 'same', list: ['one', 'three', 'four'], deep: { b: 'y', c: 'z' }, toString: 'own' }
  expect(await redaction.json(now, 'state', undefined, before)).toEqual({
    a: 'same',
    list: ['one', '[three]', '[four]'],
    deep: { b: '[y]', c: '[z]' },
    toString: '[own]',
  })
  expect(seen).toEqual(
    ['list[1]', 'list[2]', 'deep.b', 'deep.c', 'toString'].map((path) => `- state.${path}`),
  )
  seen.length = 0
  expect(await redaction.json({ a: ['x'] }, 'p', undefined, { a: 'x' })).toEqual({ a: ['[x]'] })
  expect(await redaction.json(['x'], 'p', 'user', 'x')).toEqual(['[x]'])
  const image = `data:image/png;base64,${'A'.repeat(4000)}`
  expect(await redaction.json([image, `${image} and a word`], 'p')).toEqual([image, `[${image} and a word]`])
  const same = { deep: ['x'] }
  expect(await redaction.json(same, 'p', undefined, same)).toBe(same)
})

it('of a body what is new, and all phases of one that was not here before', async () => {
  const { redaction, seen } = scene()
  const body = { state: { a: 'x' }, preferences: { b: 'y' }, journey: ['p', 'q'], facts: ['kept'] } as never
  expect(await redaction.body(body)).toEqual({
    state: { a: '[x]' },
    preferences: { b: '[y]' },
    journey: ['[p]', '[q]'],
    facts: ['kept'],
  })
  expect(seen).toEqual(['- state.phase', '- state.phase', '- state.a', '- preferences.b'])
  seen.length = 0
  const { state, preferences } = body as { state: object; preferences: object }
  expect(await redaction.body(body, body)).toBe(body)
  const changed = { state, preferences: { b: 'z' }, journey: ['p'] } as never
  expect(await redaction.body(changed, { state, preferences } as never)).toEqual({
    state,
    preferences: { b: '[z]' },
    journey: ['p'],
  })
  expect(seen).toEqual(['- preferences.b'])
  const bare = { state: {}, preferences: {} } as never
  expect(await redaction.body(bare)).toEqual(bare)
})

it('what fails, or gives no text, is a warning, and the text is stored nowhere', async () => {
  for (const [redact, said] of [
    [() => null, 'redact gave null instead of a text'],
    [() => undefined, 'redact gave undefined instead of a text'],
    [() => 5, 'redact gave number instead of a text'],
    [() => Promise.reject(new TypeError('odd')), 'odd'],
  ] as const) {
    const { redaction, warnings } = scene(redact)
    const cause = new TypeError(said)
    await expect(redaction.text('a', 'p')).rejects.toMatchObject({
      code: 'redaction_failed',
      message: 'A text could not be redacted, so it was not stored.',
      cause,
    })
    const message = 'redact threw, took too long, or gave no text; what it was to redact is not stored.'
    expect(warnings).toEqual([{ code: 'redact_failed', message, cause }])
  }
})

it('facts of the application are facts, or none, and why', async () => {
  const failures: string[] = []
  const extracted = (given: unknown) =>
    extractingFacts((() => given) as never, (cause) => failures.push((cause as Error).message))!({} as never)
  expect(extractingFacts(undefined, () => {})).toBeUndefined()
  const facts = [
    { text: 'a' },
    { text: 'x'.repeat(1000), subject: '' },
    { text: 'b', subject: 'x'.repeat(1000) },
  ]
  expect([extracted(facts), extracted(undefined), extracted(null), failures]).toEqual([facts, [], [], []])
  for (const wrong of ['a', {}, Promise.reject(new Error('late')), 5]) expect(extracted(wrong)).toEqual([])
  expect(failures.splice(0)).toEqual(Array.from({ length: 4 }, () => 'extractFacts gave no list'))
  for (const wrong of [
    { text: '' },
    { text: 'x'.repeat(1001) },
    { text: 5 },
    { text: 'a', subject: 5 },
    { text: 'a', subject: 'x'.repeat(1001) },
    null,
    undefined,
    'a',
  ])
    expect(extracted([{ text: 'fine' }, wrong])).toEqual([])
  expect(failures).toEqual(Array.from({ length: 8 }, () => 'extractFacts gave no fact at [1]'))
  failures.length = 0
  const throwing = extractingFacts(
    () => {
      throw new Error('odd')
    },
    (cause) => failures.push((cause as Error).message),
  )!
  expect([throwing({} as never), failures]).toEqual([[], ['odd']])
})
