import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'
import { problemCodes } from '../../src/http/problem.js'
import { apiFixture } from '../../src/testing.js'
import { listen } from './node-server.js'

const run = promisify(execFile)
const page = readFileSync(resolve(import.meta.dirname, '../../../../docs/http-api.md'), 'utf8')
const api = apiFixture()
const base = await listen(api)
const scratch = mkdtempSync(join(tmpdir(), 'http-api-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

/** The rows of a table, by the title of its first column. */
function table(first: string): string[][] {
  const [, rows] = new RegExp(`^\\| ${first} \\|.*\\n\\|[-|]+\\|\\n((?:\\|.*\\n)+)`, 'm').exec(page)!
  return rows!
    .trim()
    .split('\n')
    .map((row) => row.split(' | ').map((cell) => cell.replaceAll(/^\| | \|$/g, '')))
}

const block = (language: string): string =>
  new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(page)![1]!
const envOf = (user: string) => ({
  ...process.env,
  BASE: base,
  TOKEN: `public/${user}`,
  ADMIN_TOKEN: 'public/boss/admin',
  USER_ID: user,
})

describe('the page on the HTTP API', () => {
  it('lists the errors there are, with their statuses', () => {
    expect(table('code')).toEqual(
      problemCodes.map(({ code, status, title }) => [`\`${code}\``, String(status), title]),
    )
  })

  it('lists the routes there are', () => {
    expect(table('route').toSorted()).toEqual(
      api.routes.map(({ method, path, summary }) => [`\`${method} ${path}\``, summary]).toSorted(),
    )
  })

  it('shows every route with curl, and the script runs', async () => {
    const script = block('sh')
    for (const each of api.routes)
      expect(asCurl(script), `${each.method} ${each.path}`).toContain(`${each.method} ${each.path}`)
    const file = join(scratch, 'page.sh')
    writeFileSync(file, `set -euo pipefail\n${script}`)
    const { stdout } = await run('bash', [file], { env: envOf('alice'), cwd: scratch })
    expect(stdout).toContain('response.completed')
  })

  it('shows every route with fetch, and the script runs', async () => {
    const code = block('js')
    for (const each of api.routes)
      expect(asFetch(code), `${each.method} ${each.path}`).toContain(`${each.method} ${each.path}`)
    const file = join(scratch, 'page.mjs')
    writeFileSync(file, code)
    const { stdout } = await run(process.execPath, [file], { env: envOf('bob') })
    expect(stdout).toContain('echo: Which one?')
  })
})

const names = [
  [/\$FORK|\$ID/g, '{id}'],
  [/\$ITEM/g, '{itemId}'],
  [/\$TURN/g, '{turnId}'],
  [/\$TRANSFER/g, '{transferId}'],
  [/\$BRANCH/g, '{branchId}'],
  [/\$USER_ID/g, '{userId}'],
  [/(?<=\/messages\/)\d+/g, '{seq}'],
  [/(?<=\/memory\/)\d+/g, '{factId}'],
] as const

/** The requests of the script, as the table of routes writes them. */
function asCurl(script: string): string[] {
  return [...script.matchAll(/(?:call|anonymous|admin)(?: -N)?(?: -X (\w+))? "\$BASE([^"?]*)/g)].map(
    ([, method = 'GET', path]) =>
      `${method} ${names.reduce((so, [from, to]) => so.replace(from, to), path!)}`,
  )
}

function asFetch(code: string): string[] {
  const calls = [...code.matchAll(/(?:json|call)\('(\w+)', [`']?([^`',?)]*)/g)].map(([, method, path]) => [
    method,
    path,
  ])
  const streams = [...code.matchAll(/events\(`([^`]*)`, (\{|undefined)/g)].map(([, path, body]) => [
    body === '{' ? 'POST' : 'GET',
    path,
  ])
  return [...calls, ...streams].map(([method, path]) => {
    const whole = path!
      .replace(/^at$/, '/sessions/{id}')
      .replace('${at}', '/sessions/{id}')
      .replace(/\$\{(?:fork\.session|started)\.id\}/, '{id}')
      .replace(/(?<=\/messages\/)\d+/, '{seq}')
      .replace(/(?<=\/memory\/)\d+/, '{factId}')
      .replace('${turn.id}', '{turnId}')
      .replace('${branch.id}', '{branchId}')
      .replace('${USER_ID}', '{userId}')
      .replace(/\$\{[a-z]+\.transferId\}/, '{transferId}')
      .replace(/\$\{[a-z]+(?:\.cart)?\.items\[0\]\.id\}/, '{itemId}')
    return `${method} ${whole}`
  })
}
