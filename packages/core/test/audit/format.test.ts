import { expect, it } from 'vitest'
import { memoryStore } from '../../src/index.js'
import { alice, service } from '../service.js'

const acme = { tenantId: 'acme' }
const atMs = Date.UTC(2026, 0, 1)

// What a store holds of two entries of the first of January 2026, of the checkpoint behind them, and of their user.
const lanes = [
  {
    id: '2026-01-01.VumVkaSVT_3Nl-xGTroHCTBK',
    body: '{"kid":"ngER0O8d","seq":2,"hash":"2d7un5Jky0p7HHODpPQ7WIXH7WX8r2ESM0G5rUOsw1A","from":0,"mac":"AhbJNVlQOqqB6daszT7ssbjdePnVBsUaV_4OBWcn4Vo"}',
    payloads: [
      'ngER0O8d 1 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA ccWcYR3ry_84U4rZ3hZYcFDADHRxAUW9T8Q0FAcYtDc {"id":"-sQRXWgawTiTuGpw8t11PZSi","at":1767225600000,"action":"report.sent","actor":"user:ezyCvIPJ2Jq4HA2-tmQDlA","outcome":"done","detail":{"pages":3}}',
      'ngER0O8d 2 ccWcYR3ry_84U4rZ3hZYcFDADHRxAUW9T8Q0FAcYtDc 2d7un5Jky0p7HHODpPQ7WIXH7WX8r2ESM0G5rUOsw1A {"id":"OW90xWdnnppioMDs9N7NAVvp","at":1767225600001,"action":"report.read","actor":"host","subject":"user:ezyCvIPJ2Jq4HA2-tmQDlA","outcome":"done","detail":{}}',
    ],
  },
  {
    id: 'checkpoints',
    body: '{"kid":"ngER0O8d","seq":1,"hash":"YIxpf5Lk-36V-p_tUGhW3pMk_sFoB4btKKY-JFp_178","from":0,"mac":"2TMY_pjV6cDJOjPcuF2ByjmXYTRRc4Mmrclvrv1X8CU"}',
    payloads: [
      'ngER0O8d 1 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA YIxpf5Lk-36V-p_tUGhW3pMk_sFoB4btKKY-JFp_178 {"at":1767225600000,"lanes":[{"lane":"2026-01-01.VumVkaSVT_3Nl-xGTroHCTBK","seq":2,"hash":"2d7un5Jky0p7HHODpPQ7WIXH7WX8r2ESM0G5rUOsw1A"}]}',
    ],
  },
]
const userRecord = {
  id: 'CxF1qE2kZWAkT7yu0RyhPBMLiOODCBIJY7pp1e3SM1A',
  body: '{"auditKey":"7105cAOrfnqYpDnlZik9-5FW","changes":["45Lw76kcqo"]}',
}

async function stored() {
  const store = memoryStore({ clock: () => atMs })
  const put = async (
    tenantId: string,
    id: string,
    body: string,
    payloads: readonly string[],
    userId?: string,
  ) => {
    const messages = payloads.map((payload, index) => ({
      seq: index + 1,
      id: `${index + 1}`,
      at: atMs,
      payload,
    }))
    const bytes = payloads.reduce((sum, payload) => sum + payload.length, 0)
    const counts = {
      revision: payloads.length + 1,
      changes: 1,
      lastSeq: payloads.length,
      trimmedSeq: 0,
      bytes,
    }
    const times = { createdAt: atMs, updatedAt: atMs, activeAt: atMs }
    const record = { tenantId, id, incarnation: 'first', ...counts, ...times }
    await store.restore(
      { tenantId, id },
      { record: { ...record, ...(userId === undefined ? {} : { userId }) }, body, messages },
    )
  }
  for (const { id, body, payloads } of lanes) await put('~audit:acme', id, body, payloads)
  await put('~users:acme', userRecord.id, userRecord.body, [], 'alice')
  return store
}

it('what an earlier release wrote is as it was written, and tells of whom it is', async () => {
  const { audit } = service({
    store: await stored(),
    credentialSecrets: ['a secret that both processes know, and nobody else'],
    audit: { secrets: ['a secret of the audit that is long enough'] },
  })
  expect(await audit.verify(acme)).toEqual({ ok: true, lanes: 1, entries: 2 })
  const pseudonym = 'user:ezyCvIPJ2Jq4HA2-tmQDlA'
  expect(await audit.pseudonym(alice)).toBe(pseudonym)
  const entries = []
  for await (const entry of audit.list(acme)) entries.push(entry)
  expect(entries).toMatchObject([
    { action: 'report.sent', actor: pseudonym, at: atMs, detail: { pages: 3 } },
    { action: 'report.read', actor: 'host', subject: pseudonym, at: atMs + 1 },
  ])
})
