import type { SummaryOptions } from '../context/summary.js'
import { checkOptions, type OptionNames } from '../options.js'
import type {
  ContextSettings,
  LimitSettings,
  PrivacySettings,
  SessionsOptions,
  TtlSettings,
  TurnBudget,
  TurnSettings,
} from './settings.js'
import type { TransferSettings } from './transfer-settings.js'

const sessions: OptionNames<SessionsOptions> = {
  store: true,
  credentialSecrets: true,
  ttl: true,
  limits: true,
  turns: true,
  budgets: true,
  context: true,
  transfers: true,
  consent: true,
  privacy: true,
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
const privacy: OptionNames<PrivacySettings> = { fenceMs: true, onErase: 'list' }
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
  checkOptions(options.turns, turns, 'turns')
  checkOptions(options.context, context, 'context')
  checkOptions(options.context?.summaries, summaryNames, 'context.summaries')
  checkOptions(options.transfers, transfers, 'transfers')
  checkOptions(options.consent, { unsaid: 'object' }, 'consent')
  checkOptions(options.privacy, privacy, 'privacy')
  for (const [index, each] of (options.budgets ?? []).entries())
    checkOptions(each, budget, `budgets[${index}]`)
}
