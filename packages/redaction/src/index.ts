export {
  createRedactor,
  type Found,
  type Redactor,
  type RedactorKind,
  type RedactorOptions,
} from './create-redactor.js'
export type { OwnPattern } from './find-own.js'
