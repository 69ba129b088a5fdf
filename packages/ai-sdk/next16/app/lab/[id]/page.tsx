import { Lab } from '@/app/lab-chat'
import { lab, me, sessions } from '@/lib/lab'

export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  const { id } = await params
  const session = await sessions.for(me).find(id)
  const branches = (await session?.branches()) ?? []
  return <Lab id={id} branches={branches.length} messages={await lab.messages(me, id)} />
}
