import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { maxPageBytes } from '../../src/contract/page-bytes.js'
import { toApiConfig } from '../../src/http/api-options.js'
import { createService } from '../../src/service/service.js'
import { service } from '../service.js'

const page = readFileSync(new URL('../../../../docs/limits.md', import.meta.url), 'utf8')
const units: Readonly<Record<string, number>> = { MiB: 1024 * 1024, s: 1000, hours: 3_600_000 }

/** The limit of the row that names an option, or begins with these words. */
function told(row: string): number {
  const line = page.split('\n').find((each) => each.includes(`\`${row}\``) || each.startsWith(`| ${row} |`))
  const [, , limit] = line!.split('|')
  const [, digits, unit = ''] = /([\d,]+)(?: (\S+))?/.exec(limit!)!
  return Number(digits!.replaceAll(',', '')) * (units[unit] ?? 1)
}

it('tells the limits that the code has', () => {
  const { limits } = createService({})
  for (const name of ['maxMessages', 'maxMessageLength', 'maxSessionBytes', 'maxSessionLength'] as const) {
    expect(told(`limits.${name}`), name).toBe(limits[name])
  }
  const api = toApiConfig({ sessions: service(), identify: () => ({ tenantId: 'acme' }) })
  for (const name of [
    'maxBodyBytes',
    'maxBodyDepth',
    'maxBodyItems',
    'idempotencyMs',
    'maxOpenStreams',
  ] as const) {
    expect(told(name), name).toBe(api[name])
  }
  expect(told('a page of messages, and the tail of a read')).toBe(maxPageBytes)
})
