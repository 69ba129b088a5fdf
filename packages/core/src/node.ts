export * from './errors.js'
export * from './json.js'
export { newId } from './ids.js'
export * from './message.js'
