import type { InjectionToken, ModuleMetadata, OptionalFactoryDependency, Type } from '@nestjs/common'
import type { Identity, Sessions, SessionsOptions, SessionWarning } from '@sessions/core'
import type { Guests, SessionApi, SessionApiOptions } from '@sessions/core/http'
import type { TransportOptions } from '@sessions/core/node'
import type { SessionsRequest } from './platform.js'
import type { SessionsController } from './sessions.controller.js'

/** The options of `createSessionApi`, without those that the module sets. */
export interface SessionsApiOptions extends Omit<
  SessionApiOptions,
  'sessions' | 'identify' | 'guests' | 'basePath' | 'cookie' | 'header'
> {
  /** The path before `/sessions`, such as `/v1`, after a global prefix if there is one (default: none). */
  prefix?: string
}

/** The service, the identity of callers, and the transport of credentials. */
export interface SessionsModuleOptions extends TransportOptions {
  /**
   * Origins whose pages may send unsafe requests with cookies, in addition to the application's own (default: none).
   */
  trustedOrigins?: readonly string[]
  /** A service of yours, which the module does not close (default: the module makes one with `service`). */
  sessions?: Sessions
  /** The options of `createSessions`, when `sessions` is absent (default: none, so sessions live in memory). */
  service?: SessionsOptions
  // A method, so that it may be written for the platform's own request.
  /**
   * Returns the identity of the caller, from what your application has verified, never from what the client merely
   * claims. Runs once a request, when its session is first needed, and again when the caller signs in or out. An
   * exception that it throws is the answer, such as an `UnauthorizedException` (default: every caller is anonymous, in
   * the tenant `default`; for a feature: the `identify` of the root module).
   */
  identify?(request: SessionsRequest): Identity | Promise<Identity>
  /**
   * Makes callers without a `userId` guests, who have several sessions of their own: `guests({ secrets })` of
   * `@sessions/core/http` (default: they are anonymous).
   */
  guests?: Guests
  /**
   * Mounts the whole HTTP API as a controller, behind your guards and interceptors: its options, or an API of your own
   * (default: no API).
   */
  api?: SessionsApiOptions | SessionApi
  /**
   * Answers a `SessionError` that a handler does not catch as its problem, unless your own filter does; `forRoot`
   * decides for the whole application, or the first feature where there is none (default true; with false Nest answers
   * 500).
   */
  problems?: boolean
  /**
   * Runs after the application has shut down and the service is closed (or has settled, when you passed `sessions`):
   * close here what you opened for the store (default: nothing runs).
   */
  close?: () => void | Promise<void>
  /** Called when a cookie could not be set because the request did not come over TLS (default: Nest's logger, once). */
  onWarning?: (warning: SessionWarning) => void
}

/** Options that must be known before the others. */
export interface SessionsControllerOptions {
  /**
   * A class of yours that extends `SessionsController`, with decorators for the HTTP API (default:
   * `SessionsController`).
   */
  controller?: Type<SessionsController>
}

/** The options of `forFeature`. */
export interface SessionsFeatureOptions extends SessionsModuleOptions, SessionsControllerOptions {}

/** The options of `forRoot`. Every option may be left out. */
export interface SessionsRootOptions extends SessionsFeatureOptions {
  /** Whether all modules can inject the service without importing this one (default true). */
  isGlobal?: boolean
}

/** A provider that makes the options. */
export interface SessionsOptionsFactory {
  /** What `forRoot` takes. */
  createSessionsOptions(): SessionsModuleOptions | Promise<SessionsModuleOptions>
}

/** One of `useFactory`, `useClass` and `useExisting`. */
export interface SessionsAsyncOptions extends Pick<ModuleMetadata, 'imports'>, SessionsControllerOptions {
  /** The arguments of `useFactory` (default: none). */
  inject?: (InjectionToken | OptionalFactoryDependency)[]
  // A method, so that its parameters may have the types of `inject`.
  /** Makes the options (default: one of the two others makes them). */
  useFactory?(...dependencies: never[]): SessionsModuleOptions | Promise<SessionsModuleOptions>
  /** A class that makes the options; Nest makes the class (default: one of the two others makes them). */
  useClass?: Type<SessionsOptionsFactory>
  /** An existing provider that makes the options (default: one of the two others makes them). */
  useExisting?: InjectionToken<SessionsOptionsFactory>
}

/** The options of `forRootAsync`. */
export interface SessionsRootAsyncOptions extends SessionsAsyncOptions {
  /** Whether all modules can inject the service without importing this one (default true). */
  isGlobal?: boolean
}
