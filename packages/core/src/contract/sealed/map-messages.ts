import { mapInSlices } from '../../async/slices.js'

// Opening or sealing so much takes a millisecond or two. A slice of the event loop has its price, too: a timer.
const fewMessages = 100
const fewUnits = 256 * 1024

/** What `make` makes of each message: at once when they are few and short, in slices otherwise. */
export function mapMessages<Message extends { readonly payload: string }, Made>(
  messages: readonly Message[],
  make: (message: Message) => Made,
): Made[] | Promise<Made[]> {
  const units = messages.reduce((sum, { payload }) => sum + payload.length, 0)
  return messages.length <= fewMessages && units <= fewUnits
    ? messages.map((message) => make(message))
    : mapInSlices(messages, make)
}
