import { chat } from '../lib/chat'

export default async function Page() {
  const { items } = await (await chat.for()).list()
  return <p>{`sessions: ${items.length}`}</p>
}
