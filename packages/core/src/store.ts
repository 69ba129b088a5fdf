/**
 * The contract of a store, and what stores are made of: for a store, and for an application that checks, encrypts or
 * copies its store.
 *
 * @packageDocumentation
 */
export { type BusChannels, channelBus } from './bus/channel-bus.js'
export { telling } from './async/calling.js'
export {
  type BusListener,
  type SessionBus,
  type SessionNotice,
  topicCount,
  topicOf,
} from './bus/session-bus.js'
export { isSessionError, SessionError, type SessionErrorCode, type SessionErrorDetails } from './errors.js'
export {
  checkChange,
  checkCopy,
  checkMessageQuery,
  checkSessionQuery,
  checkTimeout,
  checkWhole,
  idTwice,
} from './contract/check-arguments.js'
export { checkStore, type CheckStoreOptions } from './contract/check-store.js'
export type { StoreFinding } from './contract/store-finding.js'
export type { CacheFinding, SessionCache } from './contract/session-cache.js'
export { copyParts } from './contract/copy-parts.js'
export { createListCursors, type ListCursors } from './contract/list-cursors.js'
export {
  checkIsMeant,
  checkRoom,
  copyConflict,
  corrupt,
  isMeant,
  isNewerCopy,
  messageConflict,
  notFound,
  partConflict,
  revisionConflict,
  tooManyBytes,
  tooManyMessages,
} from './contract/refusals.js'
export { parseStoredRecord } from './contract/stored-record.js'
export {
  begunId,
  buriedId,
  decodeText,
  encodeText,
  parseStoredMessage,
  parseText,
  parseWhole,
  recordSeparator,
  toStoredMs,
  unitSeparator,
} from './contract/stored-text.js'
export { countFitting, maxPageBytes } from './contract/page-bytes.js'
export type {
  SearchedSession,
  SearchEntry,
  SearchIndex,
  SearchPlace,
  SearchPosting,
  SearchQuestion,
  SearchWord,
} from './domain/search.js'
export type {
  UsageCost,
  UsageEvent,
  UsageGroup,
  UsageGrouping,
  UsageKey,
  UsageLog,
  UsageSpan,
  UsageTotals,
} from './domain/usage.js'
export type {
  AnalyticsLog,
  AnalyticsSpan,
  FactCounts,
  FactGroup,
  FactGroups,
  FactSums,
  GroupKind,
  KeptFacts,
  SessionFacts,
} from './domain/analytics.js'
export { digestOf } from './digest.js'
export { checkOptions, type OptionKind, type OptionNames } from './options.js'
export {
  keyKind,
  probeRef,
  recordKindOf,
  type OwnLifetime,
  type SessionRecord,
  type SessionRef,
} from './contract/session-record.js'
export type {
  Amendment,
  AppendedMessage,
  Committed,
  ListPlace,
  MessagePage,
  MessageQuery,
  NewMessage,
  Page,
  ReadOptions,
  SessionChange,
  SessionCopy,
  SessionGuard,
  SessionQuery,
  SessionStore,
  StoredMessage,
  StoredSession,
  SweepOptions,
} from './contract/session-store.js'
export type { ReadSettings } from './service/settings.js'
export type { CopyFailure, CopyProgress } from './service/copy-sessions.js'
export { eachTenant } from './service/each-tenant.js'
export { recordTenantsOf } from './service/record-tenants.js'
export { setDeadline } from './contract/set-deadline.js'
export { isEncrypting, standingOver } from './contract/stores-beneath.js'
export { type Clock, processClock } from './time.js'
