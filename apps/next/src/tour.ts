import { createVisitor, type Data, type Print, type Visitor } from './visitor.ts'

/** What is needed to come back to a session: its id, and the cookie of its guest. */
export interface TourState {
  readonly sessionId: string
  readonly cookie: string
  /** What must still exist. */
  readonly messageCount: number
  readonly itemCount: number
}

const bold = (text: string): string => (process.stdout.isTTY ? `\u001B[1m${text}\u001B[0m` : text)

/**
 * Drives a conversation as the pages do: with a cookie, streamed, with edits, and continued on a phone, and prints it.
 *
 * @throws when an answer is not as expected.
 */
export async function runTour(baseUrl: string, print: Print = console.log): Promise<TourState> {
  print(bold('\nA guest starts a conversation'))
  const laptop = createVisitor(baseUrl, print)
  await laptop.open('/')
  const { session } = await laptop.call('POST', '/api/sessions', {})
  const id = String((session as Data)['id'])
  const at = `/api/sessions/${id}`
  await laptop.ask(id, 'Hi! My name is Ada and my budget is 40.')
  const found = await laptop.ask(id, 'Something warm to read with')
  must(found.includes('1. '), 'products are found')
  must((await laptop.ask(id, 'Add the first one')).includes('in your cart'), 'and put into the cart')
  must(
    (await laptop.ask(id, 'What did I ask first?')).includes('My name is Ada'),
    'it remembers what was said',
  )
  const { session: titled } = await laptop.call('GET', at)
  must((titled as Data)['title'] === 'My name is Ada and my budget is 40', 'the session has got a title')

  print(bold('\nSecond thoughts: the last question is edited, and both ways stay'))
  const { messages } = await laptop.call('GET', `${at}/messages?direction=backward&limit=10`)
  const asked = (messages as { items: Data[] }).items.findLast(({ role }) => role === 'user')!
  await laptop.call('POST', `${at}/rewind`, { toSeq: Number(asked['seq']) - 1 })
  must((await laptop.ask(id, 'What do you know about me?')).includes('Ada'), 'preferences outlive the branch')
  const { branches } = await laptop.call('GET', `${at}/branches`)
  must((branches as { items: Data[] }).items.length === 1, 'the other branch is there to switch to')

  print(bold('\nIt is nobody else’s'))
  const stranger = createVisitor(baseUrl, print)
  await stranger.open('/')
  must((await stranger.send('GET', at)).status === 404, 'another guest sees nothing')
  const hits = await laptop.call('GET', '/api/chat/search?q=warm')
  must((hits['sessions'] as Data[]).length === 1, 'its guest finds it')

  print(bold('\n“I will go on on my phone”'))
  const { url, transferId } = await laptop.call('POST', `/api/chat/${id}/transfer`, { mode: 'share' })
  const [secret, ...guest] = new URL(String(url)).hash.slice(1).split('.')
  const link = { secret, guest: guest.join('.') }
  const phone = createVisitor(baseUrl, print)
  await phone.open('/continue')
  const { transfer } = await phone.call('POST', '/api/chat/continue/describe', link)
  must((transfer as Data)['itemCount'] === 1, 'the phone sees what it will get')
  const redeem = { ...link, redemptionId: crypto.randomUUID() }
  const { matchCode } = await phone.call('POST', '/api/chat/continue', redeem)
  must((await phone.send('GET', at)).status === 404, 'and waits')
  await laptop.call('POST', `${at}/transfers/${String(transferId)}/approve`, { matchCode })
  const { status } = await phone.call('POST', '/api/chat/continue', redeem)
  must(status === 'redeemed', 'until the laptop has approved the number it shows')
  await phone.ask(id, 'Two of the postcards, please: add them')
  const again = await stranger.send('POST', '/api/chat/continue', {
    ...redeem,
    redemptionId: crypto.randomUUID(),
  })
  must(again.status === 404, 'a link opens once')
  return stateOf(laptop, id)
}

/**
 * Comes back to a session after the server was restarted.
 *
 * @throws when history or cart have changed.
 */
export async function resumeTour(
  baseUrl: string,
  state: TourState,
  print: Print = console.log,
): Promise<void> {
  print(bold('\nBack after a restart'))
  const laptop = createVisitor(baseUrl, print, state.cookie)
  const { messageCount, itemCount } = await stateOf(laptop, state.sessionId)
  must(messageCount === state.messageCount, 'every message is still there')
  must(itemCount === state.itemCount, 'and everything in the cart')
  must((await laptop.ask(state.sessionId, 'Check out')).startsWith('Ordered'), 'it is ordered')
}

async function stateOf(visitor: Visitor, id: string): Promise<TourState> {
  const { session } = await visitor.call('GET', `/api/sessions/${id}`)
  const { cart } = await visitor.call('GET', `/api/sessions/${id}/cart`)
  return {
    sessionId: id,
    cookie: visitor.cookie(),
    messageCount: Number((session as Data)['messageCount']),
    itemCount: Number((cart as Data)['itemCount']),
  }
}

function must(condition: boolean, what: string): void {
  if (!condition) throw new Error(`The tour found that this does not hold: ${what}.`)
}
