import type { SessionApi } from '@sessions/core/http'
import fc from 'fast-check'
import { type Answer, answer } from './answer.js'
import { fromSchema, type Schema } from './from-schema.js'
import { escapedText, finite, json, text } from './values.js'

export type Caller = 'owner' | 'guest' | 'other' | 'admin' | 'nobody' | 'refused' | 'elsewhere'

export type Body =
  | { readonly json: unknown }
  | { readonly text: string }
  | { readonly bytes: readonly number[] }
  /** It breaks off after the text. */
  | { readonly broken: string }

/** One request as data, with placeholders where the run knows more. */
export interface FuzzedRequest {
  readonly method: string
  readonly path: string
  readonly query: readonly (readonly [string, string])[]
  readonly headers: readonly (readonly [string, string])[]
  readonly body: Body | undefined
  readonly as: Caller
  readonly hangsUp: 'never' | 'before' | 'meanwhile'
  readonly answer: Answer
}

interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly schema: Schema }[]
  readonly requestBody?: {
    readonly content: {
      readonly 'application/json'?: { readonly schema: Schema }
      readonly 'application/jsonl'?: object
    }
  }
}

const json5 = fc.constantFrom(
  '',
  ' ',
  '{',
  '[',
  '{"a":',
  '{"a":1,"a":2}',
  'NaN',
  'undefined',
  '{"a":1e999}',
  '\ufeff{}',
  '"\\ud800"',
  '{"a":"\u0000"}',
  '[]',
  'null',
  '0',
  '""',
  '{}x',
  "{'a':1}",
  '{"a":1,}',
  '['.repeat(50_000),
  '{"a":'.repeat(5000),
  '{"__proto__":{"admin":true}}',
)

/** Requests to every route that the API describes, so that a new one is among them; and some to none. */
export function requestsTo(api: Pick<SessionApi, 'routes' | 'openApi'>): fc.Arbitrary<FuzzedRequest> {
  const paths = api.openApi['paths'] as unknown as Record<string, Record<string, Operation>>
  const routes = [
    ...api.routes.map(({ method, path }) => toRequest(method, path, paths[path]![method.toLowerCase()]!)),
    toRequest('GET', '/sessions/openapi.json', {}),
    toRequest('POST', '/sessions/{id}/nothing', {}),
  ]
  // Half of all sessions' life is messages, and half of what is said of them is odd.
  const talk = api.routes.findIndex(({ path, method }) => method === 'POST' && path.endsWith('/message'))
  return fc.oneof(...routes, ...(talk === -1 ? [] : [{ weight: 6, arbitrary: routes[talk]! }]))
}

function toRequest(method: string, template: string, operation: Operation): fc.Arbitrary<FuzzedRequest> {
  const { parameters = [], requestBody } = operation
  const schema = requestBody?.content['application/json']?.schema
  const takesLines = requestBody?.content['application/jsonl'] !== undefined
  return fc.record<FuzzedRequest>({
    method: fc.oneof(
      { weight: 20, arbitrary: fc.constant(method) },
      {
        weight: 1,
        arbitrary: fc.constantFrom('GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'PATCH', 'POST', 'PURGE'),
      },
    ),
    path: pathOf(template),
    query: queryOf(parameters),
    headers: takesLines ? headers.map((each) => [jsonLines, ...each]) : headers,
    body: takesLines ? lines : bodyOf(schema),
    as: fc.constantFrom<Caller[]>(
      'owner',
      'owner',
      'owner',
      'owner',
      'guest',
      'guest',
      'other',
      'admin',
      'nobody',
      'refused',
      'elsewhere',
    ),
    hangsUp: fc.oneof(
      { weight: 30, arbitrary: fc.constant('never' as const) },
      { weight: 1, arbitrary: fc.constantFrom('before' as const, 'meanwhile' as const) },
    ),
    answer,
  })
}

const usual: Readonly<Record<string, string>> = {
  id: '«session»',
  itemId: '«item»',
  branchId: '«branch»',
  transferId: '«transfer»',
  turnId: '«turn»',
}

function pathOf(template: string): fc.Arbitrary<string> {
  const segments = template.split('/').map((segment) => {
    const name = /^\{(\w+)\}$/.exec(segment)?.[1]
    if (name === undefined) return fc.constant(segment)
    const known = usual[name] ?? '«session»'
    return fc.oneof(
      { weight: 8, arbitrary: fc.constant(known) },
      {
        weight: 1,
        arbitrary: fc.constantFrom(
          '«guest»',
          '«other»',
          'current',
          '«session»',
          '%',
          '%ff',
          '%00',
          '%ed%a0%80',
        ),
      },
      {
        weight: 1,
        arbitrary: text.filter((each) => each !== '' && each !== '.' && each !== '..').map(escaped),
      },
    )
  })
  return fc.tuple(...segments).map((all) => all.join('/'))
}

function escaped(each: string): string {
  // Placeholders are put in later; a lone surrogate has no escape.
  return each.startsWith('«') ? each : escapedText(each).slice(0, 8000)
}

function queryOf(parameters: Operation['parameters']): fc.Arbitrary<(readonly [string, string])[]> {
  const known = (parameters ?? []).filter((each) => each.in === 'query')
  const pairs: fc.Arbitrary<readonly [string, string]>[] = known.map(({ name, schema }) =>
    fromSchema(schema, name).map(
      (value) => [name, typeof value === 'string' ? value : JSON.stringify(value)] as const,
    ),
  )
  const any = fc.tuple(text, text)
  const pair =
    pairs.length === 0
      ? any
      : fc.oneof(...pairs.map((each) => ({ weight: 6, arbitrary: each })), { weight: 1, arbitrary: any })
  return fc.array(pair, { maxLength: pairs.length === 0 ? 1 : 3, depthIdentifier: 'query' })
}

function bodyOf(schema: Schema | undefined): fc.Arbitrary<Body | undefined> {
  const odd = fc.oneof<fc.Arbitrary<Body | undefined>[]>(
    fc.constant(undefined),
    json.map((value) => ({ json: value })),
    json5.map((each) => ({ text: each })),
    fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 8 }).map((bytes) => ({ bytes })),
    json5.map((broken) => ({ broken })),
  )
  if (schema === undefined)
    return fc.oneof({ weight: 6, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: odd })
  const described = fromSchema(schema).map((value): Body => ({ json: value }))
  return fc.oneof({ weight: 16, arbitrary: described }, { weight: 1, arbitrary: odd })
}

