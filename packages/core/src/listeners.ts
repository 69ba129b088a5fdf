export { webhookListener, type WebhookListener, type WebhookOptions } from './listeners/webhook-listener.js'
export { verifyWebhook } from './listeners/webhook-signature.js'
