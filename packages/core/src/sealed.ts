/**
 * The store that encrypts what another one holds. It needs `node:crypto`.
 *
 * @packageDocumentation
 */
export { encryptedStore, type EncryptedStoreOptions } from './contract/sealed/encrypted-store.js'
export {
  type KeyContext,
  type Keyring,
  staticKeyring,
  type StaticKeyringOptions,
} from './contract/sealed/keyring.js'
export type {
  EncryptedStore,
  UpkeepFailure,
  UpkeepPage,
  UpkeepReport,
} from './contract/sealed/upkeep-report.js'
export type { IntegrityProblem } from './contract/sealed/sealing.js'
export { sealedTerms } from './contract/sealed/terms.js'
export { type SideRecordKind, sideRecordKinds, sideRecordTenant } from './service/side-records.js'