const jsonLines: readonly [string, string] = ['Content-Type', 'application/jsonl']
const about = { createdAt: 1, updatedAt: 2, bytes: 100, body: {} }
const said = { type: 'message', at: 1, tokens: 1, role: 'user', content: 'Hi', status: 'completed' }
const line = fc.oneof(
  fc.constantFrom<unknown[]>({ type: 'end', sessions: 0, messages: 0, digest: '' }, { type: 'gone' }, {}),
  fc
    .record({ id: text, seq: fc.constantFrom<unknown[]>(1, 2, 0, -1, '1') })
    .map((each) => ({ ...said, ...each })),
  fc
    .record({
      id: text,
      lastSeq: fc.constantFrom<unknown[]>(0, 1, 2, 1e9, '1'),
      trimmedSeq: fc.constantFrom(0, 1),
    })
    .map((each) => ({ type: 'session', ...about, ...each })),
  json,
)
/** What an import takes, and what it does not. */
const lines: fc.Arbitrary<Body> = fc.oneof(
  fc.array(line, { maxLength: 4 }).map((all) => {
    const manifest = { type: 'manifest', format: 'sessions', version: 1 }
    return { text: [manifest, ...all].map((each) => JSON.stringify(each) ?? '').join('\n') }
  }),
  json5.map((each) => ({ text: each })),
  json5.map((broken) => ({ broken })),
)

const few = <T>(usualValue: fc.Arbitrary<T>, weight = 1) => ({ weight, arbitrary: usualValue })
const header = fc.oneof<fc.Arbitrary<readonly [string, string]>[]>(
  fc.tuple(
    fc.constant('Idempotency-Key'),
    fc.oneof(few(fc.constantFrom('key-1', '"key-1"', 'k'.repeat(40), 'k'.repeat(256), ''), 2), few(text)),
  ),
  fc.tuple(
    fc.constant('If-Match'),
    fc.oneof(
      few(fc.constantFrom('*', '"0"', '"1"', '"2"', 'W/"1"', '"1", "2"', '«etag»', '"-1"', '""'), 2),
      few(text),
    ),
  ),
  fc.tuple(fc.constant('If-None-Match'), fc.oneof(few(fc.constantFrom('*', '«etag»', '"1"'), 2), few(text))),
  fc.tuple(
    fc.constant('Last-Event-ID'),
    fc.oneof(
      few(
        fc.tuple(fc.constantFrom('«turn»', 'x'), finite).map(([id, at]) => `${id}.${at}`),
        2,
      ),
      few(text),
    ),
  ),
  fc.tuple(
    fc.constant('Accept'),
    fc.constantFrom('text/event-stream', 'text/plain', '*/*', 'application/json', ';;,'),
  ),
  fc.tuple(
    fc.constant('Content-Type'),
    fc.oneof(
      few(
        fc.constantFrom(
          'text/plain',
          'application/json; charset=latin1',
          'application/merge-patch+json',
          'multipart/form-data',
          'application/jsonl',
          '',
        ),
        3,
      ),
      few(text),
    ),
  ),
  fc.tuple(
    fc.constant('Content-Length'),
    fc.oneof(few(fc.constantFrom('0', '1', '-1', '99999999999', 'x'), 3), few(text)),
  ),
  fc.tuple(
    fc.constant('Cookie'),
    fc.oneof(
      few(text),
      few(text.map((each) => `sessions=${each}; __Host-sessions=«credential»`)),
      few(fc.constant('sessions=«credential»')),
    ),
  ),
  fc.tuple(fc.constant('X-Session-Id'), fc.oneof(few(text), few(fc.constant('«credential»')))),
  fc.tuple(fc.constant('Origin'), fc.constantFrom('https://evil.example', 'null', 'https://fuzz.test', 'x')),
  fc.tuple(
    fc.constant('Sec-Fetch-Site'),
    fc.constantFrom('cross-site', 'same-origin', 'same-site', 'none', 'x'),
  ),
  fc.tuple(fc.constant('X-Request-Id'), text),
  fc.tuple(fc.constant('User-Agent'), text),
)
const headers = fc.oneof(
  { weight: 3, arbitrary: fc.constant<(readonly [string, string])[]>([]) },
  { weight: 2, arbitrary: fc.array(header, { maxLength: 3 }) },
)
