import * as z from 'zod/mini'
import { isSameText } from '../digest.js'
import type { ErasureReceipt } from '../domain/erasure.js'
import { tryWith } from '../parse.js'
import type { Service } from '../service/service.js'
import type { TenantUser } from '../service/user-record.js'

// As it is on the wire, too.
const time = z.union([
  z.number(),
  z.pipe(
    z.iso.datetime(),
    z.transform((text) => Date.parse(text)),
  ),
])
const receiptSchema: z.core.$ZodType<ErasureReceipt> = z.strictObject({
  id: z.string(),
  tenantId: z.string(),
  subject: z.string(),
  by: z.string(),
  reason: z.string(),
  counts: z.record(z.string(), z.number()),
  copiesElsewhere: z.number(),
  startedAt: time,
  erasedAt: time,
  signature: z.string(),
})

/** Stands for a user in a receipt. Who has `credentialSecrets` can compare it with a user, and nobody else can. */
export async function subjectsOf({ credentials }: Service, user: TenantUser): Promise<readonly string[]> {
  return credentials.digests('erased user', user.tenantId, user.userId)
}

export async function signReceipt(
  { credentials }: Service,
  receipt: Omit<ErasureReceipt, 'signature'>,
): Promise<ErasureReceipt> {
  const [signature] = await credentials.digests(...signedParts(receipt))
  return { ...receipt, signature: signature! }
}

/** Whether this service, or one with a secret of it, signed the receipt just so, for the user if one is given. */
export async function verifyReceipt(service: Service, receipt: unknown, userId?: string): Promise<boolean> {
  const parsed = tryWith(receiptSchema, receipt)
  if (!parsed.success) return false
  const { signature, ...said } = parsed.data
  const signatures = await service.credentials.digests(...signedParts(said))
  if (!signatures.some((each) => isSameText(each, signature))) return false
  if (userId === undefined) return true
  const subjects = await subjectsOf(service, { tenantId: said.tenantId, userId })
  return subjects.some((each) => isSameText(each, said.subject))
}

function signedParts(receipt: Omit<ErasureReceipt, 'signature'>): string[] {
  const { id, tenantId, subject, by, reason, counts, copiesElsewhere, startedAt, erasedAt } = receipt
  const sorted = Object.entries(counts).toSorted(([one], [other]) => (one < other ? -1 : 1))
  const numbers = [copiesElsewhere, startedAt, erasedAt]
  return ['erasure receipt', id, tenantId, subject, by, reason, JSON.stringify([sorted, numbers])]
}
