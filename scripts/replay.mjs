// Replays recorded dialogues over an app's HTTP API, reads everything back, and compares.
//   npm run replay -- --data FILE.jsonl [--app express] [--store memory] [--json]
import { randomBytes } from 'node:crypto'
import { createReadStream, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout } from 'node:timers/promises'
import { isDeepStrictEqual, parseArgs } from 'node:util'
import { apps, startApp, startServer } from './serve-app.mjs'
import { build, install } from './setup.mjs'

const atOnce = 16
const { values: options } = parseArgs({
  options: {
    data: { type: 'string' },
    app: { type: 'string', default: 'express' },
    store: { type: 'string', default: 'memory' },
    json: { type: 'boolean', default: false },
  },
})
if (options.data === undefined || apps[options.app] === undefined) {
  console.error(
    `usage: npm run replay -- --data FILE.jsonl [--app ${Object.keys(apps).join('|')}] [--store NAME] [--json]`,
  )
  process.exit(2)
}

/** One dialogue a line: { id, turns: [{ role, content, state? }] } */
async function readDialogues(file) {
  const dialogues = []
  for await (const line of createInterface({ input: createReadStream(file) })) {
    if (line.trim() !== '') dialogues.push(JSON.parse(line))
  }
  return dialogues
}

/** The app's API as one caller uses it: the credential of its session travels in a header, or in a cookie. */
function caller(base, { adminToken, apiKey }, { keepsCookies = false, hasKey = false }) {
  let credential
  let cookie
  // The header that browsers send for an app's own pages: without it a cookie does not open a session for a change.
  const { origin } = new URL(base)
  return async function call(method, path, body, { asAdmin = false, tries = 5 } = {}) {
    const response = await fetch(base + path, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(credential === undefined ? {} : { 'x-session-id': credential }),
        ...(cookie === undefined ? {} : { cookie, origin }),
        ...(hasKey ? { authorization: `Bearer ${apiKey}` } : {}),
        ...(asAdmin ? { authorization: `Bearer ${adminToken}` } : {}),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    credential = response.headers.get('x-session-id') ?? credential
    if (keepsCookies) cookie = response.headers.getSetCookie()[0]?.split(';')[0] ?? cookie
    const text = await response.text()
    // On an overloaded machine a store may not answer in time. A message has an id, so it can be sent again.
    if (response.status === 503 && tries > 1) {
      await setTimeout(1000 * Number(response.headers.get('retry-after') ?? 1))
      return call(method, path, body, { asAdmin, tries: tries - 1 })
    }
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text.slice(0, 300)}`)
    return JSON.parse(text)
  }
}

/** The API of each app: its path, and how a conversation is begun, continued, and read back. */
const clients = {
  express: {
    base: '/api/v1/shopping',
    async begin(call) {
      return (await call('POST', '/session', {})).data.session_id
    },
    async append(call, id, message) {
      // Messages of other roles than the user come from the operator, not from the caller.
      const asAdmin = message.role !== 'user'
      await call('POST', `/session/${id}/messages`, { messages: [message] }, { asAdmin })
    },
    async prefer(call, id, preferences) {
      await call('POST', `/session/${id}/preferences`, preferences)
    },
    async page(call, id, before) {
      const cursor = before === undefined ? '' : `&before=${before}`
      const { data, meta } = await call('GET', `/session/${id}/conversation?limit=7${cursor}`)
      return { messages: data.conversation, before: meta.before ?? undefined }
    },
    async info(call, id) {
      const { session_info: info, analytics } = (await call('GET', `/session/${id}/info`)).data
      return {
        preferences: info.preferences,
        total: info.conversation_count,
        user: analytics.user_message_count,
        assistant: analytics.assistant_message_count,
      }
    },
  },
  nest: {
    base: '/v1',
    // Only an assistant with a key may append what it has said.
    hasKey: true,
    async begin(call) {
      return (await call('POST', '/sessions', {})).session.id
    },
    async append(call, id, message) {
      await call('POST', `/sessions/${id}/messages`, { messages: [message] })
    },
    async prefer(call, id, preferences) {
      await call('PATCH', `/sessions/${id}/preferences`, preferences)
    },
    async page(call, id, before) {
      const cursor = before === undefined ? '' : `&cursor=${before}`
      const { messages } = await call('GET', `/sessions/${id}/messages?limit=7&direction=backward${cursor}`)
      return { messages: messages.items, before: messages.previousCursor }
    },
    async info(call, id) {
      const { info } = await call('GET', `/sessions/${id}/info`)
      const { preferences } = await call('GET', `/sessions/${id}/preferences`)
      return { preferences, ...info.messages }
    },
  },
}
clients.next = {
  ...clients.nest,
  base: '/api',
  hasKey: false,
  keepsCookies: true,
  async begin(call) {
    // A visitor gets a name with the first page, and is a separate guest from then on.
    await call('GET', '/sessions')
    return clients.nest.begin(call)
  },
  async append(call, id, message) {
    const asAdmin = message.role !== 'user'
    await call('POST', `/sessions/${id}/messages`, { messages: [message] }, { asAdmin })
  },
}

async function play(client, call, dialogue) {
  const id = await client.begin(call)
  for (const [index, turn] of dialogue.turns.entries()) {
    const message = { id: `${dialogue.id}.${index}`, role: turn.role, content: turn.content }
    await client.append(call, id, message)
    if (turn.state !== undefined) await client.prefer(call, id, turn.state)
  }
  return id
}

/** Every difference between what was sent and what came back, as sentences. */
async function compare(client, call, dialogue, id) {
  const wrong = []
  const messages = []
  let before
  do {
    const page = await client.page(call, id, before)
    messages.unshift(...page.messages)
    before = page.before
  } while (before !== undefined)
  if (messages.length !== dialogue.turns.length) {
    wrong.push(`${messages.length} messages came back instead of ${dialogue.turns.length}`)
  }
  for (const [index, turn] of dialogue.turns.entries()) {
    const got = messages[index]
    if (got?.role !== turn.role) wrong.push(`turn ${index}: role ${got?.role} instead of ${turn.role}`)
    if (got?.content !== turn.content)
      wrong.push(`turn ${index}: ${JSON.stringify(got?.content)} instead of ${JSON.stringify(turn.content)}`)
  }
  const info = await client.info(call, id)
  const preferences = Object.assign({}, ...dialogue.turns.map((turn) => turn.state ?? {}))
  if (!isDeepStrictEqual(info.preferences, preferences)) wrong.push('the preferences differ')
  const count = (role) => dialogue.turns.filter((turn) => turn.role === role).length
  for (const [what, wanted] of [
    ['total', dialogue.turns.length],
    ['user', count('user')],
    ['assistant', count('assistant')],
  ]) {
    if (info[what] !== wanted) wrong.push(`the ${what} count is ${info[what]} instead of ${wanted}`)
  }
  return { wrong, messages: messages.length }
}

const dialogues = await readDialogues(resolve(process.env.INIT_CWD ?? '.', options.data))
await install()
await build(apps[options.app].package)
const [adminToken, apiKey] = [1, 2].map(() => randomBytes(32).toString('base64url'))
const server = await startServer(options.store)
// Not among the sessions of the demo.
const folder = mkdtempSync(join(tmpdir(), 'sessions-replay-'))
const app = await startApp(options.app, {
  args: ['--store', options.store],
  env: {
    ...server.env,
    SESSIONS_SQLITE: join(folder, 'sessions.db'),
    ADMIN_TOKEN: adminToken,
    API_KEYS: `marketplace:claude:${apiKey}`,
    REQUESTS_PER_MINUTE: '1000000',
  },
})
const startedAt = Date.now()
const result = { dialogues: dialogues.length, messages: 0, mismatches: 0, seconds: 0 }
const waiting = [...dialogues]
let done = 0
const progress = process.stderr.isTTY
  ? () =>
      process.stderr.write(`\r  ${done} of ${dialogues.length} dialogues, ${result.mismatches} mismatches `)
  : () => {}

try {
  const client = clients[options.app]
  const base = app.url + client.base
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let dialogue = waiting.shift(); dialogue !== undefined; dialogue = waiting.shift()) {
        const call = caller(base, { adminToken, apiKey }, client)
        try {
          const { wrong, messages } = await compare(
            client,
            call,
            dialogue,
            await play(client, call, dialogue),
          )
          result.messages += messages
          result.mismatches += wrong.length
          for (const sentence of wrong) console.error(`${dialogue.id}: ${sentence}`)
        } catch (error) {
          result.mismatches++
          console.error(`${dialogue.id}: ${error.message}`)
        }
        done++
        progress()
      }
    }),
  )
} finally {
  await app.stop()
  await server.stop()
  rmSync(folder, { recursive: true, force: true })
}
result.seconds = (Date.now() - startedAt) / 1000
if (process.stderr.isTTY) process.stderr.write('\n')
if (options.json) {
  console.log(JSON.stringify(result))
} else {
  console.log(
    `${result.dialogues} dialogues, ${result.messages} messages read back in ${result.seconds.toFixed(1)} s: ${result.mismatches} mismatches`,
  )
}
process.exit(result.mismatches === 0 && result.dialogues > 0 ? 0 : 1)
