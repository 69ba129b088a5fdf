export { createRedactor, type Found, type Redactor, type RedactorOptions } from './create-redactor.js'
export type { OwnPattern } from './find-own.js'
export type { RedactorKind } from './span.js'
