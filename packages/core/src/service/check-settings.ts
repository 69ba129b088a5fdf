import type { SummaryOptions } from '../context/summary.js'
import type { SearchSettings } from '../domain/search.js'
import { checkExperiments } from '../domain/experiment.js'
import type { AnalyticsSettings } from '../domain/analytics.js'
import type { UsageSettings } from '../domain/usage.js'
import { SessionError } from '../errors.js'
import { checkOptions, type OptionNames } from '../options.js'
import type {
  AuditSettings,
  ConsentSettings,
  ContextSettings,
  LimitSettings,
  PrivacySettings,
  ReadSettings,
  RetentionSettings,
  SessionsOptions,
  SuspicionSettings,
  TtlSettings,
  TurnBudget,
  TurnSettings,
} from './settings.js'
import type { TransferSettings } from './transfer-settings.js'

const sessions: OptionNames<SessionsOptions> = {
  store: true,
  bus: 'object',
  credentialSecrets: true,
  ttl: true,
  limits: true,
  reads: true,
  turns: true,
  budgets: true,
  context: true,
  transfers: true,
  consent: true,
  adminReads: true,
  suspicion: true,
  audit: true,
  usage: true,
  analytics: true,
  experiments: 'object',
  search: true,
  privacy: true,
  retention: true,
  redact: 'function',
  countTokens: true,
  onEvent: true,
  listeners: true,
  onWarning: true,
}
const ttl: OptionNames<TtlSettings> = { idleMs: true, absoluteMs: true, historyMs: true, refreshOnRead: true }
const limits: OptionNames<LimitSettings> = {
  maxSessions: true,
  maxSessionsPerUser: true,
  whenFull: true,
  maxMessages: true,
  maxMessageLength: true,
  maxSessionLength: true,
  maxSessionBytes: true,
}
const reads: OptionNames<ReadSettings> = { maxAgeMs: 'number' }
const turns: OptionNames<TurnSettings> = {
  policy: true,
  leaseMs: true,
  heartbeatMs: true,
  flushMs: true,
  keepMs: true,
  queueMs: true,
  maxSteps: true,
  toolTimeoutMs: true,
}
const budget: OptionNames<TurnBudget> = {
  scope: true,
  maxTokens: true,
  maxCostMicros: true,
  reserveTokens: true,
  reserveCostMicros: true,
  windowMs: true,
}
const context: OptionNames<ContextSettings> = {
  summarize: true,
  summaries: true,
  compactAboveTokens: true,
  embed: true,
  extractFacts: true,
  cacheBytes: true,
  keptMs: true,
}
const consent: OptionNames<ConsentSettings> = { unsaid: 'object', onWithdraw: 'list' }
const privacy: OptionNames<PrivacySettings> = { fenceMs: true, onErase: 'list', afterErase: 'list' }
const retention: OptionNames<RetentionSettings> = {
  messagesMs: 'number',
  documentsMs: 'number',
  cartMs: 'number',
  factsMs: 'number',
  analyticsMs: 'number',
  auditMs: 'number',
  memoryMs: 'number',
  usageMs: 'number',
}
const suspicion: OptionNames<SuspicionSettings> = {
  misses: 'number',
  outdated: 'number',
  windowMs: 'number',
  on: 'function',
}
const audit: OptionNames<AuditSettings> = { secrets: 'list', store: 'object', onCheckpoint: 'function' }
const usage: OptionNames<UsageSettings> = { log: 'object', prices: 'list', currency: 'text' }
const analytics: OptionNames<AnalyticsSettings> = { log: 'object' }
const search: OptionNames<SearchSettings> = { index: 'object', terms: 'object' }
const transfers: OptionNames<TransferSettings> = {
  url: true,
  returnToOrigins: true,
  codeMs: true,
  maxTries: true,
  maxTenantTries: true,
}

export const summaryNames: OptionNames<SummaryOptions> = {
  keepTokens: 'number',
  minTokens: 'number',
  maxTokens: 'number',
  inputTokens: 'number',
}

/** Refuses unknown settings. @throws `invalid` with the path and the nearest name. */
export function checkSettings(options: SessionsOptions): void {
  checkOptions(options, sessions)
  checkOptions(options.ttl, ttl, 'ttl')
  checkOptions(options.limits, limits, 'limits')
  checkOptions(options.reads, reads, 'reads')
  checkOptions(options.turns, turns, 'turns')
  checkOptions(options.context, context, 'context')
  checkOptions(options.context?.summaries, summaryNames, 'context.summaries')
  checkOptions(options.transfers, transfers, 'transfers')
  checkOptions(options.consent, consent, 'consent')
  checkOptions(options.suspicion, suspicion, 'suspicion')
  checkOptions(options.audit, audit, 'audit')
  checkOptions(options.usage, usage, 'usage')
  checkOptions(options.analytics, analytics, 'analytics')
  checkExperiments(options.experiments)
  checkOptions(options.search, search, 'search')
  checkOptions(options.privacy, privacy, 'privacy')
  if (!['undefined', 'boolean', 'function'].includes(typeof options.adminReads))
    throw new SessionError('invalid', 'adminReads must be true, false or a function', { path: 'adminReads' })
  if (typeof options.retention !== 'function') checkRetention(options.retention)
  for (const [index, each] of (options.budgets ?? []).entries())
    checkOptions(each, budget, `budgets[${index}]`)
}

/** @throws `invalid` with the path of an unknown class, or of what is no duration. */
export function checkRetention(given: RetentionSettings = {}): RetentionSettings {
  checkOptions(given, retention, 'retention')
  for (const [name, ms] of Object.entries(given) as [string, number | undefined][]) {
    if (ms === undefined || ms > 0) continue
    const path = `retention.${name}`
    throw new SessionError('invalid', `${path} must be more than 0 milliseconds`, { path })
  }
  return given
}
