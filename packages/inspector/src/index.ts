export { createInspector, type Inspector } from './inspector.js'
export type { InspectorOptions } from './options.js'
