/**
 * What takes numbers, addresses and patterns of your own out of texts before they are stored.
 *
 * @packageDocumentation
 */
export { createRedactor, type Found, type Redactor, type RedactorOptions } from './create-redactor.js'
export type { OwnPattern } from './find/find-own.js'
export type { RedactorKind } from './span.js'
