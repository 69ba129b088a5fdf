/**
 * Live updates over NATS.
 *
 * @packageDocumentation
 */
export { natsBus, type NatsBusOptions, type NatsConnection } from './nats-bus.js'
