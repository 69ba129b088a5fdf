import { holdClock } from '../longest-hold.js'

// Loaded into an application before the application itself. Asked by its parent, it tells how long the event loop was
// held at a stretch since it was asked last.
const clock = holdClock()
process.on('message', () => process.send!(clock.take()))
// The channel to the parent keeps no application alive.
process.channel?.unref()
