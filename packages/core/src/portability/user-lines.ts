import type { Service } from '../service/service.js'
import type { OtherLine } from './export-line.js'

/** Whose data is exported. */
export interface ExportedUser {
  readonly tenantId: string
  readonly userId: string
}

/** Further lines about a user, between the manifest and the sessions. Their `type` is no other line's. */
export type UserLines = (service: Service, user: ExportedUser) => AsyncIterable<OtherLine>

/** What features keep of a user beside sessions: one entry a feature. */
export const userLines: readonly UserLines[] = []
