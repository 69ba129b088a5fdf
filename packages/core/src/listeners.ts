/**
 * What tells other systems of events: webhooks, OpenTelemetry, and diagnostics channels of Node.
 *
 * @packageDocumentation
 */
export { type DiagnosticsChannels, diagnosticsListener } from './listeners/diagnostics-listener.js'
export { type TelemetryApi, telemetryListener } from './listeners/telemetry-listener.js'
export { webhookListener, type WebhookListener, type WebhookOptions } from './listeners/webhook-listener.js'
export { verifyWebhook } from './listeners/webhook-signature.js'
export type { HealthOptions, SessionsHealth } from './service/health.js'
