// What options turn on: loaded with its first use, by those who have turned it on.
export { auditLogOf } from '../audit/audit-log.js'
export {
  appendEntry,
  duringEntry,
  entriesOf,
  pseudonymIn,
  verifyLog,
  writeCheckpoints,
} from '../audit/verbs.js'
export { searchOf } from '../search/recorder.js'
export { toldStore } from '../search/told-store.js'
export { usageOf } from '../usage/usage-recorder.js'
