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
  credentialSecrets: 'list',
  ttl: true,
  limits: true,
  reads: true,
  turns: true,
  budgets: 'list',
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
  countTokens: 'function',
  onEvent: 'function',
  listeners: 'list',
  onWarning: 'function',
}
const ttl: OptionNames<TtlSettings> = {
  idleMs: 'number',
  absoluteMs: 'number',
  historyMs: 'number',
  refreshOnRead: 'flag',
}
const limits: OptionNames<LimitSettings> = {
  maxSessions: 'number',
  maxSessionsPerUser: 'number',
  whenFull: ['reject', 'evict'],
  maxMessages: 'number',
  maxMessageLength: 'number',
  maxSessionLength: 'number',
  maxSessionBytes: 'number',
}
const reads: OptionNames<ReadSettings> = { maxAgeMs: 'number' }
const turns: OptionNames<TurnSettings> = {
  policy: ['reject', 'queue', 'interrupt'],
  leaseMs: 'number',
  heartbeatMs: 'number',
  flushMs: 'number',
  keepMs: 'number',
  queueMs: 'number',
  maxSteps: 'number',
  toolTimeoutMs: 'number',
}
const budget: OptionNames<TurnBudget> = {
  scope: ['session', 'user', 'tenant'],
  maxTokens: 'number',
  maxCostMicros: 'number',
  reserveTokens: 'number',
  reserveCostMicros: 'number',
  windowMs: 'number',
}
const context: OptionNames<ContextSettings> = {
  summarize: 'function',
  summarizeTimeoutMs: 'number',
  summaries: true,
  compactAboveTokens: 'number',
  embed: 'function',
  extractFacts: 'function',
  cacheBytes: 'number',
  keptMs: 'number',
}
const consent: OptionNames<ConsentSettings> = { unsaid: 'object', onWithdraw: 'list' }
const privacy: OptionNames<PrivacySettings> = { fenceMs: 'number', onErase: 'list', afterErase: 'list' }
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
  codeMs: 'number',
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
  for (const [index, each] of (options.budgets ?? []).entries()) {
    checkOptions(each ?? null, budget, `budgets[${index}]`)
    must(each.scope !== undefined, `budgets[${index}].scope`, 'say whose turns share the budget')
    const { scope: _, windowMs = 1, ...amounts } = each
    must(windowMs > 0, `budgets[${index}].windowMs`, 'be more than 0 milliseconds')
    for (const [name, amount] of Object.entries(amounts))
      must(amount === undefined || amount >= 0, `budgets[${index}].${name}`, 'be 0 or more')
  }
  const { compactAboveTokens = 1, summaries = {} } = options.context ?? {}
  must(compactAboveTokens > 0, 'context.compactAboveTokens', 'be more than 0')
  checkSummaries(summaries, 'context.summaries.')
  const { store, bus } = options
  must(store === undefined || typeof store?.commit === 'function', 'store', 'be a store')
  must(bus === undefined || typeof bus.publish === 'function', 'bus', 'be a bus')
  for (const [purpose, holds] of Object.entries(options.consent?.unsaid ?? {}))
    must(typeof holds === 'boolean', `consent.unsaid.${purpose}`, 'be true or false')
  checkFunctions(options.consent?.onWithdraw, 'consent.onWithdraw')
  checkFunctions(options.privacy?.onErase, 'privacy.onErase')
  checkFunctions(options.privacy?.afterErase, 'privacy.afterErase')
}

/** @throws `invalid` with the path of what is no count of tokens. */
export function checkSummaries(options: SummaryOptions, path = ''): void {
  for (const name of Object.keys(summaryNames) as (keyof SummaryOptions)[]) {
    const tokens = options[name]
    must(tokens === undefined || tokens >= 0, `${path}${name}`, 'be 0 or more')
  }
}

function checkFunctions(list: readonly unknown[] = [], path: string): void {
  for (const [index, each] of list.entries())
    must(typeof each === 'function', `${path}[${index}]`, 'be a function')
}

function must(holds: boolean, path: string, what: string): void {
  if (!holds) throw new SessionError('invalid', `${path} must ${what}`, { path })
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
