/**
 * Pages over sessions for whoever runs them, to mount in any application.
 *
 * @packageDocumentation
 */
export { createInspector, type Inspector } from './inspector.js'
export type { InspectorOptions } from './options.js'
